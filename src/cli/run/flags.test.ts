import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Command } from 'commander';
import { declareFlags, keyOf } from './flags.ts';
import { settingsOf } from './settings.ts';

/** The command line and the environment, read by k6's rules (pflag's for arguments). */

function read(args: readonly string[]): { flags: Record<string, unknown>; rest: readonly string[] } {
  const command = new Command('run').argument('[script...]').exitOverride();
  declareFlags(command);
  command.parse([...args], { from: 'user' });
  return { flags: command.opts(), rest: command.args };
}

const spellings: [args: string[], flags: Record<string, unknown>][] = [
  [['-u', '5', '-d', '10s'], { vus: '5', duration: '10s' }],
  [['-u5', '-d=10s'], { vus: '5', duration: '10s' }],
  [['--vus=5', '--duration', '10s'], { vus: '5', duration: '10s' }],
  [['-qu', '5'], { quiet: 'true', vus: '5' }],
  [['-vqu=5'], { verbose: 'true', quiet: 'true', vus: '5' }],
  [['--no-setup', '--no-connection-reuse'], { noSetup: 'true', noConnectionReuse: 'true' }],
  [['--no-setup=false', '-p=false'], { noSetup: 'false', paused: 'false' }],
  [['-s', '1s:1', '-s', '2s:2,3s:3'], { stage: ['1s:1', '2s:2,3s:3'] }],
  [['--http-debug'], { httpDebug: 'true' }],
  [['--http-debug=full'], { httpDebug: 'full' }],
  [['--rps', '-1'], { rps: '-1' }],
  [['--submetric', 'a{b:c,d:e}', '--submetric=f{g:h}'], { submetric: ['a{b:c,d:e}', 'f{g:h}'] }],
];
for (const [args, flags] of spellings)
  test(`${args.join(' ')} reads as in k6`, () => {
    assert.deepEqual(read([...args, 'script.js']), { flags, rest: ['script.js'] });
    assert.deepEqual(read(['script.js', ...args]).flags, flags);
  });

test('behind -- nothing is a flag', () => {
  assert.deepEqual(read(['-q', '--', '-u']), { flags: { quiet: 'true' }, rest: ['-u'] });
});

const settings = (args: readonly string[], environment: Record<string, string> = {}): ReturnType<typeof settingsOf> =>
  settingsOf(read(args).flags, { HOME: '/nonexistent', ...environment }, false);

test('switches that begin with "no" have an effect', () => {
  const names = [
    '--no-setup',
    '--no-teardown',
    '--no-thresholds',
    '--no-connection-reuse',
    '--no-vu-connection-reuse',
    '--no-cookies-reset',
  ];
  const { options } = settings(names);
  assert.equal(Object.keys(options).length, names.length);
  for (const value of Object.values(options)) assert.equal(value, true);
  assert.equal(keyOf('no-setup') in options, true);
});

test('a switch of the command line takes precedence, also when it says no', () => {
  assert.equal(settings(['--linger=false'], { K6_LINGER: 'true' }).lingers, false);
  assert.equal(settings([], { K6_LINGER: 'true' }).lingers, true);
  assert.equal(settings(['--paused=false'], { K6_PAUSED: 'true' }).options['paused'], false);
  assert.deepEqual(settings(['--include-system-env-vars=false', '-e', 'A=1']).env, { A: '1' });
});

test('names of sub-metrics may have commas', () => {
  const names = ['checks{a:b,c:d}', 'iterations{e:f}'];
  assert.deepEqual(settings(['--submetric', 'checks{a:b,c:d}', '--submetric', 'iterations{e:f}']).options, { submetrics: names });
  assert.deepEqual(settings([], { K6_SUBMETRICS: names.join(',') }).options, { submetrics: names });
  assert.throws(() => settings(['--submetric', 'checks']), { exitCode: 255 });
});

test('variables of lists and pairs are read', () => {
  const { options } = settings([], { K6_TAGS: 'a:b,c:d', K6_HOSTS: 'a.test:127.0.0.1', K6_STAGES: '1s:2', K6_SYSTEM_TAGS: 'status,name' });
  assert.deepEqual(options, {
    tags: { a: 'b', c: 'd' },
    hosts: { 'a.test': '127.0.0.1' },
    stages: [{ duration: '1s', target: 2 }],
    systemTags: ['status', 'name'],
  });
});

/** Those of k6 1.8.1. */
const wrong: [args: string[], environment: Record<string, string>, exitCode: number][] = [
  [['-u', '1.5'], {}, 255],
  [['-d', '10'], {}, 255],
  [['-d', 'abc'], {}, 255],
  [['-s', 'x:5'], {}, 255],
  [['--no-setup=maybe'], {}, 255],
  [['--dns', 'ttl=x'], {}, 255],
  [['--dns', 'foo=1'], {}, 255],
  [['--local-ips', 'x'], {}, 255],
  [['--blacklist-ip', 'x'], {}, 255],
  [['--summary-trend-stats', 'p(101)'], {}, 255],
  [['--summary-time-unit', 'm'], {}, 255],
  [['--tag', 'x='], {}, 255],
  [['-e', 'A-B=c'], {}, 255],
  [['--execution-segment', '2'], {}, 255],
  [['-c', '/nonexistent'], {}, 104],
  [[], { K6_CONFIG: '/nonexistent' }, 104],
  [[], { K6_VUS: 'x' }, 104],
  [[], { K6_DURATION: 'abc' }, 104],
  [[], { K6_PAUSED: 'maybe' }, 104],
  [[], { K6_LINGER: 'x' }, 104],
  [[], { K6_TAGS: 'a=b' }, 104],
  [[], { K6_NO_SUMMARY: 'x' }, 255],
  [[], { K6_SUMMARY_TREND_STATS: 'bogus' }, 255],
];
for (const [args, environment, exitCode] of wrong)
  test(`${[...Object.entries(environment).map((pair) => pair.join('=')), ...args].join(' ')} ends with ${exitCode}`, () => {
    assert.throws(() => settings(args, environment), { exitCode });
  });
