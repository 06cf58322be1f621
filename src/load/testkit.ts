import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createSecureServer } from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { startLoad, type LoadRequest, type LoadResult, type LogLine } from './index.ts';

/** Self-signed for localhost and 127.0.0.1, made for these tests. */
export const certificate = {
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgDmAdBucJKf0iRtiD
d6x6JoWBuS/y9YYorowdt5EkTYihRANCAARP5l9E7AYJ3gY6cIP0V183qMgzFSdG
N1AgxVVDYQz+IKimHMxhyJNn9+4KIqr0RqVHnPvEI/v6ifwIvBSqhVBc
-----END PRIVATE KEY-----`,
  cert: `-----BEGIN CERTIFICATE-----
MIIBnDCCAUGgAwIBAgIUGWZgB/8p9Rz35NGfs9Odc+yNSicwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMTA0MTYzOFoYDzIxMjYxMDI4
MDQxNjM4WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAARP5l9E7AYJ3gY6cIP0V183qMgzFSdGN1AgxVVDYQz+IKimHMxhyJNn
9+4KIqr0RqVHnPvEI/v6ifwIvBSqhVBco28wbTAdBgNVHQ4EFgQUFn2Xhxv0NQTi
T1LHyb7fj7pZnFkwHwYDVR0jBBgwFoAUFn2Xhxv0NQTiT1LHyb7fj7pZnFkwDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDSQAwRgIhAPwvttbOVxlNo48gPqTyDgBJsUJfWHhikRTgT3CT4gn4AiEA
sNr2w+YaakH9r0gD2KpVJMwDA4/45SvbVHa4mscTihg=
-----END CERTIFICATE-----`,
};

export type ScriptResult = LoadResult & { lines: LogLine[]; failedChecks: string[] };

/** Runs scripts that tests hold as text, in load processes of their own; the files go when the tests are over. */
export function scriptRunner(): (source: string, request?: Partial<LoadRequest>) => Promise<ScriptResult> {
  let folder: Promise<string> | undefined;
  let count = 0;
  after(async () => {
    if (folder) await rm(await folder, { recursive: true });
  });
  return async (source, request = {}) => {
    const path = join(await (folder ??= mkdtemp(join(tmpdir(), 'plimsoll-load-'))), `script-${++count}.js`);
    await writeFile(path, source);
    return runScript(path, request);
  };
}

export async function runScript(script: string, request: Partial<LoadRequest> = {}): Promise<ScriptResult> {
  const lines: LogLine[] = [];
  const result = await startLoad({ script, log: (line) => lines.push(line), ...request }).result;
  return { ...result, lines, failedChecks: result.checks.filter(({ fails }) => fails > 0).map(({ name }) => name) };
}

/** One handler behind HTTP, HTTPS and HTTP/2, for the tests of a file; the object has their URLs once the tests begin: `PLAIN`, `TLS`, `H2`. */
export function servers(answer: (request: IncomingMessage, response: ServerResponse) => Promise<void>): Record<string, string> {
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => void answer(request, response);
  const plain = createServer(onRequest);
  const secure = createHttpsServer(certificate, onRequest);
  // The compatible API of HTTP/2: the same for what handlers here do.
  const http2 = createSecureServer(certificate, onRequest as unknown as Parameters<typeof createSecureServer>[1]);
  const urls: Record<string, string> = {};
  before(async () => {
    for (const [name, server] of Object.entries({ PLAIN: plain, TLS: secure, H2: http2 })) {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      urls[name] = `${name === 'PLAIN' ? 'http' : 'https'}://127.0.0.1:${(server.address() as AddressInfo).port}`;
    }
  });
  after(async () => {
    for (const server of [plain, secure]) server.closeAllConnections();
    for (const server of [plain, secure, http2]) await new Promise((resolve) => server.close(resolve));
  });
  return urls;
}
