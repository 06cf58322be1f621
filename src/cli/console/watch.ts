import type { ServerResponse } from 'node:http';
import { monotonicMs, systemClock, type Timer } from '../../base/index.ts';
import type { Moment, Picture } from '../../console/index.ts';
import { eventText, Followers } from './events.ts';
import { lookAt } from './picture.ts';
import { Rates } from './rates.ts';
import type { ConsoleSource } from './source.ts';

/** Looking may take this part of the time: a region of ten thousand instances is looked at less often. */
const shareMax = 0.05;
/** A quarter of an hour of the timeline, kept for pages that open later. */
const momentsMax = 900;

interface WatchOptions {
  readonly lookEveryMs: number;
  /** Virtual users of a load test that runs. */
  users(): number | undefined;
  onFault(error: unknown): void;
}

/** Looks at one region about once a second, remembers its course, and tells all pages that follow. */
export class RegionWatch {
  readonly region: string;
  readonly #source: ConsoleSource;
  readonly #options: WatchOptions;
  readonly #rates = new Rates();
  readonly #followers = new Followers();
  #moments: Moment[] = [];
  #picture: Picture | undefined;
  /** Of the newest moment; moments are numbered from 1. */
  #number = 0;
  #timer: Timer;
  #closed = false;

  constructor(source: ConsoleSource, region: string, options: WatchOptions) {
    this.#source = source;
    this.region = region;
    this.#options = options;
    source.running?.onBalancerMetrics((delta) => this.#rates.add(delta));
    this.#timer = systemClock.after(0, () => void this.#look());
  }

  /** A page that comes back says the number of the last moment that it has, and gets those since. */
  follow(response: ServerResponse, lastNumber: number): void {
    this.#followers.add(response);
    const missed = this.#number - lastNumber;
    const resumes = lastNumber > 0 && missed >= 0 && missed <= this.#moments.length;
    const moments = resumes ? this.#moments.slice(this.#moments.length - missed) : this.#moments;
    response.write(eventText(resumes ? 'resume' : 'begin', { picture: this.#picture, moments }, this.#number));
  }

  /** Tells all pages that follow this region. */
  tell(event: string, value: unknown): void {
    this.#followers.tell(event, value);
  }

  close(): void {
    this.#closed = true;
    this.#timer.cancel();
    this.#followers.close();
  }

  async #look(): Promise<void> {
    const startMs = monotonicMs();
    try {
      const picture = await lookAt(this.#source, this.region, this.#rates.take());
      if (this.#closed) return;
      const moment = momentOf(picture, this.#options.users());
      this.#picture = picture;
      this.#moments.push(moment);
      this.#number++;
      if (this.#moments.length > momentsMax) this.#moments = this.#moments.slice(-momentsMax);
      this.#followers.tell('look', { picture, moment }, this.#number);
    } catch (error) {
      this.#options.onFault(error);
    }
    if (this.#closed) return;
    const tookMs = monotonicMs() - startMs;
    this.#timer = systemClock.after(Math.max(this.#options.lookEveryMs - tookMs, tookMs / shareMax), () => void this.#look());
  }
}

function momentOf({ atMs, loadBalancers, capacities, alarms }: Picture, users: number | undefined): Moment {
  const sum = (values: readonly number[]): number => Math.round(values.reduce((all, value) => all + value, 0) * 100) / 100;
  const p95s = loadBalancers.flatMap(({ traffic }) => traffic.p95Ms ?? []);
  return {
    atMs,
    requestsPerSecond: sum(loadBalancers.map(({ traffic }) => traffic.requestsPerSecond)),
    errorsPerSecond: sum(loadBalancers.map(({ traffic }) => traffic.errorsPerSecond)),
    ...(p95s.length === 0 ? {} : { p95Ms: Math.max(...p95s) }),
    ...(users === undefined ? {} : { users }),
    running: sum(capacities.map(({ running }) => running)),
    desired: sum(capacities.map(({ desired }) => desired)),
    alarms: alarms.filter(({ state }) => state === 'ALARM').map(({ name }) => name),
  };
}
