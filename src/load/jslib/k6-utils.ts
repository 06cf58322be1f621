import { check as checkNow } from 'k6';
import { randomBytes } from 'k6/crypto';
import execution from 'k6/execution';

/**
 * The functions of jslib's `k6-utils` (https://grafana.com/docs/k6/latest/javascript-api/jslib/utils/). This file is
 * bundled with the scripts that import it, so `Math.random` is the VU's own, which `randomSeed` seeds.
 */

// oxlint-disable-next-line no-restricted-properties -- see above
const random = (): number => Math.random();

/** A whole number, both ends included. */
export function randomIntBetween(min: number, max: number): number {
  return Math.floor(random() * (max - min + 1) + min);
}

export function randomItem<T>(items: readonly T[]): T | undefined {
  return items[Math.floor(random() * items.length)];
}

export function randomString(length: number, charset = 'abcdefghijklmnopqrstuvwxyz'): string {
  let text = '';
  for (let i = 0; i < length; i++) text += charset.charAt(Math.floor(random() * charset.length));
  return text;
}

/** RFC 9562 section 5.4; with `secure` of random bytes that nobody can guess. */
export function uuidv4(secure = false): string {
  const bytes = secure ? new Uint8Array(randomBytes(16)) : Uint8Array.from({ length: 16 }, () => Math.floor(random() * 256));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** What stands between two texts: the first such place, or with `repeat` all of them. Null when there is none. */
export function findBetween(content: string, left: string, right: string, repeat = false): string | string[] | null {
  const found: string[] = [];
  let at = 0;
  for (;;) {
    const start = content.indexOf(left, at);
    const end = start < 0 ? -1 : content.indexOf(right, start + left.length);
    if (end < 0) break;
    const text = content.slice(start + left.length, end);
    if (!repeat) return text;
    found.push(text);
    at = end + right.length;
  }
  return found.length > 0 ? found : null;
}

/** Stages that follow a bell curve of two standard deviations to each side, led in and out by a sixth of the time. */
export function normalDistributionStages(
  maxVus: number,
  durationSeconds: number,
  numberOfStages = 10,
): { duration: string; target: number }[] {
  const density = (x: number): number => Math.exp(-(x * x) / 2);
  const end = `${Math.ceil(durationSeconds / 6)}s`;
  const middle = `${Math.ceil((4 * durationSeconds) / (6 * numberOfStages))}s`;
  const heights = Array.from({ length: numberOfStages + 1 }, (_, i) => density((4 * i) / numberOfStages - 2));
  const peak = Math.max(...heights);
  const stages = heights.map((height, i) => ({ duration: i === 0 ? end : middle, target: Math.round((height * maxVus) / peak) }));
  return [...stages, { duration: end, target: 0 }];
}

const unitsMs: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000, ms: 1 };

/** Milliseconds of a text such as `1h30m` or `500` (milliseconds). */
export function parseDuration(text: string): number {
  if (text === undefined || text === null || text.length < 1) throw new Error('str is empty');
  const seen = new Set<string>();
  let total = 0;
  let rest = text;
  while (rest !== '') {
    const match = /^([\d.]+)(ms|[a-z])?/.exec(rest);
    if (!match) throw new Error(`${rest.charAt(0)} is an unsupported time unit`);
    const unit = match[2] ?? 'ms';
    const factor = unitsMs[unit];
    if (factor === undefined) throw new Error(`${unit} is an unsupported time unit`);
    if (seen.has(unit)) throw new Error(`${unit} time unit is provided multiple times`);
    seen.add(unit);
    total += unit === 'ms' ? Math.trunc(Number(match[1])) : Number(match[1]) * factor;
    rest = rest.slice(match[0].length);
  }
  return total;
}

function stagesNow(): readonly { readonly duration: string; readonly target: number }[] {
  const { name } = execution.scenario;
  const { scenarios, stages: own } = execution.test.options;
  const stages = scenarios?.[name]?.stages ?? (scenarios === undefined ? own : undefined);
  if (stages === undefined) throw new Error(`the scenario ${name} has no stages: only ramping-vus and ramping-arrival-rate have them`);
  if (stages.length === 0) throw new Error(`the current scenario ${name} doesn't contain any stage`);
  return stages;
}

/** The stage that the scenario is in, from 0. */
export function getCurrentStageIndex(): number {
  const stages = stagesNow();
  // oxlint-disable-next-line no-restricted-properties -- a script's clock
  const elapsedMs = Date.now() - execution.scenario.startTime;
  let end = 0;
  for (let i = 0; i < stages.length; i++) {
    end += parseDuration(String(stages[i]?.duration));
    if (elapsedMs < end) return i;
  }
  return stages.length - 1;
}

/** Tags all further samples of this VU with `stage`. */
export function tagWithCurrentStageIndex(): void {
  execution.vu.tags['stage'] = getCurrentStageIndex();
}

/** Tags all further samples of this VU with `stage_profile`: `ramp-up`, `steady` or `ramp-down`. */
export function tagWithCurrentStageProfile(): void {
  const index = getCurrentStageIndex();
  const stages = stagesNow();
  const target = stages[index]?.target ?? 0;
  const before = index < 1 ? undefined : stages[index - 1]?.target;
  let profile = 'ramp-up';
  if (before === target) profile = 'steady';
  else if (before !== undefined && target < before) profile = 'ramp-down';
  execution.vu.tags['stage_profile'] = profile;
}

type Conditions = Readonly<Record<string, unknown>>;

function isPromise(value: unknown): value is Promise<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}

/** `check` that waits for a value, for conditions and for functions that are promises; then it answers with one itself. */
export function check(value: unknown, conditions: Conditions, tags?: Readonly<Record<string, string>>): unknown {
  if (isPromise(value)) return value.then((inner) => check(inner, conditions, tags));
  const outcomes: Record<string, unknown> = {};
  const pending: Promise<unknown>[] = [];
  for (const [name, condition] of Object.entries(conditions)) {
    const outcome: unknown = typeof condition === 'function' ? (condition as (value: unknown) => unknown)(value) : condition;
    outcomes[name] = outcome;
    if (isPromise(outcome)) pending.push(outcome.then((inner) => (outcomes[name] = inner)));
  }
  if (pending.length === 0) return checkNow(value, outcomes, tags);
  return Promise.all(pending).then(() => checkNow(value, outcomes, tags));
}
