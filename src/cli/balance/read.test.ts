import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { PlimsollError } from '../../base/index.ts';
import { readBalanceConfig } from './read.ts';
import { listenersOf, targetGroupsOf } from './snapshot.ts';

let folder = '';
before(() => (folder = mkdtempSync(join(tmpdir(), 'plimsoll-config-'))));
after(() => rmSync(folder, { recursive: true, force: true }));

function write(text: string): string {
  const file = join(folder, 'lb.yaml');
  writeFileSync(file, text);
  return file;
}

/** The lines of the error, without the folder. */
function findings(text: string): string[] {
  try {
    readBalanceConfig(write(text));
  } catch (error) {
    assert.ok(error instanceof PlimsollError);
    assert.equal(error.code, 'PL_CLI_CONFIG_INVALID');
    return error.message.split('\n').map((line) => line.replace(`${folder}/`, ''));
  }
  return [];
}

const good = `
listeners:
  - { port: 8080, protocol: HTTP, default: { forward: todo },
      rules: [ { priority: 10, when: { path: ["/admin/*"], method: [GET] }, then: { fixedResponse: { status: 403, body: no } } },
               { priority: 20, when: { host: [old.example] }, then: { redirect: { status: 301, host: new.example } } },
               { priority: 30, when: { header: { X-Beta: ["1"] } }, then: { forward: [ { targetGroup: todo, weight: 9 }, { targetGroup: beta } ], stickiness: 1h } } ] }
targetGroups:
  todo: { targets: [ { host: 127.0.0.1, port: 9001 }, { host: 127.0.0.1, port: 9002, weight: 2 } ],
          healthCheck: { interval: 10s, matcher: "200-299" } }
  beta: { algorithm: consistent_hash, hashKey: { from: cookie, name: session }, targets: [] }
`;

test('a right file becomes listeners and target groups, with AWS’s defaults', () => {
  const config = readBalanceConfig(write(good));
  const [listener] = listenersOf(config, folder);
  assert.equal(listener?.host, '127.0.0.1');
  assert.deepEqual(listener?.defaultAction, { type: 'forward', targetGroupId: 'todo' });
  assert.deepEqual(listener?.rules?.[0], {
    priority: 10,
    conditions: [
      { field: 'path-pattern', values: ['/admin/*'] },
      { field: 'http-request-method', values: ['GET'] },
    ],
    action: { type: 'fixed-response', statusCode: 403, body: 'no' },
  });
  assert.deepEqual(listener?.rules?.[1]?.action, { type: 'redirect', statusCode: 301, host: 'new.example' });
  assert.deepEqual(listener?.rules?.[2]?.action, {
    type: 'forward-weighted',
    groups: [
      { targetGroupId: 'todo', weight: 9 },
      { targetGroupId: 'beta', weight: 1 },
    ],
    stickinessMs: 3_600_000,
  });
  assert.equal(listener?.attributes?.idleTimeoutMs, 60_000);
  const [todo, beta] = targetGroupsOf(config);
  assert.equal(todo?.deregistrationDelayMs, 300_000);
  assert.deepEqual(todo?.healthCheck, {
    protocol: 'HTTP',
    path: '/',
    port: 'traffic-port',
    intervalMs: 10_000,
    timeoutMs: 5_000,
    healthyThreshold: 5,
    unhealthyThreshold: 2,
    matcher: '200-299',
  });
  assert.deepEqual(beta?.hashKey, { from: 'cookie', name: 'session' });
});

test('everything wrong is told at once, with file, line, key and the fix', () => {
  const text = `workers: 0
listeners:
  - port: 70000
    protocol: HTTP
    default: { forward: todo }
    colour: red
targetGroups:
  todo:
    algorithm: fastest
    targets: [ { host: 127.0.0.1 } ]
    deregistrationDelay: 30
`;
  assert.deepEqual(findings(text).toSorted(), [
    'lb.yaml:10: targetGroups.todo.targets[0]: port is missing; add it',
    'lb.yaml:11: targetGroups.todo.deregistrationDelay: must be a duration such as 500ms, 30s or 1m30s',
    'lb.yaml:1: workers: must be >= 1',
    'lb.yaml:3: listeners[0].port: must be <= 65535',
    'lb.yaml:6: listeners[0].colour: unknown key; remove it or mend its spelling',
    'lb.yaml:9: targetGroups.todo.algorithm: must be one of round_robin, least_outstanding_requests, weighted_random, weighted_least_connections, consistent_hash, random_two_choices, peak_ewma',
  ]);
});

test('names that do not exist and keys that exclude each other are found', () => {
  const text = `listeners:
  - { port: 8080, protocol: HTTPS, default: { forward: tood } }
  - port: 8080
    protocol: HTTP
    default: { forward: todo, redirect: { path: /x } }
targetGroups:
  todo:
    hashKey: { from: header }
    targets: [ { host: a, port: 1 }, { host: a, port: 1 } ]
    healthCheck: { interval: 10ms }
`;
  assert.deepEqual(findings(text), [
    'lb.yaml:2: listeners[0]: certificates is missing; HTTPS needs at least one',
    'lb.yaml:2: listeners[0].default.forward: there is no target group "tood"; targetGroups has todo',
    'lb.yaml:3: listeners[1].port: listeners[0] has 127.0.0.1:8080 already; choose another port',
    'lb.yaml:5: listeners[1].default: has forward and redirect; give exactly one of forward, redirect, fixedResponse',
    'lb.yaml:10: targetGroups.todo.healthCheck.interval: must be from 1s to 300s',
    'lb.yaml:8: targetGroups.todo.hashKey: belongs to algorithm: consistent_hash',
    'lb.yaml:8: targetGroups.todo.hashKey: name belongs to from: header, cookie or query, and to no other',
    'lb.yaml:9: targetGroups.todo.targets[1]: a:1 is there already; give it a weight instead',
  ]);
});

test('listeners of flows take what belongs to flows and refuse what belongs to requests', () => {
  const flows = (listener: string, group: string): string =>
    `listeners:\n  - { port: 9443, ${listener} }\ntargetGroups:\n  web: { targets: [ { host: a, port: 1 } ] }\n  raw: { ${group}, targets: [ { host: a, port: 1 } ] }\n`;
  const config = readBalanceConfig(write(flows('protocol: TCP, default: { forward: raw }', 'protocol: TCP, proxyProtocol: true')));
  const [listener] = listenersOf(config, folder);
  assert.equal(listener?.network?.idleTimeoutMs, 350_000);
  const raw = targetGroupsOf(config).find((group) => group.id === 'raw');
  assert.equal(raw?.proxyProtocol, true);
  assert.equal(raw?.healthCheck.protocol, 'TCP');
  assert.equal(raw?.healthCheck.matcher, '200-399');
  assert.deepEqual(findings(flows('protocol: TCP, http2: true, default: { forward: web }', 'protocol: UDP, algorithm: peak_ewma')), [
    'lb.yaml:2: listeners[0].http2: belongs to HTTP and HTTPS; a TCP listener has none',
    'lb.yaml:2: listeners[0].default.forward: a TCP listener cannot use "web", whose protocol is HTTP',
    'lb.yaml:5: targetGroups.raw.algorithm: belongs to protocols HTTP and HTTPS',
  ]);
});

test('groups of HTTP/2 and gRPC get the health check of their kind, and need listeners with such clients', () => {
  const file = (listener: string, group: string): string =>
    `listeners:\n  - { port: 9443, ${listener}, default: { forward: api } }\ntargetGroups:\n  api: { ${group}, targets: [] }\n`;
  const healthOf = (group: string): unknown => {
    const config = readBalanceConfig(write(file('protocol: HTTP', 'protocolVersion: HTTP1').replace('protocolVersion: HTTP1', group)));
    const { protocol, path, matcher } = targetGroupsOf(config)[0]!.healthCheck;
    return [protocol, path, matcher];
  };
  assert.deepEqual(healthOf('protocol: HTTPS'), ['HTTPS', '/', '200']);
  assert.deepEqual(healthOf('protocolVersion: HTTP2, http1Clients: true'), ['HTTP', '/', '200']);
  assert.deepEqual(findings(file('protocol: HTTP', 'protocolVersion: GRPC, healthCheck: { matcher: "200" }')), [
    'lb.yaml:2: listeners[0].default.forward: a listener of protocol HTTP has HTTP/1.1 clients only, and "api" is GRPC; use an HTTPS listener with http2',
    'lb.yaml:4: targetGroups.api.healthCheck.matcher: must be HTTP codes from 200 to 499, or of gRPC from 0 to 99 for protocolVersion: GRPC',
  ]);
  assert.deepEqual(findings(file('protocol: HTTP', 'protocolVersion: HTTP2, protocol: HTTPS')), [
    'lb.yaml:2: listeners[0].default.forward: a listener of protocol HTTP has HTTP/1.1 clients only, and "api" is HTTP2; use an HTTPS listener with http2, or set http1Clients: true in "api"',
  ]);
  const config = readBalanceConfig(write(file('protocol: HTTP', 'outlierDetection: { consecutive5xx: 3, baseEjection: 10s }')));
  assert.deepEqual(targetGroupsOf(config)[0]!.outlierDetection, { consecutive5xx: 3, baseEjectionMs: 10_000, maxEjectionMs: 300_000 });
});

test('durations outside what AWS allows are told with their range', () => {
  const text = `listeners:
  - { port: 1, protocol: TCP, default: { forward: flows }, idleTimeout: 59s }
  - { port: 2, protocol: UDP, default: { forward: datagrams }, idleTimeout: 350s }
  - { port: 3, protocol: HTTP, default: { forward: web }, idleTimeout: 4001s, clientKeepAlive: 8d, connectTimeout: 0s }
  - { port: 4, protocol: TLS, default: { forward: flows }, idleTimeout: 6001s, certificates: [ { certificate: ./lb.yaml, privateKey: ./lb.yaml } ] }
  - { port: 5, protocol: TCP, default: { forward: flows }, idleTimeout: 6000s }
targetGroups:
  flows: { protocol: TCP, targets: [], deregistrationDelay: 3601s }
  datagrams: { protocol: UDP, targets: [], healthCheck: { timeout: 121s } }
  web: { targets: [], slowStart: 29s, stickiness: { type: lb_cookie, duration: 8d } }
  fine: { targets: [], slowStart: 0s, deregistrationDelay: 0s }
`;
  assert.deepEqual(findings(text), [
    'lb.yaml:2: listeners[0].idleTimeout: must be from 60s to 6000s',
    'lb.yaml:3: listeners[1].idleTimeout: belongs to connections; a flow of UDP ends after 120s of silence',
    'lb.yaml:4: listeners[2].idleTimeout: must be from 1s to 4000s',
    'lb.yaml:4: listeners[2].clientKeepAlive: must be from 60s to 604800s',
    'lb.yaml:4: listeners[2].connectTimeout: must be from 100ms to 120s',
    'lb.yaml:5: listeners[3].idleTimeout: must be from 60s to 6000s',
    'lb.yaml:8: targetGroups.flows.deregistrationDelay: must be from 0s to 3600s',
    'lb.yaml:9: targetGroups.datagrams.healthCheck.timeout: must be from 100ms to 120s',
    'lb.yaml:10: targetGroups.web.slowStart: must be 0s, or from 30s to 900s',
    'lb.yaml:10: targetGroups.web.stickiness.duration: must be from 1s to 604800s',
  ]);
});

test('a file that is no YAML is refused with its line', () => {
  assert.match(findings('listeners:\n  - port: [1,\n')[0] ?? '', /^lb\.yaml:\d+: .+/);
  assert.match(findings('a: 1\na: 2\n')[0] ?? '', /^lb\.yaml:2: Map keys must be unique/);
});

test('no text makes it throw anything but its own errors', () => {
  const words = fc.constantFrom(...good.split(/(?<=[\s{}[\]:,])/), 'null', '&a', '*a', '!!js', '"', "'", '0', '-1', '\t', '\n  ');
  fc.assert(
    fc.property(fc.array(words, { maxLength: 60 }), (parts) => {
      try {
        readBalanceConfig(write(parts.join('')));
      } catch (error) {
        assert.ok(error instanceof PlimsollError, String(error));
      }
    }),
    { numRuns: 300 },
  );
});
