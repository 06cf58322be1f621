import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scriptRunner } from '../testkit.ts';
import { hmacMd4, md4 } from './md4.ts';

const run = scriptRunner();

/** The test suite of RFC 1320, section A.5. */
const md4Suite = [
  ['', '31d6cfe0d16ae931b73c59d7e0c089c0'],
  ['a', 'bde52cb31de33e46245e05fbdbd6fb24'],
  ['abc', 'a448017aaf21d8525fc10ae87aa6729d'],
  ['message digest', 'd9130a8164549fe818874806e1c7014b'],
  ['abcdefghijklmnopqrstuvwxyz', 'd79e1c308aa5bbcdeea8ed63df412da9'],
  ['ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789', '043f8582f241db351ce627e153e7f0e4'],
  ['12345678901234567890123456789012345678901234567890123456789012345678901234567890', 'e33b4ddc9c38f2199c3e7b164fcc0536'],
] as const;

test('md4 gives the digests of its RFC', () => {
  for (const [text, digest] of md4Suite) assert.equal(md4(Buffer.from(text)).toString('hex'), digest);
  assert.equal(hmacMd4(Buffer.from('key'), Buffer.from('data')).length, 16);
});

test('k6/crypto hashes text and bytes, at once or piece by piece, in every encoding', async () => {
  const result = await run(`
    import crypto, { sha256, hmac } from 'k6/crypto';
    import { check } from 'k6';
    export default function () {
      const hasher = crypto.createHash('sha1');
      hasher.update('hello ');
      hasher.update(new Uint8Array([119, 111, 114, 108, 100]).buffer);
      const keyed = crypto.createHMAC('sha256', 'a secret');
      keyed.update('my data');
      check(null, {
        sha256: sha256('hello world!', 'hex') === '7509e5bda0c762d2bac7f90d758b5b2263fa01ccbc542ab5e3df163be08e6ca9',
        pieces: hasher.digest('hex') === '2aae6c35c94fcfb415dbe95f408b9ce91ee846ed' && hasher.digest('hex').length === 40,
        md5: crypto.md5('a', 'base64') === 'DMF1ucDxtqgxw5niaXcmYQ==',
        ripemd160: crypto.ripemd160('a', 'hex') === '0bdc9d2d256b3ee9daae347be6f4dc835a467ffe',
        hmac: hmac('sha256', 'a secret', 'my data', 'hex') === keyed.digest('hex') && keyed.digest('base64rawurl').indexOf('=') < 0,
        binary: crypto.sha512_256('a', 'binary').byteLength === 32,
        random: crypto.randomBytes(70000).byteLength === 70000 && crypto.hexEncode(crypto.randomBytes(4)).length === 8,
      });
      for (const bad of [() => crypto.createHash('nope'), () => crypto.md5('a', 'nope'), () => crypto.randomBytes(0)]) {
        let message = '';
        try { bad(); } catch (error) { message = error.message; }
        check(message, { refused: (m) => m.startsWith('invalid') });
      }
    }`);
  assert.deepEqual(result.failedChecks, []);
  assert.deepEqual(result.lines, []);
  assert.equal(result.checks.length, 8);
});

test('the global crypto does what Web Crypto says, with promises of the script', async () => {
  const result = await run(`
    import { check, sleep } from 'k6';
    export default async function () {
      const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, true, ['encrypt', 'decrypt']);
      const iv = crypto.getRandomValues(new Uint8Array(12));
      const text = new Uint8Array([1, 2, 3]);
      const secret = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, text);
      const clear = new Uint8Array(await crypto.subtle.decrypt({ name: 'AES-GCM', iv }, key, secret));
      const order = [];
      const digest = crypto.subtle.digest('SHA-256', text).then((bytes) => { order.push('digest'); return bytes; });
      sleep(0.05);
      order.push('slept');
      const bytes = await digest;
      let refusal = '';
      try { await crypto.subtle.digest('MD5', text); } catch (error) { refusal = error.name; }
      check(null, {
        'round trip': clear.join() === '1,2,3',
        'its callbacks wait while the VU blocks': order.join() === 'slept,digest' && bytes.byteLength === 32,
        uuid: /^[0-9a-f-]{36}$/.test(crypto.randomUUID()),
        refused: refusal === 'NotSupportedError',
      });
    }`);
  assert.deepEqual(result.failedChecks, []);
  assert.deepEqual(result.lines, []);
  assert.equal(result.checks.length, 4);
});

test('k6/encoding knows four alphabets, takes any other name for the first, and refuses what is not base64', async () => {
  const result = await run(`
    import encoding, { b64encode, b64decode } from 'k6/encoding';
    import { check } from 'k6';
    export default function () {
      const bytes = new Uint8Array([251, 255, 254]).buffer;
      const failing = (text, kind) => { try { b64decode(text, kind); return false; } catch (error) { return /illegal base64|unknown/.test(error.message); } };
      check(null, {
        std: b64encode('hello') === 'aGVsbG8=' && encoding.b64encode(bytes) === '+//+',
        raw: b64encode('hello', 'rawstd') === 'aGVsbG8' && b64encode(bytes, 'rawurl') === '-__-',
        text: b64decode('aGVsbG8=', 'std', 's') === 'hello' && b64decode('', 'std', 's') === '',
        bytes: new Uint8Array(b64decode('-__-', 'url')).join() === '251,255,254',
        illegal: failing('a*c=') && failing('aGVsbG8') && failing('aGVsbG8=', 'rawstd') && failing('-__-') && failing('-__-', 'no'),
      });
    }`);
  assert.deepEqual(result.failedChecks, []);
  assert.equal(result.checks.length, 5);
});

test('k6/timers waits for its callbacks before the iteration ends', async () => {
  const result = await run(`
    import { setTimeout, setInterval, clearInterval } from 'k6/timers';
    import { check } from 'k6';
    export default function () {
      let ticks = 0;
      const id = setInterval(() => { if (++ticks === 3) clearInterval(id); }, 5);
      setTimeout((word) => check(word, { 'gets its argument': (w) => w === 'late', 'after the ticks': () => ticks === 3 }), 1000, 'late');
    }`);
  assert.deepEqual(
    result.checks.map(({ passes, fails }) => [passes, fails]),
    [
      [1, 0],
      [1, 0],
    ],
  );
});
