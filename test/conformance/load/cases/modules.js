/* expect {
  "exitCode": 0,
  "metrics": {
    "iterations": { "count": 2 },
    "mine": { "count": 9 }
  },
  "checks": {
    "::k6": [7, 0],
    "::metrics": [4, 0],
    "::execution": [5, 0],
    "::data": [2, 0],
    "::encoding": [2, 0],
    "::crypto": [1, 0],
    "::timers": [1, 0],
    "::global": [1, 0],
    "::setup": [2, 0],
    "::init": [1, 0],
    "::tags stay": [1, 0],
    "::taken away": [1, 0]
  }
} */
import { check, fail, group, randomSeed, sleep } from 'k6';
import encoding from 'k6/encoding';
import crypto from 'k6/crypto';
import exec from 'k6/execution';
import { SharedArray } from 'k6/data';
import { Counter } from 'k6/metrics';
import timers from 'k6/timers';

export const options = {
  scenarios: { one: { executor: 'per-vu-iterations', vus: 1, iterations: 2, tags: { kind: 'x' } } },
  tags: { all: 'y' },
};

const counter = Counter('mine');
const shared = new SharedArray('s', () => [{ a: 1 }, 2]);
/** The message of what is thrown, or what is returned. */
const of = (fn) => {
  try {
    return fn();
  } catch (error) {
    return String(error.message);
  }
};
const inInit = [
  of(() => check(1, { a: true })),
  of(() => group('g', () => 1)),
  of(() => counter.add(1)),
  of(() => exec.vu.idInTest),
  of(() => exec.scenario.name),
  of(() => exec.test.options),
];
let instances = 0;

export function setup() {
  instances++;
  exec.vu.metrics.tags.mine = 'setup';
  return { nothing: undefined };
}

export default function (data) {
  if (exec.vu.iterationInScenario === 1) {
    check(exec.vu.metrics.tags, {
      'tags stay': (tags) => tags.own === '5',
      'taken away': (tags) => !('kind' in tags) && tags.kind === undefined,
    });
    return;
  }
  const { tags, metadata } = exec.vu.metrics;
  const rows = [
    ['k6', of(() => check(1)), 'no checks provided to `check`'],
    ['k6', of(() => check(1, { 'a::b': true })), "group and check names may not contain '::'"],
    [
      'k6',
      of(() => check(1, { tagged: true }, { o: {} })),
      "invalid value for metric tag 'o': only String, Boolean and Number types are accepted as a metric tag values",
    ],
    ['k6', of(() => group('x')), 'group() requires a callback as a second argument'],
    ['k6', of(() => fail(5)), '5'],
    ['k6', [sleep(), sleep('x'), sleep(-1)].join(), ',,'],
    ['k6', of(() => randomSeed()), undefined],
    ['metrics', of(() => new Counter('later')), 'metrics must be declared in the init context'],
    [
      'metrics',
      [counter.add(true), counter.add('5'), counter.add([3]), counter.add('x'), counter.add(null), counter.add()].join(),
      'true,true,true,false,false,false',
    ],
    ['metrics', Object.keys(counter).join(), 'name,add'],
    [
      'metrics',
      of(() => counter.add(1, { a: null })),
      "cannot add tags for the 'mine' custom metric: invalid value for metric tag 'a': only String, Boolean and Number types are accepted as a metric tag values",
    ],
    ['execution', of(() => ((tags.own = 5), (metadata.trace = 'abc'), tags.own + metadata.trace)), '5abc'],
    [
      'execution',
      of(() => (tags.bad = {})),
      "invalid value for metric tag 'bad': only String, Boolean and Number types are accepted as a metric tag values",
    ],
    ['execution', Object.keys(tags).sort().join(), 'all,group,kind,own,scenario'],
    ['execution', of(() => (delete tags.kind, tags.kind)), undefined],
    ['execution', Object.isFrozen(exec.test.options), true],
    ['data', [shared.length, shared[0].a, shared[9], shared.map((x) => typeof x).join()].join(), '2,1,,object,number'],
    ['data', of(() => new SharedArray('t', () => [])), 'new SharedArray must be called in the init context'],
    ['encoding', encoding.b64encode('hi?>', 'nonsense') + encoding.b64decode('aGk_Pg', 'rawurl', 's'), 'aGk/Pg==hi?>'],
    ['encoding', of(() => encoding.b64decode('a*')), 'illegal base64 data at input byte 1'],
    ['crypto', crypto.hmac('sha256', 'k', 'd', 'base64rawurl').length + crypto.md4('a', 'hex'), '43bde52cb31de33e46245e05fbdbd6fb24'],
    ['timers', ['setTimeout', 'clearInterval'].every((name) => timers[name] === globalThis[name]), true],
    ['global', ((globalThis.mine = 4), mine), 4],
    ['setup', JSON.stringify(data), '{"nothing":null}'],
    ['setup', instances, 0],
    ['init', inInit.filter((text) => /init context|VU context/.test(text)).length, 6],
  ];
  for (const [module, value, expected] of rows) check(null, { [module]: value === expected });
}

export function teardown() {
  if (instances !== 0) throw new Error('variables of setup()');
}
