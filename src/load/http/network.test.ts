import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { after, before, test } from 'node:test';
import { PlimsollError } from '../../base/index.ts';
import { resolveOptions } from '../options/options.ts';
import { certificate, scriptRunner, type ScriptResult } from '../testkit.ts';
import { ocspOf } from './ocsp.ts';

const run = scriptRunner();
let server: Server;
let port: number;

before(async () => {
  server = createServer({ ...certificate, requestCert: true, rejectUnauthorized: false }, (request, response) => {
    const socket = request.socket as TLSSocket;
    const peer = socket.getPeerCertificate();
    response.end(
      JSON.stringify({ client: peer.subject?.CN ?? 'none', protocol: socket.getProtocol(), cipher: socket.getCipher().standardName }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});

after(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** What the script prints for each URL: `status error_code error body`. */
async function get(urls: readonly string[], options: object): Promise<string[]> {
  const all = { iterations: 1, insecureSkipTLSVerify: true, ...options };
  const result: ScriptResult = await run(`import http from 'k6/http';
    export const options = ${JSON.stringify(all)};
    export default function () { for (const url of ${JSON.stringify(urls)}) { const r = http.get(url); console.log(r.status, r.error_code, r.error, r.body); } }`);
  return result.lines.filter(({ source }) => source === 'console').map(({ message }) => message);
}

test('names and addresses can be blocked', async () => {
  const hosts = { 'mapped.test': '127.0.0.1' };
  const lines = await get(
    ['http://127.0.0.9:1/', 'http://a.blocked.test/', 'http://exact.test/', 'http://mapped.test:1/', 'http://[::1]:1/'],
    {
      blacklistIPs: ['127.0.0.0/8'],
      blockHostnames: ['*.blocked.test', 'exact.test'],
      hosts,
    },
  );
  assert.deepEqual(lines, [
    '0 1110 ip is blacklisted null',
    '0 1111 hostname is blocked null',
    '0 1111 hostname is blocked null',
    '0 1110 ip is blacklisted null',
    '0 1212 dial: connection refused null',
  ]);
});

test('a client certificate goes to the hosts it is for', async () => {
  const locked = createPrivateKey(certificate.key).export({
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase: 'open sesame',
  });
  const lines = await get([`https://one.test:${port}/`, `https://other.test:${port}/`], {
    hosts: { '*.test': '127.0.0.1' },
    tlsAuth: [{ domains: ['one.test'], cert: certificate.cert, key: locked, password: 'open sesame' }],
  });
  assert.match(lines[0] ?? '', /"client":"localhost"/);
  assert.match(lines[1] ?? '', /"client":"none"/);
});

test('version and cipher suite of TLS can be chosen', async () => {
  const url = `https://127.0.0.1:${port}/`;
  const [old] = await get([url], { tlsVersion: 'tls1.2', tlsCipherSuites: ['TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256'] });
  assert.match(old ?? '', /"protocol":"TLSv1.2","cipher":"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"/);
  const [modern] = await get([url], { tlsVersion: { min: 'tls1.3', max: 'tls1.3' } });
  assert.match(modern ?? '', /"protocol":"TLSv1.3"/);
  const [none] = await get([url], { tlsVersion: { min: 'tls1.0', max: 'tls1.1' } });
  assert.match(none ?? '', /^0 1010 remote error: tls: protocol version not supported/);
});

test('requests and responses are printed with httpDebug', async () => {
  const { lines } = await run(`import http from 'k6/http';
    export const options = { iterations: 1, insecureSkipTLSVerify: true, httpDebug: 'full' };
    export default function () { http.post('https://127.0.0.1:${port}/debug', 'the body'); }`);
  const [request, response] = lines.filter(({ source }) => source === 'http-debug').map(({ message }) => message);
  assert.match(request ?? '', /^Request:\nPOST \/debug HTTP\/1\.1\nHost: 127[^]*\n\nthe body\n$/);
  assert.match(response ?? '', /^Response:\nHTTP\/1\.1 200 OK\n[^]*\n\n\{"client/);
});

test('a cipher suite of Go that OpenSSL no longer has is left out, which is said', () => {
  const { options, warnings } = resolveOptions({ tlsCipherSuites: ['TLS_RSA_WITH_RC4_128_SHA', 'TLS_RSA_WITH_AES_128_GCM_SHA256'] });
  assert.match(options.tls.ciphers ?? '', /:AES128-GCM-SHA256$/);
  assert.deepEqual(warnings, ['the cipher suite TLS_RSA_WITH_RC4_128_SHA is not offered: OpenSSL no longer has it']);
});

const wrong: [string, unknown, string][] = [
  ['blacklistIPs', ['x'], "failed to parse CIDR 'x': invalid CIDR address: x"],
  ['blockHostnames', ['a*b'], "invalid hostname pattern 'a*b'"],
  ['dns', { ttl: 'x' }, 'invalid DNS TTL: x'],
  ['dns', { select: 'x' }, 'x does not belong to DNSSelect values'],
  ['dns', { policy: 'z' }, 'z does not belong to DNSPolicy values'],
  ['tlsVersion', 'tls9', 'tlsVersion must be one of'],
  ['tlsCipherSuites', ['X'], "unknown cipher suite 'X'"],
  ['tlsCipherSuites', ['TLS_RSA_WITH_RC4_128_SHA'], 'OpenSSL no longer has TLS_RSA_WITH_RC4_128_SHA'],
];
for (const [name, value, message] of wrong)
  test(`a wrong ${name} is refused: ${message}`, () => {
    assert.throws(
      () => resolveOptions({ [name]: value }),
      (error) => error instanceof PlimsollError && error.exitCode === 104 && error.message.includes(message),
    );
  });

test('a client certificate that is none is an error of the options', async () => {
  const failed = await run(`export const options = { tlsAuth: [{ cert: 'a', key: 'b' }] }; export default function () {}`).catch(
    (error: unknown) => error,
  );
  assert.ok(failed instanceof PlimsollError && failed.exitCode === 104 && failed.message.includes('tlsAuth'));
});

test('dns is read from an object or from one text', () => {
  const { dns } = resolveOptions({ dns: { ttl: 'inf', select: 'roundRobin', policy: 'any' } }).options;
  assert.deepEqual(dns, { ttlMs: Number.POSITIVE_INFINITY, select: 'roundRobin', policy: 'any' });
  assert.deepEqual(resolveOptions({ dns: 'ttl=1m,select=first' }).options.dns, { ttlMs: 60_000, select: 'first', policy: 'preferIPv4' });
});

test('an OCSP response is read', () => {
  // Made with `openssl ocsp`: serial 1 is good, serial 2 revoked.
  const good = [
    'MIH7CgEAoIH1MIHyBgkrBgEFBQcwAQEEgeQwgeEwgYihDzANMQswCQYDVQQDDAJjYRgPMjAyNjExMjEwNjA3MjBaMGQwYjA6MAkGBSsOAwIaBQ',
    'AEFBEEjNIMs1kjB9AZ/QiJViti02SSBBTmOz7Edg/7mowPA/I4FCfuJUcEqAIBAYAAGA8yMDI2MTEyMTA2MDcyMFqgERgPMjAyNjExMjgwNjA3',
    'MjBaMAoGCCqGSM49BAMCA0gAMEUCIF6VoJvuMxJmnn8IB+EIdLAUr+9UPrANkDgrwzCcnht1AiEAnXLfFyGEvTADWhw/uBgdEVPX9N5ODAd2m3',
    'Iun7J6jlM=',
  ].join('');
  const revoked = [
    'MIIBEwoBAKCCAQwwggEIBgkrBgEFBQcwAQEEgfowgfcwgZ6hDzANMQswCQYDVQQDDAJjYRgPMjAyNjExMjEwNjA3MjBaMHoweDA6MAkGBSsOAw',
    'IaBQAEFBEEjNIMs1kjB9AZ/QiJViti02SSBBTmOz7Edg/7mowPA/I4FCfuJUcEqAIBAqEWGA8yMDI2MTEwMTEyMDAwMFqgAwoBARgPMjAyNjEx',
    'MjEwNjA3MjBaoBEYDzIwMjYxMTI4MDYwNzIwWjAKBggqhkjOPQQDAgNIADBFAiA1h7kTunv6DqhD5Czt+HG1Upk86ApAHeFejP3IyTUnHgIhAP',
    'EflyupjbzghrUTkka7D196DmsD5wZMTS/JNPfw4i9C',
  ].join('');
  const times = { produced_at: 1795241240, this_update: 1795241240, next_update: 1795846040 };
  assert.deepEqual(ocspOf(Buffer.from(good, 'base64')), { ...times, status: 'good', revoked_at: 0, revocation_reason: '' });
  assert.deepEqual(ocspOf(Buffer.from(revoked, 'base64')), {
    ...times,
    status: 'revoked',
    revoked_at: 1793534400,
    revocation_reason: 'key_compromise',
  });
  assert.equal(ocspOf(Buffer.from('30820102', 'hex')).status, 'unknown');
  assert.equal(ocspOf(undefined).status, 'unknown');
});
