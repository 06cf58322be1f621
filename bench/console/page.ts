/**
 * What the console costs: bytes and time of the first load, CPU and memory of the browser and of the server while a page with
 * 50 tasks is open. `node bench/console/page.ts [SECONDS]`; Linux, needs Chromium.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { heapOf, makeFiftyTasks } from './setup.ts';

const spanMs = Number(process.argv[2] ?? 30) * 1000;
const bin = fileURLToPath(new URL('../../bin/plimsoll.js', import.meta.url));
const up = spawn(process.execPath, [bin, 'up', '--control-plane-only', '--ephemeral', '--json', '--port', '0', '--console-port', '0'], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
const [line] = (await once(up.stdout, 'data')) as [Buffer];
const { endpoint, console: page } = JSON.parse(line.toString()) as { endpoint: string; console: string };
await makeFiftyTasks(endpoint);

const executablePath = execFileSync('which', ['chromium'], { encoding: 'utf8' }).trim();
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
try {
  for (const path of ['/', '/load-balancers/front?tab=Monitoring', '/ecs/home/web?tab=Tasks']) {
    const tab = await browser.newPage({ viewport: { width: 1400, height: 900 } });
    let bytes = 0;
    const session = await tab.context().newCDPSession(tab);
    await session.send('Network.enable');
    session.on('Network.loadingFinished', ({ encodedDataLength }) => (bytes += encodedDataLength));
    const startMs = performance.now();
    await tab.goto(page + path);
    await tab.locator('h1').waitFor();
    const shownMs = performance.now() - startMs;
    const loaded = bytes;
    await new Promise((resolve) => setTimeout(resolve, 3000));
    const before = [cpuMs(up.pid!), cpuMs(...browserPids())] as const;
    const heapBefore = await heapOf(session);
    await new Promise((resolve) => setTimeout(resolve, spanMs));
    const after = [cpuMs(up.pid!), cpuMs(...browserPids())] as const;
    const percent = (index: 0 | 1): string => ((100 * (after[index] - before[index])) / spanMs).toFixed(1);
    const heap = `${(heapBefore / 2 ** 20).toFixed(1)} → ${((await heapOf(session)) / 2 ** 20).toFixed(1)} MB`;
    console.log(
      `${path}: ${(loaded / 1024).toFixed(0)} KB in ${shownMs.toFixed(0)} ms; server ${percent(0)} %, browser ${percent(1)} % of a core; heap of the page ${heap}`,
    );
    await tab.close();
  }
} finally {
  await browser.close();
  up.kill('SIGINT');
}

/** Used by processes so far; Linux counts in ticks of 10 ms. */
function cpuMs(...pids: number[]): number {
  let sum = 0;
  for (const pid of pids) {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    sum += (Number(fields[11]) + Number(fields[12])) * 10;
  }
  return sum;
}

/** Chromium and all processes below it. */
function browserPids(): number[] {
  const parents = new Map<number, number>();
  for (const pid of readdirSync('/proc').map(Number).filter(Number.isInteger)) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      parents.set(pid, Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
    } catch {
      // It has ended.
    }
  }
  const below = (root: number): number[] => [...parents].filter(([, parent]) => parent === root).flatMap(([pid]) => [pid, ...below(pid)]);
  return below(process.pid).filter((pid) => pid !== up.pid);
}
