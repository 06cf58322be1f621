import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answerChallenge, parseChallenge } from './digest.ts';

// The example of RFC 7616 section 3.9.1.
const fields =
  'Content-Length: 0\r\nWWW-Authenticate: Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=MD5, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"\r\n';
const request = {
  method: 'GET',
  path: '/dir/index.html',
  user: 'Mufasa',
  password: 'Circle of Life',
  cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ',
};

test('answers the example of RFC 7616 with MD5 and with SHA-256', () => {
  const challenge = parseChallenge(fields);
  assert.ok(challenge);
  assert.match(answerChallenge(challenge, request) ?? '', /response="8ca523f5e9506fed4657c9700eebdbec"/);
  assert.match(
    answerChallenge({ ...challenge, algorithm: 'SHA-256' }, request) ?? '',
    /response="753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"/,
  );
});

test('refuses what it does not know', () => {
  assert.equal(parseChallenge('WWW-Authenticate: Basic realm="x"\r\n'), undefined);
  assert.equal(answerChallenge({ nonce: 'a', algorithm: 'token' }, request), undefined);
  assert.equal(answerChallenge({ nonce: 'a', qop: 'auth-int' }, request), undefined);
});
