import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Metadata, Server, ServerCredentials, status, type UntypedHandleCall } from '@grpc/grpc-js';
import protobuf from 'protobufjs';
import { runScript, scriptRunner } from '../testkit.ts';
import { methodsOf, parseProtoFiles, type MethodDefinition } from './definitions.ts';
import { healthCheckMethod } from './health.ts';
import { fromJson, toJson } from './protojson.ts';

const examples = fileURLToPath(new URL('../../../examples/scripts', import.meta.url));
const run = scriptRunner();
let server: Server;
let folder: string;
let env: Record<string, string>;

type Message = Record<string, unknown>;
/* oxlint-disable typescript/no-explicit-any -- what handlers get depends on the method */

function add(methods: readonly MethodDefinition[], handlers: Record<string, (...args: any[]) => unknown>): void {
  const definition: Record<string, object> = {};
  for (const method of methods)
    definition[method.path.split('/')[2] as string] = {
      path: method.path,
      requestStream: method.isClientStream,
      responseStream: method.isServerStream,
      requestSerialize: (value: Message) => Buffer.from(method.request.encode(value).finish()),
      requestDeserialize: (bytes: Buffer) => method.request.decode(bytes),
      responseSerialize: (value: Message) => Buffer.from(method.response.encode(value).finish()),
      responseDeserialize: (bytes: Buffer) => method.response.decode(bytes),
    };
  server.addService(definition as never, handlers as Record<string, UntypedHandleCall>);
}

const shop = parseProtoFiles([examples], ['shop.proto']);
const { file: descriptors } = (shop as unknown as { toDescriptor(edition: string): { file: Message[] } }).toDescriptor('proto3');

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plimsoll-grpc-'));
  const descriptorTypes = protobuf as unknown as { descriptor?: protobuf.Root };
  const { FileDescriptorProto, FileDescriptorSet } = (descriptorTypes.descriptor ?? {}) as Record<string, protobuf.Type>;
  const files = descriptors.map((file) => (FileDescriptorProto as protobuf.Type).encode(file).finish());
  writeFileSync(join(folder, 'shop.pb'), (FileDescriptorSet as protobuf.Type).encode({ file: descriptors }).finish());
  server = new Server();
  add(methodsOf(shop).map(([method]) => method), {
    Order(call: any, reply: any) {
      const seen = new Metadata();
      seen.set('x-seen', String(call.metadata.get('x-user')[0] ?? ''));
      call.sendMetadata(seen);
      if (call.request.item_name === 'none') reply({ code: status.NOT_FOUND, details: 'no such item' });
      else if (call.request.item_name === 'detailed') {
        const trailers = new Metadata();
        // google.rpc.Status with an ErrorInfo { reason: "why" } and an unknown x.Y of one byte.
        trailers.set('grpc-status-details-bin', Buffer.from('08031a310a28747970652e676f6f676c65617069732e636f6d2f676f6f676c652e7270632e4572726f72496e666f12050a037768791a080a03782e5912010a', 'hex'));
        reply({ code: status.INVALID_ARGUMENT, details: 'not so', metadata: trailers });
      } else if (call.request.item_name !== 'never') reply(null, { order: call.request, order_id: '42', total: 1.5 });
    },
    Watch(call: any) {
      for (let i = 0; i < call.request.count; i++) call.write({ amount: i });
      call.end();
    },
    Haggle(call: any) {
      call.on('data', (price: any) => {
        if (price.amount < 0) call.emit('error', { code: status.INVALID_ARGUMENT, details: 'too low' });
        else call.write({ amount: price.amount - 1 });
      });
      call.on('end', () => call.end());
    },
  }); // prettier-ignore
  add([healthCheckMethod], {
    Check: (call: any, reply: any) => (call.request.service === 'gone' ? reply({ code: status.NOT_FOUND }) : reply(null, { status: 1 })),
  });
  const { root } = protobuf.parse(`syntax = "proto3";
    message Request { oneof q { string file_by_filename = 3; string file_containing_symbol = 4; string list_services = 7; } }
    message Response { Files files = 4; Services services = 6; Failure failure = 7; }
    message Failure { int32 code = 1; string message = 2; }
    message Files { repeated bytes file = 1; } message Services { repeated Service service = 1; } message Service { string name = 1; }`);
  const reflection = {
    path: '/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo',
    request: root.lookupType('Request'),
    response: root.lookupType('Response'),
    isClientStream: true,
    isServerStream: true,
  };
  add([reflection], {
    ServerReflectionInfo(call: any) {
      call.on('data', (question: any) => {
        if (question.listServices)
          call.write({ services: { service: [{ name: 'shop.Shop' }, { name: 'grpc.reflection.v1alpha.ServerReflection' }] } });
        else call.write({ files: { file: files } });
      });
      call.on('end', () => call.end());
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => (error ? reject(error) : resolve(bound)));
  });
  env = { GRPC_ADDRESS: `127.0.0.1:${port}`, FOLDER: examples, PROTOSET: join(folder, 'shop.pb') };
});

after(async () => {
  server.forceShutdown();
  await rm(folder, { recursive: true });
});

test('messages have the JSON that protobuf prescribes', () => {
  const type = shop.lookupType('shop.OrderRequest');
  const json = {
    itemName: 'tea', quantity: '9007199254740993', size: 'LARGE', notes: ['a'], extras: { sugar: 2 },
    wantedAt: '2024-02-29T12:00:00.250Z', token: 'AQI=', card: 'x',
  }; // prettier-ignore
  const back = (value: unknown): unknown => toJson(type, type.decode(type.encode(fromJson(type, value)).finish()) as unknown as Message);
  assert.deepEqual(back(json), json);
  assert.deepEqual(back({ item_name: 'tea', size: 1, quantity: 3 }), {
    itemName: 'tea', quantity: '3', size: 'LARGE', notes: [], extras: {}, wantedAt: null, token: '',
  }); // prettier-ignore
  for (const [bad, text] of [
    [{ nope: 1 }, /unknown field "nope"/],
    [{ size: 'HUGE' }, /"HUGE" is not one of SMALL, LARGE/],
    [{ quantity: 'many' }, /quantity: a whole number is needed/],
    [{ notes: 'a' }, /notes: an array is needed/],
    [{ wantedAt: 'soon' }, /wantedAt: a time such as/],
  ] as const)
    assert.throws(() => fromJson(type, bad), text);
});

test("Google's own types have their own JSON", () => {
  const { root } = protobuf.parse(
    `syntax = "proto3"; import "google/protobuf/struct.proto";
    message All { google.protobuf.Duration span = 1; google.protobuf.Struct free = 2; google.protobuf.Int64Value long = 3; google.protobuf.Any any = 4; google.protobuf.StringValue text = 5; google.protobuf.FieldMask mask = 6; }`,
    { keepCase: true },
  );
  for (const name of ['duration', 'struct', 'wrappers', 'any', 'field_mask']) {
    const common = protobuf.common.get(`google/protobuf/${name}.proto`);
    root.addJSON(common?.nested ?? {});
  }
  root.resolveAll();
  const type = root.lookupType('All');
  const json = {
    span: '-1.500s',
    free: { a: [1, 'b', null, true, { c: {} }] },
    long: '12',
    any: { '@type': 'type.googleapis.com/google.protobuf.Duration', value: '3s' },
    text: '',
    mask: 'aB,c',
  };
  assert.deepEqual(toJson(type, type.decode(type.encode(fromJson(type, json)).finish()) as unknown as Message), json);
});

for (const [how, load, connect] of [
  ['a proto file', "client.load([__ENV.FOLDER], 'shop.proto');", '{ plaintext: true }'],
  ['a protoset', 'client.loadProtoset(__ENV.PROTOSET);', '{ plaintext: true }'],
  ['server reflection', '', '{ plaintext: true, reflect: true }'],
] as const)
  test(`calls answer with status, message, headers and error; definitions from ${how}`, async () => {
    const result = await run(
      `
      import grpc, { Client, StatusOK } from 'k6/net/grpc';
      import { check } from 'k6';
      const client = new Client();
      ${load}
      export const options = { vus: 2, iterations: 2, thresholds: { 'grpc_req_duration{method:Order}': ['count==6'], 'grpc_req_duration{kind:k}': ['count==2'] } };
      export default function () {
        client.connect(__ENV.GRPC_ADDRESS, ${connect});
        const good = client.invoke('shop.Shop/Order', { itemName: 'tea', quantity: 2, wantedAt: '2024-01-01T00:00:00Z' }, { metadata: { 'x-user': 'ann' }, tags: { kind: 'k' } });
        const missing = client.invoke('/shop.Shop/Order', { itemName: 'none' });
        const late = client.invoke('shop.Shop/Order', { itemName: 'never' }, { timeout: '30ms' });
        const health = client.healthCheck();
        let unknown = '';
        let gone = '';
        try { client.healthCheck('gone'); } catch (error) { gone = error.message; }
        try { client.invoke('shop.Shop/Nope', {}); } catch (error) { unknown = error.message; }
        check(null, {
          good: good.status === StatusOK && good.message.orderId === '42' && good.message.order.quantity === '2' && good.error === null,
          time: good.message.order.wantedAt === '2024-01-01T00:00:00Z',
          headers: good.headers['x-seen'][0] === 'ann',
          missing: missing.status === grpc.StatusNotFound && missing.error.message === 'no such item' && missing.message.orderId === '',
          late: late.status === grpc.StatusDeadlineExceeded && late.error.message === 'context deadline exceeded',
          health: health.status === grpc.HealthCheckServing && gone.startsWith('rpc error: code = NotFound desc = '),
          unknown: unknown === 'method "/shop.Shop/Nope" not found in file descriptors',
        });
        client.close();
      }`,
      { env },
    );
    assert.deepEqual(result.lines, []);
    assert.deepEqual(result.failedChecks, []);
    assert.equal(result.checks.length, 7);
    assert.equal(result.exitCode, 0);
  });

test('asyncInvoke gives promises; streams deliver events and keep the iteration open', async () => {
  const result = await run(
    `
    import { Client, Stream, StatusInvalidArgument } from 'k6/net/grpc';
    import { check, sleep } from 'k6';
    const client = new Client();
    client.load([__ENV.FOLDER], 'shop.proto');
    export const options = { thresholds: { grpc_streams: ['count==3'], grpc_streams_msgs_received: ['count==5'], grpc_streams_msgs_sent: ['count==4'] } };
    export default async function () {
      client.connect(__ENV.GRPC_ADDRESS, { plaintext: true });
      const [a, b] = await Promise.all([client.asyncInvoke('shop.Shop/Order', { itemName: 'a' }), client.asyncInvoke('shop.Shop/Order', { itemName: 'b' })]);
      check(null, { async: a.message.order.itemName + b.message.order.itemName === 'ab' });

      const seen = [];
      const watch = new Stream(client, 'shop.Shop/Watch');
      watch.on('data', (price) => { sleep(0.005); seen.push(price.amount); });
      watch.on('end', () => check(seen, { watched: (s) => s.join() === '0,1,2' }));
      watch.write({ count: 3 });
      watch.end();

      const haggle = new Stream(client, 'shop.Shop/Haggle', { metadata: { 'x-a': 'b' } });
      const prices = [];
      haggle.on('data', (price, meta) => { prices.push(price.amount); if (prices.length < 2) haggle.write(price); else haggle.end(); });
      haggle.on('end', () => check(prices, { haggled: (p) => p.join() === '4,3' }));
      haggle.write({ amount: 5 });

      const bad = new Stream(client, 'shop.Shop/Haggle');
      const errors = [];
      bad.on('error', (error) => errors.push(error.code, error.message));
      bad.on('end', () => check(errors, { failed: (e) => e[0] === StatusInvalidArgument && e[1] === 'too low' }));
      bad.write({ amount: -1 });
    }`,
    { env },
  );
  assert.deepEqual(result.lines, []);
  assert.deepEqual(result.failedChecks, []);
  assert.deepEqual(result.checks.map(({ name }) => name).sort(), ['async', 'failed', 'haggled', 'watched']);
  assert.equal(result.exitCode, 0);
});

test('what is wrong is said at its line', async () => {
  const result = await run(
    `import grpc from 'k6/net/grpc';
    const client = new grpc.Client();
    export default function () {
      client.connect('127.0.0.1:1', { plaintext: true, timeout: '50ms', colour: 1 });
    }`,
    { env },
  );
  assert.match(
    result.lines[0]?.message ?? '',
    /invalid grpc.connect\(\) parameters: unknown connect param: "colour".*\n.*script-\d+\.js:4:/,
  );
  const refused = await run(
    `import grpc from 'k6/net/grpc';
    const client = new grpc.Client();
    export default function () {
      client.connect('127.0.0.1:1', { plaintext: true });
    }`,
  );
  // At once: the timeout is a minute.
  assert.match(refused.lines[0]?.message ?? '', /transport: error while dialing: dial tcp 127\.0\.0\.1:1: connection refused/);
});

test('in an async function; one message is enough for a server stream; what cannot be sent ends the stream', async () => {
  const { failedChecks, metrics } = await run(
    `import grpc from 'k6/net/grpc'; import { check } from 'k6';
     const client = new grpc.Client();
     client.load([__ENV.FOLDER], 'shop.proto');
     export const options = { thresholds: { 'grpc_req_duration{name:/shop.Shop/Watch}': ['count==1'] } };
     export default async function () {
       client.connect(__ENV.GRPC_ADDRESS, { plaintext: true });
       const log = [];
       client.invoke('shop.Shop/Order', { itemName: 'tea' });
       try { await client.asyncInvoke('shop.Shop/Order', { colour: 1 }); } catch (error) { log.push(error.message.includes('unknown field "colour"')); }
       await new Promise((done) => {
         const stream = new grpc.Stream(client, 'shop.Shop/Watch');
         stream.on('data', ({ amount }) => { log.push(amount); });
         stream.on('end', done);
         stream.write({ count: 2 });
       });
       await new Promise((done) => {
         const stream = new grpc.Stream(client, 'shop.Shop/Haggle');
         stream.on('error', (error) => { log.push(error.message.startsWith('unable to serialise')); });
         stream.on('end', done);
         stream.write({ colour: 1 });
       });
       check(log, { log: (l) => l.join() === 'true,0,1,true' });
       client.close();
     }`,
    { env },
  );
  assert.deepEqual(failedChecks, []);
  assert.equal(metrics['grpc_req_duration{name:/shop.Shop/Watch}']?.thresholds?.['count==1']?.ok ?? true, true);
});

test('a stream may be invoked for one message; none or several are an internal error, not a wait', async () => {
  const { lines } = await run(
    `import grpc from 'k6/net/grpc';
    const client = new grpc.Client();
    client.load([__ENV.FOLDER], 'shop.proto');
    export default function () {
      client.connect(__ENV.GRPC_ADDRESS, { plaintext: true });
      for (const count of [0, 1, 2]) {
        const { status, error } = client.invoke('shop.Shop/Watch', { count });
        console.log(count, status, error && error.code);
      }
    }`,
    { env },
  );
  assert.deepEqual(
    lines.map(({ message }) => message),
    ['0 13 13', '1 0 null', '2 13 13'],
  );
});

test('the example script runs', async () => {
  const result = await runScript(join(examples, 'grpc.js'), { env, options: { vus: 2, iterations: 4 } });
  assert.equal(result.exitCode, 0);
  assert.deepEqual(result.failedChecks, []);
  assert.equal(result.checks.length, 3);
});

test('details of errors are JSON; bytes are counted', async () => {
  const { failedChecks, metrics } = await run(
    `import grpc from 'k6/net/grpc'; import { check } from 'k6';
     const client = new grpc.Client();
     client.load([__ENV.FOLDER], 'shop.proto');
     export default function () {
       client.connect(__ENV.GRPC_ADDRESS, { plaintext: true });
       const { error } = client.invoke('shop.Shop/Order', { itemName: 'detailed' });
       check(error, { details: ({ details }) => JSON.stringify(details) === '[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"why","domain":"","metadata":{}},{"@type":"x.Y","value":"Cg=="}]' });
       for (let i = 0; i < 20; i++) client.invoke('shop.Shop/Order', { itemName: 'x'.repeat(1000) });
       client.close();
     }`,
    { env },
  );
  assert.deepEqual(failedChecks, []);
  for (const name of ['data_sent', 'data_received']) {
    const bytes = metrics[name]?.values['count'] ?? 0;
    assert.ok(bytes > 20_000 && bytes < 30_000, `${name} ${bytes}`);
  }
});
