import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { PlimsollError } from '../../base/index.ts';
import { scriptRunner } from '../testkit.ts';
import { Secrets } from './sources.ts';

const run = scriptRunner();

test('scripts get secrets from files and the command line, and logs do not show them', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'plimsoll-secrets-'));
  await writeFile(join(folder, 'secrets.env'), 'cool=from the file\nelse=a=b\n');
  const result = await run(
    `
    import secrets from 'k6/secrets';
    import { check } from 'k6';
    export default async function () {
      const cool = await secrets.get('cool');
      const other = await secrets.source('another').get('cool');
      console.log('they are ' + cool + ' and ' + other);
      let missing = '';
      try { await secrets.get('nope'); } catch (error) { missing = error.message; }
      check(null, { file: cool === 'from the file', mock: other === 'not cool', missing: missing.includes('no secret "nope"'), equals: (await secrets.get('else')) === 'a=b' });
    }`,
    { secretSources: [`file=default,filename=${join(folder, 'secrets.env')}`, 'mock=name=another,cool="not cool"'] },
  );
  assert.deepEqual(result.failedChecks, []);
  assert.equal(result.checks.length, 4);
  assert.deepEqual(
    result.lines.map(({ message }) => message),
    ['they are ***SECRET_REDACTED*** and ***SECRET_REDACTED***'],
  );
  await rm(folder, { recursive: true });
});

test('a source that cannot be is refused, one that is missing throws', async () => {
  for (const [specs, text] of [
    [['vault=x'], /unknown secret source "vault"/],
    [['url=urlTemplate=http://x'], /must contain the \{key\} placeholder/],
    [['url=urlTemplate=http://x/{key},timeout=never'], /timeout must be greater than 0/],
    [['file=/no/such/file'], /cannot be read/],
    [['mock=a=1', 'mock=b=2'], /two secret sources/],
    [['mock=oops'], /"oops" is no setting/],
  ] as const)
    assert.throws(
      () => new Secrets(specs),
      (error) => error instanceof PlimsollError && error.code === 'PL_LOAD_USAGE' && text.test(error.message),
    );
  const result = await run(`
    import secrets from 'k6/secrets';
    export default async function () { await secrets.get('a'); }`);
  assert.match(result.lines[0]?.message ?? '', /no secret sources are configured/);
});

test('secrets are fetched by URL, once each, again after a fault of the server', async () => {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.url} ${String(request.headers['x-token'])}`);
    if (asked.length === 1) response.writeHead(503).end();
    else if (request.url === '/secrets/none') response.writeHead(404).end();
    else response.end(JSON.stringify({ data: { value: `the ${request.url?.split('/').pop()}` } }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const { failedChecks, lines } = await run(
    `import secrets from 'k6/secrets'; import { check } from 'k6';
     export default async function () {
       const value = await secrets.get('word');
       let missing = '';
       try { await secrets.get('none'); } catch (error) { missing = error.message; }
       check(0, { value: () => value === 'the word', missing: () => missing.includes('404') });
       console.log(value, await secrets.get('word'));
     }`,
    {
      secretSources: [`url=urlTemplate=http://127.0.0.1:${port}/secrets/{key},headers.X-Token=t,responsePath=data.value,retryBackoff=10ms`],
    },
  );
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  assert.deepEqual(failedChecks, []);
  assert.equal(lines[0]?.message, '***SECRET_REDACTED*** ***SECRET_REDACTED***');
  assert.deepEqual(asked, ['/secrets/word t', '/secrets/word t', '/secrets/none t']);
});
