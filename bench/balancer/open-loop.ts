/**
 * What a proxy adds to the time of a request when requests come at a rate of their own, below what it can carry.
 *
 *     node bench/balancer/open-loop.ts [--rates 5000,15000] [--seconds 4] [--rounds 5]
 *
 * h2load (nghttp2) sends HTTP/1.1 at a fixed rate over 64 connections, each at its own times, and logs every answer's time: straight
 * to the origin, through HAProxy, through Plimsoll, in turn. A proxy on CPU 0; origin and client on CPU 1. Medians
 * of the rounds, and the 99th percentile of the quietest: what else the machine does can only add to it.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  bench,
  folder,
  median,
  note,
  originPort,
  pause,
  proxyPort,
  say,
  startHaproxy,
  startOrigin,
  startPlimsoll,
  withProxy,
  type Proxy,
} from './setup.ts';

const { values: flags } = parseArgs({
  options: {
    rates: { type: 'string', default: '5000,15000' },
    seconds: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '5' },
  },
});
const CONNECTIONS = 64;

const proxies: Readonly<Record<string, () => Proxy>> = {
  haproxy: () =>
    startHaproxy(
      ['mode http', 'option forwardfor', 'http-reuse always'],
      [
        'frontend in',
        `bind 127.0.0.1:${proxyPort} backlog 4096`,
        'default_backend out',
        'backend out',
        'option httpchk GET /45',
        `server s1 127.0.0.1:${originPort} check inter 10s`,
      ],
    ),
  plimsoll: () => startPlimsoll(['--origins', String(originPort)]),
};

interface Figures {
  perSecond: number;
  p50: number;
  p99: number;
}

function load(port: number, rate: number, seconds: number): Figures {
  const log = join(folder, 'h2load.log');
  rmSync(log, { force: true });
  const args = ['-c', '1', 'h2load', '--h1', '-t1', `-c${CONNECTIONS}`, `--rps=${rate / CONNECTIONS}`, `-D${seconds}`, `--log-file=${log}`];
  spawnSync('taskset', [...args, `http://127.0.0.1:${port}/45`], { encoding: 'utf8' });
  // A line: start of the request in µs since the epoch, status, µs until its answer was there.
  const lines = readFileSync(log, 'utf8').trim().split('\n');
  const times = Float64Array.from(lines, (line) => Number(line.split('\t')[2])).toSorted();
  const quantile = (q: number): number => times[Math.floor(times.length * q)] as number;
  return { perSecond: times.length / seconds, p50: quantile(0.5), p99: quantile(0.99) };
}

await bench(async () => {
  await startOrigin();
  const rates = flags.rates.split(',').map(Number);
  const collected = new Map<string, Figures[]>();
  const measure = async (name: string, port: number): Promise<void> => {
    // The just-in-time compiler has its work done before anything is measured.
    load(port, Math.max(...rates), 3);
    for (const rate of rates) {
      await pause(300);
      note(collected, `${rate} | ${name}`, load(port, rate, Number(flags.seconds)));
    }
  };
  for (let round = 0; round < Number(flags.rounds); round++) {
    await measure('direct', originPort);
    for (const [name, begin] of Object.entries(proxies)) await withProxy(begin, () => measure(name, proxyPort));
  }
  say('| requests/s asked for | through | requests/s | p50 µs | p99 µs | quietest p99 µs |\n|---|---|---|---|---|---|');
  for (const [key, all] of collected) {
    const of = (name: keyof Figures): string => median(all.map((each) => each[name])).toFixed(0);
    const quietest = Math.min(...all.map(({ p99 }) => p99)).toFixed(0);
    say(`| ${key} | ${of('perSecond')} | ${of('p50')} | ${of('p99')} | ${quietest} |`);
  }
});
