import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { ManualClock, seededRandom } from '../../base/index.ts';
import type { Condition, Listener, TargetGroup } from '../../model/index.ts';
import { eventually, exchange, RawTarget, snapshotOf, TestBalancer } from '../testkit/index.ts';
import { compileCondition } from './condition.ts';
import { matchesGlob } from './glob.ts';
import { redirectLocation } from './redirect.ts';
import type { RequestView } from './request-view.ts';
import { Seal } from './sealed.ts';
import { StickyCookies } from './stickiness.ts';

const timeout = 20_000;

function view(changes: Partial<Omit<RequestView, 'header'>> & { headers?: Record<string, string> } = {}): RequestView {
  const { headers = {}, ...rest } = changes;
  return {
    method: 'GET',
    authority: 'www.Example.com:8080',
    path: '/img/a.png',
    query: 'a=1&B=x',
    address: '10.1.2.3',
    ...rest,
    header: (name) => (headers[name] === undefined ? [] : [headers[name]]),
  };
}

test('globs agree with the regular expressions they stand for', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*'), maxLength: 12 });
  const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*', '?'), maxLength: 8 });
  fc.assert(
    fc.property(pattern, text, (glob, input) => {
      const source = glob
        .split('')
        .map((char) => (char === '*' ? '.*' : char === '?' ? '.' : char.replace(/[.]/, '\\$&')))
        .join('');
      assert.equal(matchesGlob(glob, input), new RegExp(`^${source}$`).test(input));
    }),
    { numRuns: 2000 },
  );
});

test('conditions', () => {
  const matches = (condition: Condition, request = view()): boolean => compileCondition(condition)(request);
  assert.equal(matches({ field: 'host-header', values: ['*.example.COM'] }), true);
  assert.equal(matches({ field: 'host-header', values: ['example.com'] }), false);
  assert.equal(matches({ field: 'path-pattern', values: ['/x', '/img/*'] }), true);
  assert.equal(matches({ field: 'path-pattern', values: ['/IMG/*'] }), false, 'paths are case-sensitive');
  assert.equal(matches({ field: 'path-pattern', values: ['*a=1*'] }), false, 'the query is no part of the path');
  assert.equal(
    matches({ field: 'http-header', name: 'User-Agent', values: ['*chrome*'] }, view({ headers: { 'user-agent': 'A Chrome' } })),
    true,
  );
  assert.equal(matches({ field: 'http-header', name: 'X', values: ['*'] }), false);
  assert.equal(matches({ field: 'http-request-method', values: ['POST', 'GET'] }), true);
  assert.equal(matches({ field: 'http-request-method', values: ['get'] }), false);
  assert.equal(matches({ field: 'query-string', values: [{ key: 'b', value: 'X' }] }), true);
  assert.equal(matches({ field: 'query-string', values: [{ value: '1' }] }), true);
  assert.equal(matches({ field: 'query-string', values: [{ key: 'a', value: '2' }] }), false);
  assert.equal(matches({ field: 'source-ip', values: ['192.168.0.0/16', '10.0.0.0/8'] }), true);
  assert.equal(matches({ field: 'source-ip', values: ['10.1.2.4/32'] }), false);
  assert.equal(matches({ field: 'source-ip', values: ['2001:db8::/32'] }, view({ address: '2001:db8::1' })), true);
});

test('redirects fill in what came, and cannot end a header line', () => {
  const here = { protocol: 'http', port: 80 };
  assert.equal(
    redirectLocation({ type: 'redirect', statusCode: 301, protocol: 'HTTPS', port: '443' }, view(), here),
    'https://www.Example.com/img/a.png?a=1&B=x',
  );
  assert.equal(
    redirectLocation({ type: 'redirect', statusCode: 302, host: 'old.#{host}', path: '/new/#{path}', query: 'q=#{query}' }, view(), {
      protocol: 'http',
      port: 81,
    }),
    'http://old.www.Example.com:81/new/img/a.png?q=a=1&B=x',
  );
  assert.ok(!/[\r\n]/.test(redirectLocation({ type: 'redirect', statusCode: 301 }, view({ path: '/\r\nx' }), here)));
});

test('sealed cookies open only here, unchanged, in their scope and in time', () => {
  const clock = new ManualClock();
  const cookies = new StickyCookies(new Seal('secret', seededRandom(1)), clock);
  const line = cookies.write('AWSALB', 'group', 'target-1', 60_000, false);
  const value = /AWSALB=([^;]+)/.exec(line)![1]!;
  const read = (cookie: string, scope = 'group', from = cookies): string | undefined =>
    from.read(view({ headers: { cookie: `a=b; AWSALB=${cookie}` } }), 'AWSALB', scope);
  assert.equal(read(value), 'target-1');
  assert.equal(read(value, 'other'), undefined);
  assert.equal(read(`${value.slice(0, 20)}${value[20] === 'A' ? 'B' : 'A'}${value.slice(21)}`), undefined);
  assert.equal(read('x'), undefined);
  assert.equal(read(value, 'group', new StickyCookies(new Seal('another', seededRandom(1)), clock)), undefined);
  assert.ok(!Buffer.from(value, 'base64url').toString('latin1').includes('target'));
  clock.jump(clock.nowMs() + 60_001);
  assert.equal(read(value), undefined);
});

const named = (name: string): Promise<RawTarget> => RawTarget.answering(`HTTP/1.1 200 OK\r\nContent-Length: ${name.length}\r\n\r\n${name}`);
const bodyOf = (answer: string): string => answer.slice(answer.indexOf('\r\n\r\n') + 4);
const ask = (port: number, target = '/', fields = ''): Promise<string> =>
  exchange(port, `GET ${target} HTTP/1.1\r\nHost: x.test\r\n${fields}Connection: close\r\n\r\n`);

function twoGroups(a: number, b: number, listener: Partial<Listener>, group: Partial<TargetGroup> = {}): ReturnType<typeof snapshotOf> {
  const snapshot = snapshotOf([a], { listener, group });
  const second = snapshotOf([b]).targetGroups[0]!;
  return { ...snapshot, targetGroups: [...snapshot.targetGroups, { ...second, id: 'other' }] };
}

test('rules are tried by priority, the default takes the rest; fixed responses and redirects are answered here', { timeout }, async () => {
  await using a = await named('a');
  await using b = await named('b');
  const rules: Listener['rules'] = [
    { priority: 20, conditions: [{ field: 'path-pattern', values: ['/b*'] }], action: { type: 'forward', targetGroupId: 'other' } },
    {
      priority: 10,
      conditions: [{ field: 'path-pattern', values: ['/b/no'] }],
      action: { type: 'fixed-response', statusCode: 403, contentType: 'text/html', body: '<p>no' },
    },
    {
      priority: 30,
      conditions: [{ field: 'path-pattern', values: ['/old'] }],
      action: { type: 'redirect', statusCode: 301, path: '/new' },
    },
  ];
  await using balancer = await TestBalancer.start(twoGroups(a.port, b.port, { rules }));
  assert.equal(bodyOf(await ask(balancer.port, '/')), 'a');
  assert.equal(bodyOf(await ask(balancer.port, '/b/yes')), 'b');
  assert.match(await ask(balancer.port, '/b/no'), /^HTTP\/1\.1 403 Forbidden\r\n[^]*Content-Type: text\/html\r\n[^]*<p>no$/);
  assert.match(
    await ask(balancer.port, '/old?q'),
    new RegExp(`^HTTP/1\\.1 301 [^]*\r\nLocation: http://x\\.test:${balancer.port}/new\\?q\r\n`),
  );
  const metrics = balancer.runtime.tick();
  assert.deepEqual(
    [metrics.loadBalancers[0]!.elb3xx, metrics.loadBalancers[0]!.elb4xx, metrics.targetGroups.map((group) => group.requestCount)],
    [1, 1, [1, 1]],
  );
});

test('weighted groups share by weight, and a client may stay with its group', { timeout }, async () => {
  await using a = await named('a');
  await using b = await named('b');
  const groups = [
    { targetGroupId: 'group', weight: 3 },
    { targetGroupId: 'other', weight: 1 },
  ];
  await using balancer = await TestBalancer.start(twoGroups(a.port, b.port, { defaultAction: { type: 'forward-weighted', groups } }));
  let toA = 0;
  for (let i = 0; i < 200; i++) if (bodyOf(await ask(balancer.port)) === 'a') toA++;
  assert.ok(toA > 125 && toA < 175, String(toA));
  await balancer.apply(twoGroups(a.port, b.port, { defaultAction: { type: 'forward-weighted', groups, stickinessMs: 60_000 } }));
  const first = await ask(balancer.port);
  const cookie = /Set-Cookie: (AWSALBTG=[^;]+)/.exec(first)![1]!;
  for (let i = 0; i < 20; i++) assert.equal(bodyOf(await ask(balancer.port, '/', `Cookie: ${cookie}\r\n`)), bodyOf(first));
});

test('a sticky client stays with its target while it is there; without it the cookie is rewritten', { timeout }, async () => {
  await using a = await named('a');
  await using b = await named('b');
  const group: Partial<TargetGroup> = { stickiness: { type: 'lb_cookie', durationMs: 60_000 } };
  await using balancer = await TestBalancer.start(snapshotOf([a.port, b.port], { group }));
  const first = await ask(balancer.port);
  const cookie = /Set-Cookie: (AWSALB=[^;]+)/.exec(first)![1]!;
  assert.match(first, /Set-Cookie: AWSALBCORS=[^;]+; Expires=[^;]+; Path=\/; SameSite=None\r\n/);
  for (let i = 0; i < 10; i++) assert.equal(bodyOf(await ask(balancer.port, '/', `Cookie: ${cookie}\r\n`)), bodyOf(first));
  const other = bodyOf(first) === 'a' ? b : a;
  await balancer.apply(snapshotOf([other.port], { group, revision: 2 }));
  const moved = await ask(balancer.port, '/', `Cookie: ${cookie}\r\n`);
  assert.notEqual(bodyOf(moved), bodyOf(first));
  assert.match(moved, /Set-Cookie: AWSALB=/);
});

test('X-Forwarded-For can be kept or removed, carry the port, and odd header names be dropped', { timeout }, async () => {
  await using a = await named('a');
  for (const [attributes, expected] of [
    [{ xForwardedFor: 'preserve' }, /\r\nX-Forwarded-For: 9\.9\.9\.9\r\n/],
    [{ xForwardedFor: 'remove' }, /^(?![^]*X-Forwarded-For)/],
    [{ xForwardedForClientPort: true }, /\r\nX-Forwarded-For: 9\.9\.9\.9, 127\.0\.0\.1:\d+\r\n/],
    [{ dropInvalidHeaderFields: true }, /^(?![^]*X_Odd)/],
  ] as const) {
    await using balancer = await TestBalancer.start(snapshotOf([a.port], { listener: { attributes } }));
    a.received.length = 0;
    await ask(balancer.port, '/', 'X-Forwarded-For: 9.9.9.9\r\nX_Odd: 1\r\n');
    assert.match(a.received.join(''), expected);
  }
});

test('the access log has a line for every request, in the order of AWS', { timeout }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'plimsoll-log-'));
  try {
    await using a = await named('a');
    const accessLog = join(folder, 'access.log');
    const rules: Listener['rules'] = [
      {
        priority: 5,
        conditions: [{ field: 'path-pattern', values: ['/old'] }],
        action: { type: 'redirect', statusCode: 302, path: '/new' },
      },
    ];
    await using balancer = await TestBalancer.start(snapshotOf([a.port], { listener: { attributes: { accessLog }, rules } }));
    await ask(balancer.port, '/p?q=1', 'User-Agent: me "quoted"\r\n');
    await ask(balancer.port, '/old');
    await exchange(balancer.port, 'GET / HTTP/1.1\r\nA : b\r\n\r\n');
    let text = '';
    await eventually(() => {
      balancer.runtime.tick();
      try {
        text = readFileSync(accessLog, 'utf8');
      } catch {
        // Not written yet.
      }
      return text.split('\n').length === 4;
    });
    const [forwarded, redirected, refused] = text.split('\n') as [string, string, string];
    const time = String.raw`\d{4}-\d\d-\d\dT[\d:.]+Z`;
    assert.match(
      forwarded,
      new RegExp(
        String.raw`^http ${time} lb 127\.0\.0\.1:\d+ 127\.0\.0\.1:${a.port} 0\.\d{3} 0\.\d{3} 0\.\d{3} 200 200 \d+ \d+ "GET http://x\.test:${balancer.port}/p\?q=1 HTTP/1\.1" "me \\x22quoted\\x22" - - group "Root=1-[0-9a-f]{8}-[0-9a-f]{24}" "x\.test" "-" 0 ${time} "forward" "-" "-" "127\.0\.0\.1:${a.port}" "200" "-" "-" TID_- "-" "-" "-"$`,
      ),
    );
    assert.match(redirected, /^http \S+ lb \S+ - -1 -1 -1 302 - [^]* 5 \S+ "redirect" "http:\/\/x\.test:\d+\/new" "-"/);
    assert.match(refused, / - -1 -1 -1 400 - [^]*"bad-header-name"/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
