import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { after, before, test } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { startLoad } from '../../../src/load/index.ts';
import { barriersIn, chromiumFile, complaintsOf, openBrowser } from '../../support/browser.ts';

/** `--out web-dashboard` in a real browser: what it shows while a test runs, at its end, and from its file without a network. */

const script = `
  import http from 'k6/http';
  import { check, group, sleep } from 'k6';
  export const options = {
    vus: 3, duration: '10m',
    thresholds: { http_req_failed: ['rate<0.01'], http_req_duration: ['p(95)<60000'] },
  };
  export default function () {
    group('<b>shop</b>', () => check(http.get(__ENV.URL + '/fine'), { 'is fine': (r) => r.status === 200 }));
    check(http.get(__ENV.URL + '/broken'), { 'is not broken': (r) => r.status === 200 });
    sleep(0.02);
  }
`;

let server: Server;
let url = '';
let folder = '';

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'plimsoll-dashboard-'));
  writeFileSync(join(folder, 'script.js'), script);
  server = createServer((request, response) => {
    if (request.url === '/broken') response.statusCode = 500;
    response.end('answer');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

after(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});

const card = (page: Page, title: string): Locator =>
  page.locator('.card').filter({ has: page.getByRole('heading', { name: title, exact: true }) });

/** The card's legend tells values above zero for each of these. */
async function tells(page: Page, title: string, ...labels: string[]): Promise<void> {
  for (const label of labels)
    await card(page, title)
      .locator('.legend span', { hasText: new RegExp(`^${label.replace(/[()]/g, '\\$&')} (?=.*[1-9])[\\d.]+k?$`) })
      .waitFor();
}

async function tellsAll(page: Page): Promise<void> {
  await tells(page, 'Requests per second', 'requests', 'failed');
  await tells(page, 'Response time, ms', 'avg', 'p(90)', 'p(95)', 'p(99)');
  await tells(page, 'Virtual users', 'VUs');
  await tells(page, 'Failed checks, %', 'failed');
}

async function showsResults(page: Page): Promise<void> {
  await page.getByText('Not passed (exit code 105)').waitFor();
  const row = (title: string, text: string): Locator => card(page, title).locator('tr', { hasText: text });
  await row('Thresholds', 'rate<0.01').getByText('✗ failed').waitFor();
  await row('Thresholds', 'p(95)<60000').getByText('✓ passed').waitFor();
  await row('Checks', 'is not broken').getByText('✗ failed').waitFor();
  await row('Checks', '<b>shop</b>').getByText('✓ passed').waitFor();
  await row('Errors', 'status 500').waitFor();
  await row('Trends', 'http_req_duration (ms)').waitFor();
}

const reason = chromiumFile === undefined ? 'there is no Chromium' : false;

test(
  'the web dashboard shows a run live and at its end, and its file opens without a network',
  { skip: reason, timeout: 120_000 },
  async () => {
    const file = join(folder, 'report.html');
    const run = startLoad({
      script: join(folder, 'script.js'),
      env: { URL: url },
      workers: 1,
      progressMs: 200,
      outputs: [`web-dashboard=port=0&host=127.0.0.1&export=${file}`],
    });
    const browser = await openBrowser();
    try {
      const address = /\((http:\S+)\)/.exec((await run.plan).outputs[0] ?? '')?.[1] ?? '';
      const page = await browser.newPage({ viewport: { width: 1200, height: 900 } });
      const complaints = complaintsOf(page);
      await page.goto(address);
      await page.getByText('running').waitFor();
      await tellsAll(page);
      await card(page, 'Thresholds so far').locator('tr', { hasText: 'rate<0.01' }).getByText('✗ failed').waitFor();
      // It goes on by itself: the line of requests gets longer.
      const line = card(page, 'Requests per second').locator('path').first();
      const points = async (): Promise<number> => ((await line.getAttribute('d')) ?? '').split('L').length;
      const seen = await points();
      while ((await points()) <= seen) await page.waitForTimeout(50);
      assert.equal(existsSync(file), false);
      run.stop();
      await showsResults(page);
      assert.deepEqual(await barriersIn(page), []);
      await run.result;

      const context = await browser.newContext({ offline: true });
      const saved = await context.newPage();
      const asked: string[] = [];
      saved.on('request', (request) => asked.push(new URL(request.url()).protocol));
      const offlineComplaints = complaintsOf(saved);
      await saved.goto(pathToFileURL(file).href);
      await tellsAll(saved);
      await showsResults(saved);
      assert.deepEqual(
        [...new Set(asked)].filter((protocol) => protocol !== 'data:'),
        ['file:'],
      );
      assert.deepEqual([complaints, offlineComplaints], [[], []]);
    } finally {
      await browser.close();
      run.stop();
      await run.result;
    }
  },
);
