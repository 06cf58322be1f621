import { appendFile } from 'node:fs';
import type { Clock } from '../base/index.ts';

/** Bytes that may wait for the disk; lines beyond it are dropped and counted. */
const WAITING_MAX = 8 * 1024 * 1024;
/** Bytes that are written without waiting for the second to end. The file is opened for each batch, so it may be rotated by renaming. */
const BATCH_BYTES = 256 * 1024;

/** What is known of a request when its line is written. Times are milliseconds, -1 where there was none. */
export interface LogEntry {
  type: 'http' | 'https' | 'h2' | 'grpcs' | 'ws' | 'wss';
  /** Wall clock, when the request came. */
  createdMs: number;
  loadBalancerId: string;
  client: string;
  target: string;
  requestMs: number;
  targetMs: number;
  responseMs: number;
  status: number;
  targetStatus: number;
  receivedBytes: number;
  sentBytes: number;
  method: string;
  url: string;
  version: string;
  userAgent: string;
  cipher: string;
  protocol: string;
  targetGroupId: string;
  traceId: string;
  domain: string;
  priority: number;
  actions: string;
  redirectUrl: string;
  reason: string;
  classification: string;
}

/**
 * A file of access log lines in the order of AWS's fields, appended to in batches.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html
 */
export class AccessLog {
  readonly #path: string;
  readonly #clock: Clock;
  #lines: string[] = [];
  #bytes = 0;
  #writing = false;
  /** Lines lost since the last report, because the disk could not keep up or refused them, and what it said. */
  #dropped = 0;
  #why = '';
  #losing = false;
  #recovered = false;

  constructor(path: string, clock: Clock) {
    this.#path = path;
    this.#clock = clock;
  }

  add(entry: LogEntry): void {
    const line = formatEntry(entry, this.#clock.nowMs());
    if (this.#bytes + line.length > WAITING_MAX) {
      this.#drop(1, 'the disk does not keep up');
      return;
    }
    this.#lines.push(line);
    this.#bytes += line.length;
    if (this.#bytes > BATCH_BYTES) this.flush();
  }

  flush(): void {
    if (this.#writing || this.#lines.length === 0) return;
    const batch = this.#lines;
    this.#lines = [];
    this.#bytes = 0;
    this.#writing = true;
    appendFile(this.#path, batch.join(''), (error) => {
      this.#writing = false;
      if (error) this.#drop(batch.length, error.message);
      else if (this.#losing) this.#recovered = true;
      if (this.#bytes > BATCH_BYTES) this.flush();
    });
  }

  /** Nothing waits to be written. */
  get idle(): boolean {
    return !this.#writing && this.#lines.length === 0;
  }

  /** About once a second: a line for whoever runs the balancer when lines were lost since the last call, and when that is over. */
  report(): string | undefined {
    const [dropped, recovered] = [this.#dropped, this.#recovered];
    this.#dropped = 0;
    if (dropped > 0) return `access log: ${dropped} lines lost: ${this.#why}`;
    if (!recovered) return undefined;
    this.#losing = false;
    this.#recovered = false;
    return `access log: lines are written again to ${this.#path}`;
  }

  #drop(count: number, why: string): void {
    this.#losing = true;
    this.#recovered = false;
    this.#dropped += count;
    this.#why = why;
  }
}

/** `app/name/0123456789abcdef` of an ARN, as AWS writes it; names that are none stay as they are. */
function resourceIdOf(loadBalancerId: string): string {
  return loadBalancerId.slice(loadBalancerId.indexOf(':loadbalancer/') + 1).replace(/^loadbalancer\//, '');
}

function formatEntry(e: LogEntry, nowMs: number): string {
  const status = e.targetStatus > 0 ? String(e.targetStatus) : '-';
  const target = e.target === '' ? '-' : e.target;
  return (
    `${e.type} ${timeText(nowMs)} ${resourceIdOf(e.loadBalancerId)} ${e.client} ${target} ` +
    `${seconds(e.requestMs)} ${seconds(e.targetMs)} ${seconds(e.responseMs)} ${e.status} ${status} ${e.receivedBytes} ${e.sentBytes} ` +
    `"${quoted(e.method)} ${quoted(e.url)} ${e.version}" "${quoted(e.userAgent) || '-'}" ${e.cipher || '-'} ${e.protocol || '-'} ${e.targetGroupId || '-'} ` +
    `"${e.traceId || '-'}" "${quoted(e.domain) || '-'}" "-" ${e.priority < 0 ? '-' : e.priority} ${timeText(e.createdMs)} ` +
    `"${e.actions || '-'}" "${quoted(e.redirectUrl) || '-'}" "${e.reason || '-'}" "${target}" "${status}" "${e.classification || '-'}" "-" TID_- "-" "-" "-"\n`
  );
}

const thousandths = Array.from({ length: 1000 }, (_, ms) => `0.${String(ms).padStart(3, '0')}`);

function seconds(ms: number): string {
  if (ms < 0) return '-1';
  return ms < 999 ? (thousandths[Math.round(ms)] as string) : (ms / 1000).toFixed(3);
}

let lastSecond = -1;
let lastText = '';

/** ISO 8601; many lines share a second. */
function timeText(ms: number): string {
  const second = Math.floor(ms / 1000);
  if (second !== lastSecond) {
    lastSecond = second;
    lastText = new Date(second * 1000).toISOString().slice(0, 19);
  }
  return `${lastText}${(thousandths[Math.floor(ms - second * 1000)] as string).slice(1)}Z`;
}

const unsafe = /["\\\0-\x1f\x7f-\uffff]/;
const allUnsafe = new RegExp(unsafe, 'g');

/** Quotes, backslashes and control characters as `\xNN`, so that a line stays a line. */
function quoted(text: string): string {
  return unsafe.test(text) ? text.replaceAll(allUnsafe, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`) : text;
}
