import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { after, before, test } from 'node:test';
import { WebSocketServer } from 'ws';
import { certificate, runScript, scriptRunner } from '../testkit.ts';

const run = scriptRunner();
let server: Server;
let sockets: WebSocketServer;
let env: Record<string, string>;

before(async () => {
  server = createServer((request, response) => {
    response.writeHead(request.url === '/http' ? 200 : 404).end('no socket here');
  });
  sockets = new WebSocketServer({ noServer: true, handleProtocols: (offered) => [...offered][0] ?? false });
  server.on('upgrade', (request, socket, head) => {
    if (request.url === '/refused') {
      socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 4\r\nx-why: no\r\n\r\nnope');
      return;
    }
    sockets.handleUpgrade(request, socket, head, (client) => {
      if (request.url === '/headers') client.send(JSON.stringify(request.headers));
      if (request.url === '/close') client.close(4001, 'enough');
      if (request.url === '/ping') client.ping();
      client.on('message', (data, isBinary) => client.send(data as Buffer, { binary: isBinary }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  env = { WS_URL: `ws://${host}`, HTTP_URL: `http://${host}` };
});

after(async () => {
  for (const client of sockets.clients) client.terminate();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

test('ws.connect blocks until the socket is closed; handlers may block on their own', async () => {
  const result = await run(
    `
    import ws from 'k6/ws';
    import http from 'k6/http';
    import { check, sleep } from 'k6';
    export default function () {
      const seen = [];
      const answer = ws.connect(__ENV.WS_URL + '/echo', { headers: { 'X-A': '1' }, tags: { kind: 'chat' } }, function (socket) {
        socket.on('open', () => { seen.push('open'); sleep(0.02); socket.send('one'); socket.send('two'); });
        socket.on('message', (text) => {
          seen.push(text + http.get(__ENV.HTTP_URL + '/http').status);
          if (text === 'two') socket.sendBinary(new Uint8Array([1, 2]).buffer);
        });
        socket.on('binaryMessage', (bytes) => { seen.push(new Uint8Array(bytes).join()); socket.ping(); });
        socket.on('pong', () => { seen.push('pong'); socket.setTimeout(() => socket.close(4000), 10); });
        socket.on('close', (code) => seen.push('close ' + code));
        socket.on('error', (error) => seen.push('error ' + error));
        let ticks = 0;
        socket.setInterval(() => { if (++ticks === 2) seen.unshift('ticks'); }, 1);
      });
      seen.push('after');
      check(answer, {
        order: () => seen.join(' ') === 'ticks open one200 two200 1,2 pong close 4000 after' || console.log(seen.join(' ')),
        response: (r) => r.status === 101 && r.url === __ENV.WS_URL + '/echo' && r.headers['Upgrade'] === 'websocket' && r.error === '',
      });
    }
    export const options = { thresholds: { 'ws_sessions{kind:chat}': ['count==1'], ws_msgs_sent: ['count==3'], ws_msgs_received: ['count==3'] } };`,
    { env },
  );
  assert.deepEqual(result.lines, []);
  assert.deepEqual(result.failedChecks, []);
  assert.equal(result.exitCode, 0);
  for (const name of ['ws_connecting', 'ws_session_duration', 'ws_ping']) assert.equal(result.metrics[name]?.type, 'trend', name);
  assert.ok((result.metrics['data_received']?.values['count'] ?? 0) > 0);
});

test('a refused handshake and a closed port are answers, a throwing handler ends the iteration', async () => {
  const result = await run(
    `
    import ws from 'k6/ws';
    import { check } from 'k6';
    export default function () {
      const refused = ws.connect(__ENV.WS_URL + '/refused', () => {});
      const closed = ws.connect('ws://127.0.0.1:1/', () => {});
      const ended = [];
      ws.connect(__ENV.WS_URL + '/close', (socket) => { socket.on('close', (code) => ended.push(code)); });
      check(null, {
        refused: refused.status === 403 && refused.body === 'nope' && refused.headers['X-Why'] === 'no',
        closed: closed.status === 0 && closed.error !== '',
        'closed by the server': ended.join() === '4001',
      });
      ws.connect(__ENV.WS_URL + '/echo', (socket) => { socket.on('open', () => { throw new Error('from a handler'); }); });
    }`,
    { env },
  );
  assert.deepEqual(result.failedChecks, []);
  assert.match(result.lines.at(-1)?.message ?? '', /Error: from a handler\n.*script-\d+\.js:\d+/);
});

test('what ws.connect does not know is an error at its line', async () => {
  const result = await run(
    `import ws from 'k6/ws';
    export default function () {
      ws.connect(__ENV.WS_URL, { compression: 'br' }, () => {});
    }`,
    { env },
  );
  assert.match(result.lines[0]?.message ?? '', /unsupported compression algorithm 'br'.*\n.*script-\d+\.js:3:/);
});

test('a script that closes hears of it at once; any close but 1000 and 1001 is an error first', async () => {
  const { failedChecks, lines } = await run(
    `
    import ws from 'k6/ws';
    import { WebSocket } from 'k6/websockets';
    import { check, sleep } from 'k6';
    const log = [];
    export default function () {
      ws.connect(__ENV.WS_URL + '/echo', (socket) => {
        socket.on('open', () => { log.push('open'); socket.close(); log.push('closed'); socket.send('late'); });
        socket.on('close', (code) => { sleep(0.001); log.push(code); });
        socket.on('error', (e) => log.push(e.error()));
      });
      ws.connect(__ENV.WS_URL + '/close', (socket) => {
        socket.on('error', (e) => log.push(e.error()));
        socket.on('close', (code) => log.push(code));
      });
      check(ws.connect('http://x', () => {}), { 'not a socket': (r) => r.status === 0 && r.error === 'malformed ws or wss URL' });
      check(log, { order: (l) => l.join() === 'open,1001,closed,websocket: close sent,websocket: close 4001: enough,4001' });
      const later = [];
      const socket = new WebSocket(__ENV.WS_URL + '/close', ['none']);
      for (const name of ['open', 'error', 'close']) socket.addEventListener(name, (e) => { later.push(name + (e.error ?? '') + (e.code ?? '')); });
      socket.addEventListener('close', () => check(later, { later: (l) => l.join() === 'open,errorwebsocket: close 4001: enough,close4001' }));
      const throwing = new WebSocket(__ENV.WS_URL + '/echo');
      throwing.onopen = () => { throw new Error('of mine'); };
      throwing.onerror = (e) => check(e, { thrown: ({ error }) => error === 'Error: of mine' });
    }`,
    { env },
  );
  assert.deepEqual(failedChecks, []);
  assert.match(lines.find(({ source }) => source === 'stacktrace')?.message ?? '', /^Error: of mine/);
});

test('an interrupted iteration leaves no connection behind', async () => {
  const result = await run(
    `
    import ws from 'k6/ws';
    import { sleep } from 'k6';
    export const options = { scenarios: { a: { executor: 'constant-vus', vus: 2, duration: '300ms', gracefulStop: '0s' } } };
    export default function () {
      ws.connect(__ENV.WS_URL + '/echo', (socket) => { socket.on('open', () => sleep(60)); });
    }`,
    { env },
  );
  assert.equal(result.interrupted, 2);
  assert.equal(result.metrics['ws_sessions']?.values['count'], 2);
  for (let tries = 0; sockets.clients.size > 0 && tries < 200; tries++) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(result.metrics['ws_session_duration']?.type, 'trend');
});

test('k6/websockets: many connections at once, an iteration lasts until all are closed', async () => {
  const result = await run(
    `
    import { WebSocket, Blob } from 'k6/websockets';
    import { check, sleep } from 'k6';
    export const options = { thresholds: { ws_sessions: ['count==4'], ws_msgs_received: ['count==8'] } };
    export default function () {
      for (const name of ['a', 'b', 'c']) {
        const seen = [];
        const ws = new WebSocket(__ENV.WS_URL + '/echo', ['chat'], { tags: { name } });
        ws.binaryType = 'arraybuffer';
        check(ws, { connecting: (s) => s.readyState === WebSocket.CONNECTING });
        ws.onopen = () => { seen.push(ws.protocol); ws.send(name); sleep(0.01); ws.send(new Uint8Array([7])); };
        ws.addEventListener('message', (event) => {
          seen.push(typeof event.data === 'string' ? event.data : new Uint8Array(event.data)[0]);
          if (seen.length === 3) ws.close(1000, 'done');
        });
        ws.onclose = (event) => {
          seen.push(event.code);
          check(seen, { all: (s) => s.join() === 'chat,' + name + ',7,1000', closed: () => ws.readyState === 3 });
        };
        ws.onerror = (event) => console.log(event.error);
      }
      const blob = new WebSocket(__ENV.WS_URL + '/echo');
      blob.onopen = () => { blob.send(new Blob(['x', 'y'])); blob.send('go'); };
      blob.onmessage = async (event) => {
        if (event.data === 'go') { blob.close(); return; }
        check(await event.data.text(), { blob: (text) => text === 'xy' });
      };
    }`,
    { env },
  );
  assert.deepEqual(result.lines, []);
  assert.deepEqual(result.failedChecks, []);
  assert.equal(result.exitCode, 0);
  assert.equal(result.checks.length, 4);
});

test('k6/websockets: a failed connection is an error event and a close event', async () => {
  const result = await run(
    `
    import { WebSocket } from 'k6/websockets';
    import { check } from 'k6';
    export default function () {
      const seen = [];
      const ws = new WebSocket(__ENV.WS_URL + '/refused');
      ws.addEventListener('error', (event) => seen.push(event.error));
      ws.addEventListener('close', () => check(seen, { failed: (s) => s.join() === 'websocket: bad handshake' }));
      let bad = '';
      try { new WebSocket('http://x'); } catch (error) { bad = error.message; }
      check(bad, { scheme: (m) => m.includes('scheme ws or wss') });
    }`,
    { env },
  );
  assert.deepEqual(result.lines, []);
  assert.deepEqual(result.failedChecks, []);
  assert.equal(result.checks.length, 2);
});

test('the example script runs', async () => {
  const result = await runScript(fileURLToPath(new URL('../../../examples/scripts/websockets.js', import.meta.url)), {
    env,
    options: { vus: 2, iterations: 2 },
  });
  assert.equal(result.exitCode, 0);
  assert.deepEqual(result.failedChecks, []);
});

test('a secure socket takes the certificates, local addresses and blocked names of the options', async () => {
  const secure = createSecureServer({ ...certificate, requestCert: true, rejectUnauthorized: false });
  const listener = new WebSocketServer({ server: secure });
  listener.on('connection', (client, request) => {
    const socket = request.socket as TLSSocket;
    client.send(`${String(socket.getPeerCertificate().subject?.CN ?? 'none')} ${socket.remoteAddress}`);
  });
  await new Promise<void>((resolve) => secure.listen(0, '127.0.0.1', resolve));
  const { port } = secure.address() as AddressInfo;
  const result = run(
    `import ws from 'k6/ws';
     export const options = {
       iterations: 1, insecureSkipTLSVerify: true, hosts: { '*.test': '127.0.0.1' }, localIPs: '127.0.0.7', blockHostnames: ['blocked.test'],
       tlsAuth: [{ domains: ['one.test'], cert: __ENV.CERT, key: __ENV.KEY }],
     };
     export default function () {
       for (const host of ['one.test', 'other.test', 'blocked.test'])
         console.log(ws.connect('wss://' + host + ':${port}/', (socket) => { socket.on('message', (text) => { console.log(text); socket.close(); }); }).error ?? '');
     }`,
    { env: { CERT: certificate.cert, KEY: certificate.key } },
  );
  const { lines } = await result.finally(() => {
    for (const client of listener.clients) client.terminate();
    secure.closeAllConnections();
    secure.close();
  });
  const told = lines.filter(({ source }) => source === 'console').map(({ message }) => message);
  assert.deepEqual(told.filter(Boolean), [
    'localhost 127.0.0.7',
    'none 127.0.0.7',
    'hostname (blocked.test) is in a blocked pattern (blocked.test)',
  ]);
});
