import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Exchange } from './exchange.ts';
import { authenticate, NtlmLogin } from './ntlm.ts';

const info = Buffer.from('02000c0044006f006d00610069006e0001000c005300650072007600650072000000000000000000', 'hex').subarray(0, 36);

/** A CHALLENGE_MESSAGE with the challenge of MS-NLMP's examples (section 4.2). */
function challengeMessage(): Buffer {
  const message = Buffer.alloc(48);
  message.write('NTLMSSP\0', 'latin1');
  message.writeUInt32LE(2, 8);
  Buffer.from('0123456789abcdef', 'hex').copy(message, 24);
  message.writeUInt16LE(info.length, 40);
  message.writeUInt16LE(info.length, 42);
  message.writeUInt32LE(48, 44);
  return Buffer.concat([message, info]);
}

function payload(message: Buffer, at: number): Buffer {
  const start = message.readUInt32LE(at + 4);
  return message.subarray(start, start + message.readUInt16LE(at));
}

test('a challenge is answered as in the example of MS-NLMP section 4.2.4', () => {
  const account = { user: 'User', domain: 'Domain', password: 'Password' };
  const fresh = { random: Buffer.alloc(8, 0xaa), nowMs: -11_644_473_600_000 };
  const message = authenticate(challengeMessage(), account, fresh);
  assert.equal(message.toString('latin1', 0, 8), 'NTLMSSP\0');
  assert.equal(message.readUInt32LE(8), 3);
  assert.equal(payload(message, 12).toString('hex'), '86c35097ac9cec102554764a57cccc19aaaaaaaaaaaaaaaa');
  assert.equal(payload(message, 20).toString('hex', 0, 16), '68cd0ab851e51c96aabc927bebef6a1c');
  assert.deepEqual([payload(message, 28).toString('utf16le'), payload(message, 36).toString('utf16le')], ['Domain', 'User']);
});

test('a login negotiates, answers the challenge, and then has nothing more to say', () => {
  const login = new NtlmLogin('DOM\\ann', 'secret');
  const asked = (value: string): Exchange => ({ fields: `Date: x\r\nWWW-Authenticate: ${value}\r\n` }) as Exchange;
  assert.equal(login.answer(asked('Basic realm="x"')), undefined);
  assert.equal(login.mayAnswer(asked('NTLM').fields), true);
  assert.match(login.answer(asked('NTLM')) ?? '', /^NTLM TlRMTVNTUAABAAAA/);
  assert.match(login.answer(asked(`NTLM ${challengeMessage().toString('base64')}`)) ?? '', /^NTLM TlRMTVNTUAADAAAA/);
  assert.equal(login.answer(asked('NTLM')), undefined);
  assert.deepEqual([login.expects(401), login.expects(401)], [true, undefined]);
});
