import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { defineErrors, PlimsollError } from '../../base/index.ts';
import { Channel, errorFromRecord, errorToRecord } from './channel.ts';
import { Outbox } from './outbox.ts';
import type { PlaneEvent, PlaneMessage } from './protocol.ts';

const line = (text: string): PlaneEvent => ({ type: 'line', id: 'task', line: text });

test('messages come whole and in order, however the bytes are cut', () => {
  const sent: PlaneMessage[] = ['first', 'x'.repeat(70_000), ''].map((text) => ({ type: 'event', event: line(text) }));
  const written: Buffer[] = [];
  const wire = Object.assign(new PassThrough(), { write: (bytes: Buffer) => written.push(Buffer.from(bytes)) });
  const out = new Channel(wire as unknown as Socket, () => undefined);
  for (const message of sent) out.send(message);
  const bytes = Buffer.concat(written);
  for (const size of [1, 3, 4096, bytes.length]) {
    const got: PlaneMessage[] = [];
    const incoming = new PassThrough();
    const channel = new Channel(incoming as unknown as Socket, (message) => got.push(message));
    for (let at = 0; at < bytes.length; at += size) incoming.emit('data', bytes.subarray(at, at + size));
    assert.deepEqual(got, sent, `in pieces of ${size}`);
    channel.close();
  }
});

test('an error is the same on the other side', () => {
  const { PL_TEST } = defineErrors({ PL_TEST: { exitCode: 3, when: 'Never.' } });
  const error = new PlimsollError(PL_TEST, { what: 'a port is taken', where: '127.0.0.1:80', fix: 'choose another' });
  const again = errorFromRecord(errorToRecord(error));
  assert.ok(again instanceof PlimsollError);
  for (const key of ['message', 'code', 'exitCode', 'where', 'fix'] as const) assert.equal(again[key], error[key]);
  assert.equal(errorFromRecord(errorToRecord(new TypeError('a fault'))).message, 'a fault');
});

test('what happens while no region is there waits for the next, but for what would be stale', () => {
  const outbox = new Outbox();
  outbox.put(line('one'));
  outbox.put({ type: 'health', health: { targetGroupId: 'g', targetId: 't', host: '127.0.0.2', state: 'healthy' } });
  outbox.put(line('two'));
  const heard: PlaneEvent[] = [];
  outbox.attach((event) => heard.push(event));
  outbox.put(line('three'));
  assert.deepEqual(heard, ['one', 'two', 'three'].map(line));
  outbox.detach();
  for (let count = 0; count < 10_001; count++) outbox.put(line(String(count)));
  outbox.put({ type: 'exit', exit: { id: 'task', code: 0, signal: null, outOfMemory: false, lastLines: [] } });
  const taken = outbox.take();
  assert.equal(taken.length, 10_001, 'lines are bounded, ends are not');
  assert.equal(taken.at(-1)?.type, 'exit');
  assert.deepEqual(outbox.take(), []);
});
