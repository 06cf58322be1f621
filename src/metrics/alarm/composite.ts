import { PlimsollError } from '../../base/index.ts';
import type { AlarmState, AlarmStatus } from '../../model/index.ts';
import { metricsErrors } from '../errors.ts';

/** The rule of a composite alarm, read. */
export type AlarmRule =
  | { readonly type: 'constant'; readonly value: boolean }
  | { readonly type: 'state'; readonly state: AlarmState; readonly alarm: string }
  | { readonly type: 'not'; readonly of: AlarmRule }
  | { readonly type: 'and' | 'or'; readonly left: AlarmRule; readonly right: AlarmRule }
  | {
      readonly type: 'atLeast';
      readonly count: number;
      readonly state: AlarmState;
      readonly not: boolean;
      readonly alarms: readonly string[];
    };

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html: at most 10,240 characters and 100 alarms. */
const LENGTH_MAX = 10_240;
const ALARMS_MAX = 100;
const DEPTH_MAX = 100;

const states: readonly string[] = ['OK', 'ALARM', 'INSUFFICIENT_DATA'] satisfies AlarmState[];

/**
 * Reads a rule such as `ALARM(cpu-high) AND NOT (OK("disk full") OR INSUFFICIENT_DATA(net))`. Alarms go by name or
 * ARN, in quotation marks where they hold blanks or brackets. NOT binds before AND before OR.
 * `AT_LEAST(2, ALARM, (a, b, c))` holds when so many of the alarms, or `50%` of them, are in the state (`NOT OK`: in
 * any but it).
 * @throws PL_METRICS_ALARM_RULE
 */
export function parseAlarmRule(text: string): AlarmRule {
  if (text.length > LENGTH_MAX) throw bad(`an alarm rule has at most ${LENGTH_MAX} characters`, text);
  const parser = new RuleParser(text);
  const rule = parser.whole();
  const count = alarmsOf(rule).length;
  if (count > ALARMS_MAX) throw bad(`an alarm rule names at most ${ALARMS_MAX} alarms, this one ${count}`, text);
  return rule;
}

/** All alarms that a rule names, each once. */
export function alarmsOf(rule: AlarmRule): string[] {
  const found = new Set<string>();
  const visit = (node: AlarmRule): void => {
    if (node.type === 'state') found.add(node.alarm);
    else if (node.type === 'atLeast') for (const alarm of node.alarms) found.add(alarm);
    else if (node.type === 'not') visit(node.of);
    else if (node.type !== 'constant') {
      visit(node.left);
      visit(node.right);
    }
  };
  visit(rule);
  return [...found];
}

/** Whether a rule holds. An alarm that does not exist is in no state at all. */
export function holds(rule: AlarmRule, stateOf: (alarm: string) => AlarmState | undefined): boolean {
  switch (rule.type) {
    case 'constant':
      return rule.value;
    case 'state':
      return stateOf(rule.alarm) === rule.state;
    case 'not':
      return !holds(rule.of, stateOf);
    case 'and':
      return holds(rule.left, stateOf) && holds(rule.right, stateOf);
    case 'or':
      return holds(rule.left, stateOf) || holds(rule.right, stateOf);
    case 'atLeast': {
      const known = rule.alarms.map(stateOf).filter((state) => state !== undefined);
      return known.filter((state) => (state === rule.state) !== rule.not).length >= rule.count;
    }
  }
  return rule satisfies never;
}

/** The status of one of the alarms that a rule names, with the ARN that the reason shows. */
export interface ChildStatus extends AlarmStatus {
  readonly arn: string;
}

/**
 * Evaluates a composite alarm: ALARM while its rule holds, else OK. The reason names the alarm that changed last,
 * for that is what brought the change about.
 */
export function evaluateComposite(
  rule: AlarmRule,
  childOf: (alarm: string) => ChildStatus | undefined,
  previous: AlarmStatus,
  nowMs: number,
): AlarmStatus & { readonly transition: boolean } {
  const state = holds(rule, (alarm) => childOf(alarm)?.state) ? 'ALARM' : 'OK';
  if (state === previous.state) return { ...previous, transition: false };
  const children = alarmsOf(rule)
    .map(childOf)
    .filter((child) => child !== undefined);
  const latest = children.toSorted((a, b) => b.updatedAtMs - a.updatedAtMs)[0];
  const reason = latest
    ? `${latest.arn} transitioned to ${latest.state} at ${longDate(latest.updatedAtMs)}`
    : `The alarm rule ${state === 'ALARM' ? 'holds' : 'does not hold'} and names no existing alarm`;
  return { state, reason, updatedAtMs: nowMs, transition: true };
}

const weekdays = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const months = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'];

/** `Friday 02 June, 2023 12:23:57 UTC`, as CloudWatch writes it. */
function longDate(timeMs: number): string {
  const date = new Date(timeMs);
  const day = String(date.getUTCDate()).padStart(2, '0');
  return `${weekdays[date.getUTCDay()]} ${day} ${months[date.getUTCMonth()]}, ${date.getUTCFullYear()} ${date.toISOString().slice(11, 19)} UTC`;
}

class RuleParser {
  readonly #text: string;
  readonly #tokens: readonly string[];
  #next = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = text.match(/"[^"]*"|'[^']*'|[(),]|[^\s(),"']+|["']/g) ?? [];
  }

  whole(): AlarmRule {
    const rule = this.#or();
    if (this.#next < this.#tokens.length) throw this.#unexpected();
    return rule;
  }

  #or(): AlarmRule {
    if (++this.#depth > DEPTH_MAX) throw bad('the alarm rule is nested too deeply', this.#text);
    let left = this.#and();
    while (this.#takeIf('OR')) left = { type: 'or', left, right: this.#and() };
    this.#depth--;
    return left;
  }

  #and(): AlarmRule {
    let left = this.#not();
    while (this.#takeIf('AND')) left = { type: 'and', left, right: this.#not() };
    return left;
  }

  #not(): AlarmRule {
    let negated = false;
    while (this.#takeIf('NOT')) negated = !negated;
    const of = this.#primary();
    return negated ? { type: 'not', of } : of;
  }

  #primary(): AlarmRule {
    if (this.#takeIf('(')) {
      const inner = this.#or();
      this.#expect(')');
      return inner;
    }
    if (this.#takeIf('TRUE')) return { type: 'constant', value: true };
    if (this.#takeIf('FALSE')) return { type: 'constant', value: false };
    if (this.#takeIf('AT_LEAST')) return this.#atLeast();
    const state = this.#state();
    this.#expect('(');
    const alarm = this.#name();
    this.#expect(')');
    return { type: 'state', state, alarm };
  }

  #atLeast(): AlarmRule {
    this.#expect('(');
    const amount = /^(\d+)(%?)$/.exec(this.#token);
    if (amount === null || Number(amount[1]) < 1) throw this.#unexpected();
    this.#next++;
    this.#expect(',');
    const not = this.#takeIf('NOT');
    const state = this.#state();
    this.#expect(',');
    this.#expect('(');
    const alarms = [this.#name()];
    while (this.#takeIf(',')) alarms.push(this.#name());
    this.#expect(')');
    this.#expect(')');
    const count = amount[2] === '%' ? Math.ceil((Number(amount[1]) * alarms.length) / 100) : Number(amount[1]);
    return { type: 'atLeast', count, state, not, alarms };
  }

  #state(): AlarmState {
    if (!states.includes(this.#token)) throw this.#unexpected();
    return this.#tokens[this.#next++] as AlarmState;
  }

  #name(): string {
    const token = this.#token;
    if (token === '' || /^[(),]$|^["']$/.test(token)) throw this.#unexpected();
    this.#next++;
    return /^["']/.test(token) ? token.slice(1, -1) : token;
  }

  get #token(): string {
    return this.#tokens[this.#next] ?? '';
  }

  #takeIf(token: string): boolean {
    if (this.#token !== token) return false;
    this.#next++;
    return true;
  }

  #expect(token: string): void {
    if (!this.#takeIf(token)) throw this.#unexpected();
  }

  #unexpected(): PlimsollError {
    return bad(this.#token === '' ? 'the alarm rule ends too early' : `"${this.#token}" is out of place in an alarm rule`, this.#text);
  }
}

function bad(what: string, text: string): PlimsollError {
  return new PlimsollError(metricsErrors.PL_METRICS_ALARM_RULE, { what, where: text.slice(0, 200) });
}
