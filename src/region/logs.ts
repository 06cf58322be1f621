import { systemClock, type Logger, type Timer } from '../base/index.ts';
import { logGroups, logStreams, putLogEvents, type Place } from '../aws/index.ts';

interface Line {
  readonly at: Place;
  readonly group: string;
  readonly stream: string;
  readonly timestamp: number;
  readonly message: string;
}

const flushMs = 500;
/** Lines that wait at most; a program that writes faster loses the oldest, and is told so in its log. */
const linesMax = 10_000;

/** Takes what tasks and machines write to CloudWatch Logs, in one transaction each half second. */
export class LogShipper {
  readonly #log: Logger;
  readonly #timer: Timer;
  #lines: Line[] = [];
  #lost = 0;

  constructor(log: Logger) {
    this.#log = log;
    this.#timer = systemClock.every(flushMs, () => this.flush());
  }

  put(at: Place, group: string, stream: string, message: string): void {
    if (this.#lines.length >= linesMax) {
      this.#lost++;
      return;
    }
    this.#lines.push({ at, group, stream, timestamp: Math.floor(at.nowMs), message });
  }

  /** Makes sure that a group and a stream are there. False: there is no such group, and none may be made. */
  open(at: Place, group: string, stream: string, create: boolean): boolean {
    return at.world.transaction(() => {
      if (!at.table(logGroups).has(group)) {
        if (!create) return false;
        at.table(logGroups).put({ logGroupName: group, arn: at.arn('logs', `log-group:${group}:*`), creationTime: at.nowMs, tags: {} });
      }
      const key = `${group}\u0000${stream}`;
      if (!at.table(logStreams).has(key)) {
        const arn = at.arn('logs', `log-group:${group}:log-stream:${stream}`);
        at.table(logStreams).put({ group, logStreamName: stream, arn, creationTime: at.nowMs });
      }
      return true;
    });
  }

  flush(): void {
    if (this.#lines.length === 0) return;
    const lines = this.#lines;
    this.#lines = [];
    if (this.#lost > 0) this.#log.warn({ lost: this.#lost }, 'programs wrote faster than their logs could be kept');
    this.#lost = 0;
    try {
      this.#write(lines);
    } catch (error) {
      // A full disk costs lines, not the region.
      this.#log.error({ err: error, lost: lines.length }, 'logs cannot be kept');
    }
  }

  #write(lines: readonly Line[]): void {
    for (const [at, ofPlace] of Map.groupBy(lines, ({ at }) => at)) {
      at.world.transaction(() => {
        for (const own of Map.groupBy(ofPlace, ({ group, stream }) => `${group}\u0000${stream}`).values()) {
          const { group, stream } = own[0]!;
          putLogEvents(at, group, stream, own);
        }
      });
    }
  }

  close(): void {
    this.#timer.cancel();
    this.flush();
  }
}
