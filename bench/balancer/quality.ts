/**
 * Quality of the choice of target, in virtual time: four targets of eight slots each, one ten times slower than the others,
 * the same arrivals for every algorithm.
 *
 *     node bench/balancer/quality.ts
 *
 * Service times are exponential, 10 ms on average (100 ms on the slow one); arrivals are Poisson, 1,000 per second,
 * half of what the three fast targets could carry; 200,000 requests, the first tenth not counted.
 */
import { Histogram, seededRandom } from '../../src/base/index.ts';
import { algorithms, createAlgorithm, type Candidate } from '../../src/balancer/algorithms/index.ts';
import type { Algorithm } from '../../src/model/index.ts';

const REQUESTS = 200_000;
const SLOTS = 8;
const means = [10, 10, 10, 100];

interface Target extends Candidate {
  /** When each slot is free again. */
  readonly freeAtMs: number[];
}

interface Departure {
  readonly atMs: number;
  readonly target: Target;
  readonly latencyMs: number;
}

function simulate(name: Algorithm): Histogram {
  const random = seededRandom('quality');
  const algorithm = createAlgorithm(name, seededRandom(name));
  const targets = means.map((_, index): Target => ({
    id: `t${index}`,
    weight: 1,
    outstanding: 0,
    latencyMs: 0,
    latencyAtMs: 0,
    answers: 0,
    failures: 0,
    freeAtMs: Array.from({ length: SLOTS }, () => 0),
  }));
  algorithm.update(targets);
  const latencies = new Histogram();
  const departures: Departure[] = [];
  let nowMs = 0;
  for (let n = 0; n < REQUESTS; n++) {
    nowMs += -Math.log(1 - random.float());
    while (departures.length > 0 && (departures[0] as Departure).atMs <= nowMs) leave(departures.shift() as Departure);
    const index = algorithm.pick({ hash: random.int(0x1_0000_0000), nowMs });
    const target = targets[index] as Target;
    const slot = target.freeAtMs.indexOf(Math.min(...target.freeAtMs));
    const service = -Math.log(1 - random.float()) * (means[index] as number);
    const doneMs = Math.max(nowMs, target.freeAtMs[slot] as number) + service;
    target.freeAtMs[slot] = doneMs;
    target.outstanding++;
    insert({ atMs: doneMs, target, latencyMs: doneMs - nowMs });
    if (n > REQUESTS / 10) latencies.record(doneMs - nowMs);
  }
  return latencies;

  function leave({ target, latencyMs, atMs }: Departure): void {
    target.outstanding--;
    algorithm.onAnswer(target, latencyMs, false, atMs);
  }

  function insert(departure: Departure): void {
    let at = departures.length;
    while (at > 0 && (departures[at - 1] as Departure).atMs > departure.atMs) at--;
    departures.splice(at, 0, departure);
  }
}

process.stdout.write('| algorithm | mean ms | p50 | p99 |\n|---|---|---|---|\n');
for (const name of Object.keys(algorithms) as Algorithm[]) {
  const h = simulate(name);
  process.stdout.write(`| ${name} | ${h.mean.toFixed(1)} | ${h.quantile(0.5).toFixed(1)} | ${h.quantile(0.99).toFixed(1)} |\n`);
}
