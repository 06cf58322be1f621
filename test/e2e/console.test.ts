import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { connect, createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { ApplicationAutoScaling } from '@aws-sdk/client-application-auto-scaling';
import { CloudWatch } from '@aws-sdk/client-cloudwatch';
import { ECS } from '@aws-sdk/client-ecs';
import { ElasticLoadBalancingV2 } from '@aws-sdk/client-elastic-load-balancing-v2';
import type { Whereabouts } from '../../src/aws/index.ts';
import { systemClock } from '../../src/base/index.ts';
import type { TestRun } from '../../src/console/index.ts';
import { barriersIn, chromiumFile, complaintsOf, openBrowser } from '../support/browser.ts';
import { processTree, runCommand, survivors, type Command } from '../support/processes.ts';
import { config, makeService, program } from '../support/webService.ts';

interface Up {
  readonly command: Command;
  readonly endpoint: string;
  readonly console: string;
}

async function startUp(...flags: string[]): Promise<Up> {
  const command = runCommand(['up', '--ephemeral', '--json', '--port', '0', '--image', `web=${program}`, ...flags]);
  await command.says(/"ready":true/);
  return { command, ...(JSON.parse(command.stdout()) as { endpoint: string; console: string }) };
}

async function end({ command }: Up): Promise<void> {
  const tree = processTree(command.pid);
  command.child.kill('SIGINT');
  await command.finished;
  assert.deepEqual(await survivors(tree, 5000), []);
}

const hostile = '<img src=x onerror=alert(1)><script>alert(2)</script>';
const timeout = 120_000;

describe(
  'the console',
  { skip: chromiumFile === undefined ? 'there is no Chromium' : process.platform !== 'linux' && 'reads /proc' },
  () => {
    let up: Up;
    let browser: Browser;
    let page: Page;
    let complaints: string[];

    before(async () => {
      up = await startUp('--console-port', '0', '--time-scale', '20');
      await makeService(up.endpoint);
      await makeScaling(up.endpoint);
      browser = await openBrowser();
      page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
      page.setDefaultTimeout(60_000);
      complaints = complaintsOf(page);
    });
    after(async () => {
      await browser?.close();
      await end(up);
    });

    const go = (path: string): Promise<unknown> => page.goto(up.console + path);

    test('shows the system in one picture, from the clients to the task', { timeout }, async () => {
      await go('/');
      for (const lane of ['Clients', 'Load balancers', 'Target groups', 'Tasks and instances'])
        await page.getByRole('region', { name: lane, exact: true }).waitFor();
      await page.getByText('1 of 1 desired min 1, max 4').waitFor();
      await page.getByText('1 of 1 healthy').waitFor();
      await page.locator('.edges path.traffic').nth(2).waitFor({ state: 'attached' });
    });

    test('a load test that is started from the page scales the service out, with the alarm and its graph', { timeout }, async () => {
      await go('/tests');
      await page.getByLabel('Name').fill('Rush');
      await page.getByLabel('Users').fill('20');
      await page.getByLabel('Ramp up, s').fill('1');
      await page.getByLabel('Hold, s').fill('300');
      await page.getByLabel('k6 script').fill(script);
      await page.getByRole('button', { name: 'Start' }).click();
      await page.getByRole('cell', { name: 'front page' }).waitFor();
      const address = page.url();
      await go('/');
      await page.getByText('20 virtual users').waitFor();
      await page.getByText('4 of 4 desired min 1, max 4').waitFor();
      await page.getByRole('link', { name: /AlarmHigh/ }).click();
      await page.locator('.status.bad', { hasText: 'ALARM' }).waitFor();
      await page.locator('.chart canvas').waitFor();
      await page
        .getByText(/Alarm updated from .* to ALARM/)
        .first()
        .waitFor();
      await page.goto(address);
      await page.getByRole('button', { name: 'Stop', exact: true }).click();
      await page.locator('.headline').getByText('stopped').waitFor();
    });

    test('its table is what the runner counted', { timeout }, async () => {
      const cells = await page.locator('tbody tr').first().locator('td').allInnerTexts();
      await page.getByRole('tab', { name: 'Download data' }).click();
      const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'All results (JSON)' }).click()]);
      const chunks: Buffer[] = [];
      for await (const chunk of await download.createReadStream()) chunks.push(chunk as Buffer);
      const run = JSON.parse(Buffer.concat(chunks).toString('utf8')) as TestRun;
      const [row] = run.rows;
      assert.equal(
        run.requests,
        run.rows.reduce((sum, { requests }) => sum + requests, 0),
      );
      assert.ok(row !== undefined && row.requests > 100);
      assert.deepEqual(cells.slice(0, 4), ['GET', 'front page', row.requests.toLocaleString('en'), String(row.fails)]);
      for (const [index, value] of [row.median, row.p90, row.p99].entries())
        assert.ok(Math.abs(Number(cells[4 + index]) - value) < 0.1 + value / 50);
    });

    test('a task that is stopped in the page is replaced, and the page tells the command that does the same', { timeout }, async () => {
      await go('/ecs/home/web?tab=Tasks');
      const first = page.locator('tbody tr').first();
      const id = await first.locator('code').innerText();
      const dialog = page.getByRole('dialog');
      // By keyboard: asked, taken back, asked again, done.
      await first.getByRole('button', { name: 'Stop' }).press('Enter');
      await dialog.waitFor();
      await page.keyboard.press('Escape');
      await dialog.waitFor({ state: 'hidden' });
      await page.waitForFunction('document.activeElement.textContent === "Stop"');
      await page.keyboard.press('Enter');
      assert.match(
        await dialog.locator('.command code').innerText(),
        new RegExp(`^aws --region us-east-1 ecs stop-task --cluster home --task ${id} `),
      );
      await dialog.getByRole('button', { name: 'Stop' }).press('Enter');
      await page.locator('td:first-child code', { hasText: id }).waitFor({ state: 'detached' });
      await page.getByRole('tab', { name: 'Events' }).click();
      await page
        .getByText(/has started 1 tasks/)
        .first()
        .waitFor();
    });

    test('latency that is added in the page shows in the response times, and goes again', { timeout }, async () => {
      const front = await listenerOf(up.endpoint);
      const traffic = systemClock.every(200, () => void fetch(front).then((answer) => answer.text(), String));
      try {
        await go('/target-groups/web');
        await page.getByRole('banner').getByRole('link', { name: 'Target groups' }).waitFor();
        await page.locator('.title').getByRole('button', { name: 'Add latency' }).click();
        const dialog = page.getByRole('dialog');
        await dialog.getByLabel('Milliseconds').fill('400');
        assert.match(
          await dialog.locator('.command code').innerText(),
          /^aws --region us-east-1 elbv2 add-tags --resource-arns arn:\S+ --tags '/,
        );
        await dialog.getByRole('button', { name: 'Add latency' }).click();
        await go('/');
        const group = page.locator('.node', { hasText: 'Target group' });
        await group.getByText('+ 400 ms added').waitFor();
        await group.getByText(/p95 ([4-9]\d\d|\d,\d{3}) ms/).waitFor();
        await go('/target-groups/web');
        await page.locator('.title').getByRole('button', { name: 'Remove latency' }).click();
        await dialog.getByRole('button', { name: 'Remove latency' }).click();
        await page.locator('.title').getByRole('button', { name: 'Add latency' }).waitFor();
      } finally {
        traffic.cancel();
      }
    });

    test('the access log is switched on in the page, and its tail follows the requests', { timeout }, async () => {
      await go('/load-balancers/front?tab=Access+log');
      await page.getByText('The access log is off.').waitFor();
      await page.getByRole('button', { name: 'Switch it on' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Switch it on' }).click();
      await page.getByText('No request was written yet.').waitFor();
      const front = await listenerOf(up.endpoint);
      // The balancer takes the attribute a moment later.
      const traffic = systemClock.every(200, () => void fetch(`${front}seen?<script>`).then((answer) => answer.text(), String));
      try {
        await page.getByText('GET /seen?%3Cscript%3E').first().waitFor();
      } finally {
        traffic.cancel();
      }
    });

    test('names are shown as they are, and nothing in them runs', { timeout }, async () => {
      await new CloudWatch(config(up.endpoint)).putMetricAlarm({
        AlarmName: hostile,
        Namespace: 'n',
        MetricName: hostile,
        Statistic: 'Sum',
        Period: 60,
        EvaluationPeriods: 1,
        Threshold: 1,
        ComparisonOperator: 'GreaterThanThreshold',
      });
      await go('/');
      await page.getByRole('link', { name: hostile }).click();
      await page.getByRole('heading', { name: hostile }).waitFor();
      assert.equal(await page.locator('img[src=x]').count(), 0);
    });

    test('a thousand activities are read page by page and shown a hundred at a time; names in them stay text', { timeout }, async () => {
      const tagged = { Instances: [{ InstanceId: 'i-1', State: { Name: 'running' }, Tags: [{ Key: 'Name', Value: hostile }] }] };
      await page.route('**/api/aws/ec2/DescribeInstances?*', (route) => route.fulfill({ json: { Reservations: [tagged] } }));
      await go('/instances');
      await page.getByRole('cell', { name: hostile }).waitFor();
      await page.route('**/api/aws/application-autoscaling/DescribeScalingActivities?*', async (route) => {
        const from = Number((route.request().postDataJSON() as { NextToken?: string }).NextToken ?? 0);
        const ScalingActivities = Array.from({ length: 100 }, (_, index) => ({
          ActivityId: `a${from + index}`,
          Description: `activity ${from + index} of ${hostile}`,
          StatusCode: 'Successful',
          StartTime: from + index,
        }));
        await route.fulfill({ json: { ScalingActivities, ...(from < 900 ? { NextToken: String(from + 100) } : {}) } });
      });
      await go('/ecs/home/web?tab=Configuration+and+networking');
      await page.getByRole('tab', { name: 'Configuration and networking' }).press('ArrowRight');
      const table = page.getByRole('table', { name: 'Scaling activities' });
      await table.getByText(`activity 99 of ${hostile}`).waitFor();
      assert.equal(await table.locator('tbody tr').count(), 100);
      await page.getByRole('button', { name: 'Show more (900 left)' }).click();
      await table.getByText(`activity 199 of ${hostile}`).waitFor();
      await table.getByRole('button', { name: 'Start time' }).click();
      await table.getByRole('button', { name: 'Start time' }).click();
      await table.getByText(`activity 999 of ${hostile}`).waitFor();
      assert.equal(await page.locator('img[src=x]').count(), 0);
      await page.unrouteAll();
    });

    test('where the network was cut, the page goes on with what it has missed, and nothing twice', { timeout }, async () => {
      const cable = await openCable(Number(new URL(up.console).port));
      const own = await browser.newPage();
      try {
        // What the page hears: each event with its id and how many moments came with it.
        await own.addInitScript(() => {
          const heard: Heard[] = [];
          const Real = EventSource;
          class Told extends Real {
            constructor(url: string) {
              super(url);
              for (const type of ['begin', 'resume', 'look'])
                this.addEventListener(type, (event) => {
                  const { data, lastEventId } = event as unknown as { data: string; lastEventId: string };
                  const { moments } = JSON.parse(data) as { moments?: unknown[] };
                  heard.push({ type, id: Number(lastEventId), moments: moments?.length ?? 1 });
                });
            }
          }
          Object.assign(globalThis, { EventSource: Told, heard });
        });
        const heardAs = (type: string, count: number): Promise<unknown> =>
          own.waitForFunction(([wanted, least]) => heard.filter((one) => one.type === wanted).length >= least, [type, count] as const);
        await own.goto(`http://127.0.0.1:${cable.port}`);
        await heardAs('look', 1);
        cable.cut();
        await own.getByText('The region does not answer').waitFor();
        await systemClock.sleep(1100);
        cable.mend();
        await heardAs('resume', 1);
        await own.getByText('The region does not answer').waitFor({ state: 'detached' });
        await heardAs('look', 2);
        const all = await own.evaluate(() => heard);
        assert.equal(all.filter(({ type }) => type === 'begin').length, 1);
        for (const [before, { id, moments }] of all.slice(1).map((one, index) => [all[index]!, one] as const))
          assert.equal(id, before.id + moments, JSON.stringify(all));
        assert.ok(all.find(({ type }) => type === 'resume')!.moments >= 1, 'something was missed');
      } finally {
        await own.close();
        cable.close();
      }
    });

    test('no page keeps people out, and none is wider than a phone', { timeout }, async () => {
      const paths = [
        '/',
        '/load-balancers',
        '/load-balancers/front',
        '/target-groups/web',
        '/auto-scaling-groups',
        '/ecs',
        '/ecs/home/web',
      ];
      const all = [
        ...paths,
        '/ecs/home/web?tab=Events',
        '/target-groups/web?tab=Attributes',
        '/instances',
        '/cloudwatch',
        '/cloudwatch?tab=Metrics',
        '/databases',
        '/tests',
        '/nowhere',
      ];
      const look = async (own: Page, path: string): Promise<void> => {
        await own.setViewportSize({ width: 1400, height: 900 });
        await own.goto(up.console + path);
        await own.locator('h1').waitFor();
        await own.waitForLoadState('networkidle', { timeout: 300 }).catch(() => undefined);
        assert.deepEqual(await barriersIn(own), [], path);
        await own.setViewportSize({ width: 390, height: 844 });
        // Charts follow the window a moment later.
        const narrow = own.waitForFunction('document.documentElement.scrollWidth <= 390', undefined, { timeout: 5_000 });
        await narrow.catch(() => assert.fail(`${path} is wider than a phone`));
      };
      const other = await browser.newPage();
      const fromOther = complaintsOf(other);
      const waiting = [...all];
      const lookAtAll = async (own: Page): Promise<void> => {
        for (let path = waiting.shift(); path !== undefined; path = waiting.shift()) await look(own, path);
      };
      await Promise.all([lookAtAll(page), lookAtAll(other)]);
      await other.close();
      assert.deepEqual(fromOther, []);
      assert.deepEqual(complaints, []);
    });

    test('only its own page gets answers', { timeout }, async () => {
      const { hostname, port } = new URL(up.console);
      const status = (path: string, headers: Record<string, string>, method = 'GET'): Promise<number> =>
        new Promise((resolve, reject) =>
          request({ hostname, port, path, method, headers }, (response) => resolve(response.resume().statusCode ?? 0))
            .on('error', reject)
            .end(),
        );
      const html = await (await fetch(up.console)).text();
      const token = /plimsoll-token" content="([^"]+)"/.exec(html)![1]!;
      assert.equal(await status('/api/hello', { 'x-plimsoll-token': token }), 200);
      assert.equal(await status('/api/hello', {}), 403);
      assert.equal(await status('/api/live', {}), 403);
      assert.equal(await status('/api/tests', { 'x-plimsoll-token': 'guessed' }, 'POST'), 403);
      assert.equal(await status('/api/hello', { 'x-plimsoll-token': token, origin: 'http://127.0.0.1:1' }), 403);
      assert.equal(await status('/', { host: 'rebound.example' }), 403);
      const { headers } = await fetch(up.console);
      assert.match(headers.get('content-security-policy') ?? '', /default-src 'none'; script-src 'self'/);
    });

    describe('elsewhere', { concurrency: true }, () => {
      const openPage = async (): Promise<Page> => {
        const own = await browser.newPage({ viewport: { width: 1400, height: 900 } });
        own.setDefaultTimeout(60_000);
        return own;
      };
      test('a run of plimsoll run is shown as it goes, without a region, until it is stopped from the page', { timeout }, async () => {
        const own = await openPage();
        const target = createServer((_, response) => response.end('x'.repeat(1000))).listen(0, '127.0.0.1');
        await once(target, 'listening');
        const folder = mkdtempSync(join(tmpdir(), 'plimsoll-console-run-'));
        const file = join(folder, 'front.js');
        const named = `http.get(__ENV.BASE_URL + '/', { tags: { name: ${JSON.stringify(hostile)} } });`;
        writeFileSync(file, script.replace('sleep(0.05);', `${named} sleep(0.05);`));
        const url = `BASE_URL=http://127.0.0.1:${(target.address() as AddressInfo).port}`;
        const shown = ['--console-port', '0', '--quiet', '--log-output', 'stdout'];
        const run = runCommand(['run', ...shown, '--vus', '3', '--duration', '100s', '--env', url, file]);
        await run.says(/console: \S+\n/);
        const [, address = ''] = /console: (\S+)/.exec(run.stdout())!;
        try {
          await own.goto(address);
          await own.getByRole('heading', { name: 'front.js' }).waitFor();
          const cells = own.locator('tbody tr').first().locator('td');
          await cells.nth(1).getByText('front page').waitFor();
          assert.equal(await cells.nth(10).innerText(), '1,000', 'the average size of an answer');
          await own.getByRole('cell', { name: hostile }).waitFor();
          assert.equal(await own.locator('img[src=x]').count(), 0);
          await own.getByRole('tab', { name: 'Current ratio' }).click();
          await own.getByRole('row', { name: /default .* 3 100.0 %/ }).waitFor();
          await own.getByRole('link', { name: 'ECS' }).click();
          await own.getByText('No region is behind this page').waitFor();
          await own.getByRole('link', { name: 'To the load test' }).click();
          await own.getByRole('button', { name: 'Stop', exact: true }).click();
          await own.getByText('plimsoll run has ended').waitFor();
          await own.locator('.headline').getByText('stopped').waitFor();
          assert.equal((await run.finished).code, 105);
        } finally {
          run.child.kill('SIGKILL');
          target.close();
          target.closeAllConnections();
          rmSync(folder, { recursive: true, force: true });
          await own.close();
        }
      });

      test('after a restart of the region an open page goes on by itself', { timeout }, async () => {
        const own = await openPage();
        const first = await startUp('--console-port', '0');
        const { port } = new URL(first.console);
        await own.goto(first.console);
        await own.getByText('Nothing runs in this region yet').waitFor();
        await end(first);
        await own.getByText('The region does not answer').waitFor();
        const second = await startUp('--console-port', port);
        try {
          await new ECS(config(second.endpoint)).createCluster({ clusterName: 'fresh' });
          await own.getByText('The region does not answer').waitFor({ state: 'detached' });
          await own.getByRole('link', { name: 'ECS' }).click();
          await own.getByRole('cell', { name: 'fresh' }).waitFor();
        } finally {
          await end(second);
          await own.close();
        }
      });
    });
  },
);

const script = `import http from 'k6/http';
import { sleep } from 'k6';
export default function () {
  http.get(__ENV.BASE_URL + '/', { tags: { name: 'front page' } });
  sleep(0.05);
}`;

interface Heard {
  readonly type: string;
  readonly id: number;
  readonly moments: number;
}

/** In the page. */
declare const heard: Heard[];

/** A way to a port of this computer that can be cut: then what goes through it breaks, and nobody answers. */
async function openCable(to: number): Promise<{ port: number; cut(): void; mend(): void; close(): void }> {
  const ends = new Set<Socket>();
  let whole = true;
  const cut = (): void => {
    whole = false;
    for (const socket of ends) socket.destroy();
  };
  const server = createTcpServer((client) => {
    if (!whole) {
      client.destroy();
      return;
    }
    const console = connect(to, '127.0.0.1');
    for (const [one, other] of [
      [client, console],
      [console, client],
    ] as const) {
      ends.add(one);
      one.on('error', () => undefined).on('close', () => (ends.delete(one), other.destroy()));
      one.pipe(other);
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = (): void => {
    cut();
    server.close();
  };
  return { port: (server.address() as AddressInfo).port, cut, mend: () => (whole = true), close };
}

/** Where the load balancer listens on this computer. */
async function listenerOf(endpoint: string): Promise<string> {
  const { listeners } = (await (await fetch(`${endpoint}/_plimsoll/status`)).json()) as Whereabouts;
  const [{ host, port }] = Object.values(listeners) as [{ host: string; port: number }];
  return `http://${host}:${port}/`;
}

/** One task for each 100 requests a minute, four at most: with any load there are soon four. */
async function makeScaling(endpoint: string): Promise<void> {
  const scaling = new ApplicationAutoScaling(config(endpoint));
  const elb = new ElasticLoadBalancingV2(config(endpoint));
  const { LoadBalancers } = await elb.describeLoadBalancers({});
  const { TargetGroups } = await elb.describeTargetGroups({});
  const of = (arn: string | undefined, from: string): string => arn!.slice(arn!.indexOf(from));
  const ResourceLabel = `${of(LoadBalancers![0]!.LoadBalancerArn, 'app/')}/${of(TargetGroups![0]!.TargetGroupArn, 'targetgroup/')}`;
  const target = { ServiceNamespace: 'ecs', ResourceId: 'service/home/web', ScalableDimension: 'ecs:service:DesiredCount' } as const;
  await scaling.registerScalableTarget({ ...target, MinCapacity: 1, MaxCapacity: 4 });
  await scaling.putScalingPolicy({
    ...target,
    PolicyName: 'requests',
    PolicyType: 'TargetTrackingScaling',
    TargetTrackingScalingPolicyConfiguration: {
      TargetValue: 100,
      PredefinedMetricSpecification: { PredefinedMetricType: 'ALBRequestCountPerTarget', ResourceLabel },
    },
  });
}
