import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { hostModuleNames } from '../modules/index.ts';
import { certificate, scriptRunner } from '../testkit.ts';
import { compileScript } from './compile.ts';

const run = scriptRunner();
let server: Server;
let url: string;
let folder: string;
const asked: string[] = [];

const modules: Record<string, string> = {
  '/lib/main.js': `import { check } from 'k6'; import { half } from './half.ts'; import data from '/data.json';
export function fetchHalf(http, url) { return half(http.get(url).status) + data.add; }
export function fail() { throw new Error('from afar'); }`,
  '/lib/half.ts': 'export const half = (n: number): number => n / 2;',
  '/data.json': '{ "add": 1 }',
  '/bad.js': 'export const x = ;',
};

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plimsoll-imports-'));
  await writeFile(join(folder, 'ca.pem'), certificate.cert);
  process.env['PLIMSOLL_IMPORT_CACHE'] = join(folder, 'cache');
  process.env['SSL_CERT_FILE'] = join(folder, 'ca.pem');
  server = createServer(certificate, (request, response) => {
    const path = request.url ?? '';
    asked.push(path);
    if (path === '/moved.js') response.writeHead(302, { location: '/lib/main.js' }).end();
    else if (path === '/loop.js') response.writeHead(302, { location: '/loop.js' }).end();
    else response.writeHead(modules[path] === undefined ? 404 : 200).end(modules[path]);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

after(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true });
});

const compile = (path: string): Promise<unknown> =>
  compileScript({
    file: '/script.js',
    source: `\nimport * as all from '${url}${path}';\nexport default () => all;`,
    hostModules: hostModuleNames,
  });

test('modules are imported by URL, with what they import, and may block', async () => {
  const { failedChecks, lines } = await run(`import http from 'k6/http'; import { check } from 'k6';
    import { fetchHalf, fail } from '${url}/lib/main.js';
    export const options = { iterations: 1, insecureSkipTLSVerify: true };
    export default function () { check(fetchHalf(http, '${url}/data.json'), { half: (v) => v === 101 }); fail(); }`);
  assert.deepEqual(failedChecks, []);
  assert.match(
    lines.find(({ source }) => source === 'stacktrace')?.message ?? '',
    /at fail \(https:\/\/127\.0\.0\.1:\d+\/lib\/main\.js:3:/,
  );
});

test('a copy is kept, and fetched again only when its text is not what was fetched', async () => {
  await compile('/lib/main.js');
  asked.length = 0;
  await compile('/lib/main.js');
  assert.deepEqual(asked, []);
  const cache = join(folder, 'cache');
  for (const name of await readdir(cache)) {
    const text = await readFile(join(cache, name), 'utf8');
    await writeFile(join(cache, name), text.replace('/ 2', '/ 3'));
  }
  await compile('/lib/main.js');
  assert.deepEqual(asked, ['/lib/half.ts']);
});

test('redirects are followed; what cannot be had is refused with its place', async () => {
  await compile('/moved.js');
  await assert.rejects(
    compile('/none.js'),
    /unknown module "https:.*none\.js": it cannot be fetched: the server answered 404 \(\/script\.js:2:/,
  );
  await assert.rejects(compile('/loop.js'), /stopped after 10 redirects/);
  await assert.rejects(compile('/bad.js'), /bad\.js:1:18/);
});
