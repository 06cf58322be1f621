/**
 * Whether a page that stays open grows: the server looks 50 times as often and the page's timers run 50 times as fast, with 50
 * tasks whose figures change each time. `node bench/console/soak.ts [SECONDS [PATH,PATH]]`, so long for each page; needs Chromium.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { chromium, type Browser, type CDPSession } from 'playwright-core';
import { Endpoint, targetGroups, targets } from '../../src/aws/index.ts';
import { createLogger, Histogram, systemClock, systemRandom, type Timer } from '../../src/base/index.ts';
import { ConsoleServer } from '../../src/cli/console/server.ts';
import type { ConsoleSource } from '../../src/cli/console/source.ts';
import type { BalancerMetrics } from '../../src/model/index.ts';
import { Store } from '../../src/state/index.ts';
import { heapOf, makeFiftyTasks } from './setup.ts';

const faster = 50;
const spanMs = Number(process.argv[2] ?? 100) * 1000;
const pages = process.argv[3]?.split(',') ?? ['/', '/ecs/home/web?tab=Tasks', '/load-balancers/front?tab=Monitoring'];
const sampleMs = 10_000;
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const timers: Timer[] = [];
const testsFolder = mkdtempSync(join(tmpdir(), 'plimsoll-soak-'));
const store = new Store();
const endpoint = new Endpoint({ store, port: 0 });
await endpoint.listen();
await makeFiftyTasks(endpoint.url);
const server = await ConsoleServer.open({
  source: busy(endpoint),
  host: '127.0.0.1',
  ports: [0],
  testsFolder,
  lookEveryMs: 1000 / faster,
  log: createLogger('soak'),
});
const executablePath = execFileSync('which', ['chromium'], { encoding: 'utf8' }).trim();
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
try {
  for (const path of pages) await soak(browser, path);
} finally {
  for (const timer of timers) timer.cancel();
  await browser.close();
  await server.close();
  await endpoint.close();
  store.close();
  rmSync(testsFolder, { recursive: true });
}

async function soak(from: Browser, path: string): Promise<void> {
  const page = await from.newPage({ viewport: { width: 1400, height: 900 } });
  await page.addInitScript((times) => {
    const [later, Real] = [globalThis.setTimeout, EventSource];
    Object.assign(globalThis, {
      setTimeout: (run: () => void, ms = 0) => later(run, ms / times),
      EventSource: class extends Real {
        constructor(url: string) {
          super(url);
          this.addEventListener('look', () => (globalThis as unknown as { looks: number }).looks++);
        }
      },
      looks: 0,
    });
  }, faster);
  const session = await page.context().newCDPSession(page);
  await page.goto(server.url + path);
  await page.locator('h1').waitFor();
  const samples: { page: number; server: number; nodes: number }[] = [];
  // The timeline is full after 900 looks; from then on nothing may grow.
  await systemClock.sleep(20_000);
  for (let passedMs = 0; passedMs <= spanMs; passedMs += sampleMs) {
    collect();
    const nodes = await page.evaluate<number>('document.querySelectorAll("*").length');
    samples.push({ page: await leastHeap(session), server: process.memoryUsage().heapUsed, nodes });
    await systemClock.sleep(sampleMs);
  }
  const looks = await page.evaluate(() => (globalThis as unknown as { looks: number }).looks);
  const course = (of: 'page' | 'server'): string => samples.map((sample) => (sample[of] / 2 ** 20).toFixed(1)).join(' ');
  console.log(`${path}: ${looks} updates, as in ${(looks / 3600).toFixed(1)} h; ${samples[0]!.nodes} → ${samples.at(-1)!.nodes} elements`);
  console.log(`  heap of the page, MB: ${course('page')}\n  heap of the server (this process), MB: ${course('server')}`);
  await page.close();
}

/** Of three readings: what is under way at one of them is not what stays. */
async function leastHeap(session: CDPSession): Promise<number> {
  const readings: number[] = [];
  for (let count = 0; count < 3; count++) {
    readings.push(await heapOf(session));
    await systemClock.sleep(300);
  }
  return Math.min(...readings);
}

/** An endpoint behind which everything seems to run, and differently at each look. */
function busy(of: Endpoint): ConsoleSource {
  const at = of.place('us-east-1');
  const random = (most: number): number => Math.round(systemRandom.float() * most);
  const [group] = at.table(targetGroups).keys();
  const ids = at
    .table(targets)
    .values()
    .map(({ id, port }) => `${id}:${port ?? ''}`);
  const measured = (): BalancerMetrics => {
    const times = new Histogram();
    for (let count = 0; count < 50; count++) times.record(random(200));
    const all = {
      requestCount: random(900),
      target2xx: 0,
      target3xx: 0,
      target4xx: 0,
      target5xx: random(3),
      targetConnectionErrorCount: 0,
    };
    return {
      spanMs: 1000 / faster,
      cpuMs: 0,
      rssBytes: 0,
      loadBalancers: [],
      targetGroups: [
        {
          targetGroupId: group!,
          ...all,
          targetResponseTimeMs: times.toData(),
          targets: ids.map((targetId) => ({ targetId, requestCount: random(20), outstanding: random(5) })),
        },
      ],
    };
  };
  return {
    endpoint: of,
    timeScale: 1,
    region: 'us-east-1',
    users: () => random(100),
    running: {
      onBalancerMetrics: (handler) => void timers.push(systemClock.every(1000 / faster, () => handler(measured()))),
      usage: () => new Map(),
      accessLogOf: () => undefined,
    },
  };
}
