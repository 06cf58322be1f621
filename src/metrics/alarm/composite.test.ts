import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { PlimsollError } from '../../base/index.ts';
import type { AlarmState } from '../../model/index.ts';
import { alarmsOf, evaluateComposite, holds, parseAlarmRule, type AlarmRule, type ChildStatus } from './composite.ts';

const AT = Date.UTC(2023, 5, 2, 12, 23, 57);
const states: Record<string, AlarmState> = { on: 'ALARM', off: 'OK', blind: 'INSUFFICIENT_DATA', 'with blanks (and brackets)': 'ALARM' };

describe('the rule of a composite alarm', () => {
  const cases: [rule: string, holds: boolean][] = [
    ['TRUE', true],
    ['FALSE', false],
    ['ALARM(on)', true],
    ['ALARM(off)', false],
    ['OK(off)', true],
    ['INSUFFICIENT_DATA(blind)', true],
    ['ALARM(nowhere)', false],
    ['NOT ALARM(nowhere)', true],
    ['ALARM("with blanks (and brackets)")', true],
    ["ALARM('on')", true],
    ['NOT ALARM(on)', false],
    ['NOT NOT ALARM(on)', true],
    ['ALARM(on) OR ALARM(off) AND FALSE', true],
    ['(ALARM(on) OR ALARM(off)) AND FALSE', false],
    ['FALSE AND FALSE OR TRUE', true],
    ['NOT FALSE AND FALSE', false],
    ['NOT (FALSE AND FALSE)', true],
    ['AT_LEAST(2, ALARM, (on, off, "with blanks (and brackets)"))', true],
    ['AT_LEAST(2, ALARM, (on, off, blind))', false],
    ['AT_LEAST(2, NOT OK, (on, off, blind))', true],
    ['AT_LEAST(1, NOT OK, (nowhere))', false],
    ['AT_LEAST(50%, ALARM, (on, off))', true],
    ['AT_LEAST(50%, ALARM, (on, off, blind))', false],
  ];
  for (const [rule, expected] of cases) {
    it(`${rule} is ${expected}`, () =>
      assert.equal(
        holds(parseAlarmRule(rule), (alarm) => states[alarm]),
        expected,
      ));
  }

  for (const rule of [
    '',
    'ALARM',
    'ALARM(',
    'ALARM()',
    'ALARM(a',
    'ALARM(a) AND',
    'ALARM(a) ALARM(b)',
    'alarm(a)',
    'MAYBE(a)',
    'ALARM(",)',
    'AT_LEAST(0, ALARM, (a))',
    '('.repeat(200),
  ]) {
    it(`refuses ${rule.slice(0, 40)}`, () => assert.throws(() => parseAlarmRule(rule), { code: 'PL_METRICS_ALARM_RULE' }));
  }

  it('refuses more than a hundred alarms', () => {
    const rule = (count: number): string => Array.from({ length: count }, (_, i) => `ALARM(a${i})`).join(' OR ');
    assert.equal(alarmsOf(parseAlarmRule(rule(100))).length, 100);
    assert.throws(() => parseAlarmRule(rule(101)), { code: 'PL_METRICS_ALARM_RULE' });
  });

  it('is read back from how it is written', () => {
    const leaf = fc.record({
      type: fc.constant('state' as const),
      state: fc.constantFrom<AlarmState>('OK', 'ALARM', 'INSUFFICIENT_DATA'),
      alarm: fc.stringMatching(/^[a-z][\w:/-]{0,8}$/),
    });
    const { rule } = fc.letrec<{ rule: AlarmRule }>((tie) => ({
      rule: fc.oneof(
        { depthSize: 'small' },
        leaf,
        fc.record({ type: fc.constant('not' as const), of: leaf }),
        fc.record({ type: fc.constantFrom('and' as const, 'or' as const), left: tie('rule'), right: tie('rule') }),
      ),
    }));
    const show = (node: AlarmRule): string => {
      if (node.type === 'state') return `${node.state}(${node.alarm})`;
      if (node.type === 'not') return `NOT ${show(node.of)}`;
      if (node.type === 'and' || node.type === 'or') return `(${show(node.left)} ${node.type.toUpperCase()} ${show(node.right)})`;
      return assert.fail();
    };
    fc.assert(
      fc.property(rule, (made) => {
        fc.pre(alarmsOf(made).length <= 100);
        assert.deepEqual(parseAlarmRule(show(made)), structuredClone(made));
      }),
    );
  });

  it('made of anything is read or refused, never anything else', () => {
    const pieces = ['ALARM(', 'OK', '(', ')', 'AND', 'OR', 'NOT', 'TRUE', 'a', ',', '"', "'", 'AT_LEAST(', '2'];
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.constantFrom(...pieces), fc.string({ maxLength: 4 })), { maxLength: 20 }), (parts) => {
        try {
          holds(parseAlarmRule(parts.join(' ')), () => 'OK');
        } catch (error) {
          assert.ok(error instanceof PlimsollError && error.code === 'PL_METRICS_ALARM_RULE', String(error));
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('a composite alarm', () => {
  const child = (arn: string, state: AlarmState, updatedAtMs: number): ChildStatus => ({ arn, state, updatedAtMs, reason: '' });

  it('follows its rule and names the alarm that changed last', () => {
    const children: Record<string, ChildStatus> = { cpu: child('arn:cpu', 'ALARM', AT - 60_000), net: child('arn:net', 'ALARM', AT) };
    const rule = parseAlarmRule('ALARM(cpu) AND ALARM(net)');
    const first = evaluateComposite(rule, (name) => children[name], { state: 'OK', reason: '', updatedAtMs: 0 }, AT + 5);
    assert.deepEqual(first, {
      state: 'ALARM',
      reason: 'arn:net transitioned to ALARM at Friday 02 June, 2023 12:23:57 UTC',
      updatedAtMs: AT + 5,
      transition: true,
    });
    const second = evaluateComposite(rule, (name) => children[name], first, AT + 10);
    assert.deepEqual(second, { ...first, transition: false });
    children['cpu'] = child('arn:cpu', 'OK', AT + 20);
    const third = evaluateComposite(rule, (name) => children[name], second, AT + 20);
    assert.equal(third.state, 'OK');
    assert.match(third.reason, /^arn:cpu transitioned to OK/);
  });
});
