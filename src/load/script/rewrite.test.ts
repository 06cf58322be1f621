import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareRuns } from './rewrite-harness.ts';

/** Programs that must do the same, rewritten, as when nothing suspends. `http` and `k6` are imported. */

const imports = "import http from 'k6/http'; import { check, group, sleep } from 'k6';\n";

const equal: Record<string, string> = {
  'requests, sleep and checks': `export default () => { const r = http.get('a'); sleep(1); return [check(r, { ok: (x) => x.status === 200, no: () => false }), r.url]; };`,
  'every method of http': `export default () => [http.get('a'), http.post('b'), http.put('c'), http.patch('d'), http.del('e'), http.head('f'), http.options('g'), http.request('GET', 'h'), ...http.batch(['i', 'j'])].map((r) => r.url);`,
  'nested groups': `export default () => group('A', () => { http.get('1'); group('B', function () { http.get('2'); }); sleep(1); return 7; });`,
  'an exception inside a group': `export default () => { try { group('g', () => { http.get('a'); throw new Error('x'); }); } catch (e) { sleep(2); return e.message; } };`,
  'recursion, mutual and hoisted': `export default () => even(3); function even(n) { return n === 0 ? true : (sleep(n), odd(n - 1)); } function odd(n) { return n === 0 ? false : even(n - 1); }`,
  'aliases of the module': `const h = http, { post: send } = http, g = http.get; export default () => { h.get('a'); send('b'); g('c'); http['put']('d'); return http.del('e').url; };`,
  'a method chosen at run time': `export default () => ['get', 'post'].map((m) => http[m]('x').url);`,
  'the module as an argument': `const client = (c) => ({ fetch: (u) => c.get(u).url }); export default () => client(http).fetch('a');`,
  'array methods with blocking callbacks': `export default () => { const a = ['a', 'b', 'c']; const ok = (u) => http.get(u).url > 'a'; return [a.map((u) => http.get(u).url), a.filter(ok), a.reduce((s, u) => s + http.get(u).url, ''), a.reduceRight((s, u) => s + http.get(u).url), a.some(ok), a.every(ok), a.find(ok), a.findIndex(ok), a.findLast(ok), a.flatMap((u) => [u, http.get(u).url])]; };`,
  'holes, thisArg and changes while iterating': `export default () => { const a = [1, , 3]; const out = a.map(function (x) { http.get(this.u + x); a.push(9); return x; }, { u: 'z' }); return [out.length, 1 in out, a.length]; };`,
  'a blocking comparator': `export default () => ['b', 'a'].sort((x, y) => (http.get('c').url, x < y ? -1 : 1));`,
  'Map and Set forEach': `export default () => { const l = []; new Map([['a', 1]]).forEach((v, k) => l.push(http.get(k + v).url)); new Set(['q']).forEach((v) => l.push(http.get(v).url)); return l; };`,
  'a forEach of its own': `class Bag { constructor(i) { this.i = i; } forEach(f) { for (const x of this.i) f(x, 'own'); } } export default () => { const l = []; new Bag(['a', 'b']).forEach((x, y) => { l.push(http.get(x).url + y); }); return l; };`,
  'closures, tables and dispatch': `const step = (u) => () => http.get(u).url; const table = { x() { return http.get('x').url; }, y: () => sleep(1) }; export default () => { const l = [step('a'), step('b')].map((f) => f()); for (const k of ['x', 'y']) l.push(table[k]()); l.push(...Object.values(table).map((f) => f())); return l; };`,
  'call, apply, bind, spread': `function f(a, b) { return this.p + http.get(a + b).url; } export default () => { const o = { p: 'P' }; const g = f.bind(o, 'x'); return [f.call(o, 1, 2), f.apply(o, [3, 4]), g('y'), ((...a) => f.call(o, ...a))(5, 6), Reflect.apply(f, o, [7, 8])]; };`,
  'classes: super, static, private, fields': `class A { n = 1; constructor(b) { this.b = b; } go(u) { return http.get(this.b + u).url; } static make() { sleep(1); return new this('s'); } #p() { return http.get('priv').url; } q() { return this.#p(); } arrow = (u) => http.get(u + this.n).url; } class B extends A { go(u) { return 'B' + super.go(u); } } export default () => { const o = new B('x'); return [o.go('1'), B.make().go('2'), o.q(), o.arrow('f')]; };`,
  'default parameters and destructuring': `function f(a, b = http.get('d' + a).url, { c = http.get('c').url, d } = {}, ...r) { return [a, b, c, d, r]; } export default () => { const { a = http.get('a').url, b: [x = http.get('x').url] } = { b: [] }; let y; ({ y = http.get('y').url } = {}); return [f(1), f(1, 2), f(1, undefined, { d: 3 }, 4), a, x, y]; };`,
  'optional chaining': `const api = { get: (u) => http.get(u), none: null }; export default () => { const z = null; return [api?.get('a').url.length, z?.get('b').url.x, api.get?.('c')?.url, api.no?.('d').e.f, api.none?.x.get('q')]; };`,
  'order of evaluation': `let n = 1; const b = (u) => { http.get(u); n += 10; return n; }; export default () => { let x = n + b('a') * n; x += b('b'); const o = { v: 5 }; o.v -= b('c'); let y = null; y ??= b('d'); y &&= b('e'); y ||= b('f'); return [x, o.v, y, false && b('no'), true ? b('g') : b('no'), \`\${b('h')}-\${n}\`, (b('i'), n), typeof b('j'), -b('k'), [...[b('l')]], { [b('m')]: n }]; };`,
  'try, catch, finally': `const l = []; function f(u) { try { http.get(u); if (u === 'fail') throw new Error('E'); return 'r'; } catch (e) { l.push(e.message); sleep(1); return 'c'; } finally { http.get('fin'); if (u === 'over') return 'o'; } } export default () => [f('a'), f('fail'), f('over'), l];`,
  'loops, labels, switch': `export default () => { const l = []; outer: for (let i = 0; i < 3; i++) { for (const j of [0, 1, 2]) { if (j === 2) continue outer; if (i === 2) break outer; l.push(http.get(i + '' + j).url); } } let k = 0; do { sleep(k); } while (++k < http.get('n').status - 198); switch (http.get('s').url) { case http.get('t').url: l.push('t'); case 's': l.push('s'); break; default: l.push('no'); } return l; };`,
  'closures in loops': `export default () => { const fs = []; for (let i = 0; i < 3; i++) { sleep(i); fs.push(() => http.get('c' + i).url); } return fs.map((f) => f()); };`,
  'this and arguments in arrows': `const o = { p: 'o', f() { const g = () => this.p + arguments.length + arguments[1]; http.get('a'); return [1].map(() => { sleep(1); return g(); }); } }; function v() { let s = ''; for (const a of arguments) s += a(); return s; } export default () => [o.f('x', 'y'), v(() => http.get('1').url, () => http.get('2').url)];`,
  'generators that block': `function* pages(n) { for (let i = 0; i < n; i++) { const c = yield http.get('p' + i).url; if (c) sleep(c); } return 'end'; } function* all() { const r = yield* pages(2); yield r; } export default () => { const l = []; for (const p of all()) l.push(p); const it = pages(2); l.push(it.next().value, it.next(5).value, it.next().done); const [first] = pages(9); return [l, first, [...all()]]; };`,
  'an event emitter': `class E { h = {}; on(n, f) { (this.h[n] ||= []).push(f); return this; } emit(n, ...a) { (this.h[n] || []).slice().forEach((f) => f.apply(this, a)); } } export default () => { const l = [], e = new E().on('x', (u) => l.push(http.get(u).url)).on('x', function (u) { sleep(1); l.push(this.h.x.length); }); e.emit('x', 'a'); return l; };`,
  'a decorator': `const timed = (fn) => function () { http.get('t0'); try { return fn.apply(this, arguments); } finally { http.get('t1'); } }; class A { constructor() { this.b = 'B'; this.go = timed(this.go); } go(u) { return this.b + http.get(u).url; } } export default () => new A().go('x');`,
  'native methods beside functions under computed names': `const bag = {}; export default () => { for (const k of ['a', 'b']) bag[k] = (u) => http.get(u + k).url; const l = Array.from({ length: 2 }, () => Math.round(1.2)); return [l, bag['a']('x'), bag['b']('y')]; };`,
  'a function that is assigned again': `let f = () => 'plain'; export default () => { const a = f(); f = (u) => http.get('late').url; return [a, f()]; };`,
  'a function that is thrown': `export default () => { try { throw () => http.get('thrown').url; } catch (f) { return f(); } };`,
  'a cursor that is no iterator': `class Cursor { next() { return http.get('n').url; } toString() { return 'c'; } } class List { *[Symbol.iterator]() { yield 1; } } export default () => [new Cursor().next(), String(new Cursor()), ...new List()];`,
  'a proxy that makes functions': `const api = new Proxy({}, { get: (_, k) => () => http.get(k).url }); export default () => [api.login(), api.buy()];`,
  'one name, blocking and not': `const api = { get(k) { return http.get(k).url; } }; class C { constructor() { this.m = new Map([['a', 1]]); this.v = this.m.get('a'); } get size() { return this.m.get('a'); } } export default () => [api.get('x'), new C().v, new C().size];`,
  'array methods whose names are computed': `export default () => ['map', 'filter', 'forEach'].map((name) => ['a', 'b'][name]((u) => http.get(u).url));`,
  'deep recursion': `function d(n) { if (!n) { http.get('deep'); return 0; } return 1 + d(n - 1); } export default () => d(2000);`,
  'async functions': `const l = []; async function f(u) { l.push('in ' + u); http.get(u); l.push('got ' + u); await null; l.push('after ' + u); sleep(1); return u; } export default async () => { const p = f('a'); l.push('called'); Promise.resolve().then(() => l.push('job')); const q = f('b'); const both = await Promise.all([p, q]); return [both, l]; };`,
  'callbacks of promises wait for blocking calls': `const l = []; export default async () => { const p = Promise.resolve().then(() => { l.push('cb'); }); group('g', () => { http.get('a'); l.push('main'); }); await p; return l; };`,
  'a promise returned by a blocking function': `const p0 = Promise.resolve(5); function start() { http.get('a'); return p0; } export default () => { const p = start(); return [p === p0, typeof p.then]; };`,
  'a thenable returned by a blocking function': `function q() { http.get('a'); return { then(r) { r('unwrapped'); }, v: 1 }; } export default () => q().v;`,
  'async generators, for await': `async function* g() { yield http.get('a').url; const r = await Promise.resolve('x'); yield* h(r); } async function* h(r) { yield r + http.get('b').url; return 1; } export default async () => { const l = []; for await (const v of g()) l.push(v); for await (const v of [Promise.resolve(1), 2]) l.push(v); return l; };`,
  'rejections, finally, allSettled, any, race': `export default async () => { const l = []; try { await (async () => { http.get('a'); throw new Error('no'); })(); } catch (e) { l.push(e.message); } finally { sleep(1); } l.push(await Promise.allSettled([Promise.reject(1), 2]), await Promise.any([Promise.reject(1), Promise.resolve(3)]), await Promise.race([new Promise(() => {}), 4]), await Promise.resolve(5).finally(() => { http.get('f'); })); return l; };`,
  'natives under other names, where they can be seen through': `const A = Array, M = Map, O = Object; class L extends A { each(f) { this.forEach(f); } } export default () => { const l = []; new M([['a', 1]]).forEach((v, k) => l.push(http.get(k + v).url)); L.of('b').each((u) => l.push(http.get(u).url)); return [l, new A('c', 'd').map((u) => http.get(u).url), A.of('e').filter((u) => http.get(u).url), O.entries({ f: 1 }).map(([k]) => http.get(k).url), [].concat.bind([])(['g']).map((u) => http.get(u).url), [...new Uint8Array([1]).map((n) => http.get('h' + n).status)]]; };`,
  'a native that makes promises, under another name': `const { resolve } = Promise; export default async () => resolve.call(Promise, 1).then(() => http.get('x').url);`,
  'a callback through Array.prototype': `export default () => Array.prototype.map.call('ab', (u) => http.get(u).url);`,
  'a native by way of apply': `export default () => Reflect.apply([].map, ['a'], [(u) => http.get(u).url]);`,
  'natives taken out of their objects': `const { map, reduce, toSorted } = Array.prototype; export default () => [map.call(['a'], (u) => http.get(u).url), reduce.call(['a'], (s, u) => s + http.get(u).url, ''), toSorted.call(['b', 'a'], (x, y) => (http.get('c').url, x < y ? -1 : 1))];`,
  'names that generated code might use': `const $t = 1, $run = 2, $P = 3, $a = 4, $vu = 5; export default () => { const $m0 = http.get('x').url; return [$t, $run, $P, $a, $vu, $m0, ((v = http.get('d').url) => v + $a)()]; };`,
  'the length of a function': `const curry = (f) => (a) => (f.length > 1 ? (b) => f(a, b) : f(a)); function f(a, b, c = http.get('c').url) { return [a, b, c]; } const g = ({ u = http.get('u').url }, b) => u + b; export default () => [f.length, g.length, curry(f)(1)(2), curry(g)({})(3)];`,
  'parameters that refer to later ones': `function f(a = (http.get('a'), b), b = 2) { return [a, b]; } function g(a, b = http.get(a).url) { var a; return [a, b]; } export default () => { try { return f(); } catch (e) { return [e.name, f(1), g('x')]; } };`,
  'default parameters of async functions': `async function f(a, b = http.get('b').url) { return a + b; } async function g({ a }) { return a; } export default async () => [await f(1), await g(null).catch((e) => e.name)];`,
  'what is read before the arguments of a call': `const seen = []; export default () => { try { null.map(http.get('never')); } catch (e) { seen.push(e.name); } const o = { get map() { seen.push('map'); return (f) => f(1); } }; return [o.map((seen.push('argument'), (v) => http.get(v).url)), seen]; };`,
  'callbacks that need not block this time': `const f = (v) => (v > 1 ? http.get(v).url : ''); export default () => [Array.prototype.filter.call([1, 1], f), [].some.apply([1], [f]), 'abc'.replace('b', 'd')];`,
  'combinators of promises': `const l = []; export default async () => { const late = (v) => Promise.resolve(v).then((w) => (http.get(w), l.push(w), w)); const no = (p) => p.catch((e) => e.name); return [await Promise.any([late(1), late(2)]), await no(Promise.any([Promise.reject(1)])), await no(Promise.any(1)), await no(Promise.race(1)), await no(Promise.all(1)), await Promise.race([late(3), 4]), l]; };`,
  'a proxy that is handed on': `const client = (path) => new Proxy({}, { get: (_, name) => (v) => http.get(path + '/' + name + v).url }); const make = (v) => (http.get('login'), client(v)); export default () => make('/api').users(1);`,
  'kinds of functions and generators': `function f() { http.get('f'); } function* g() { yield http.get('g').url; } const kind = (v) => Object.prototype.toString.call(v); export default () => [kind(f), kind(g), kind(g()), f.constructor === Function, typeof g()[Symbol.iterator], [...g()]];`,
  'a template of parts that block': `function* g() { yield http.get('g').url; } const h = {}; export default () => [String.raw\`a\${([h.a, ...h.b] = g(), 1)}b\`, \`\${[...g()]}\`];`,
  'jobs of a function that throws': `const l = []; export default () => { Promise.resolve().then(() => (http.get('job'), l.push('job'))).then(() => sleep(1)); http.get('x'); throw new Error('thrown'); };`,
  'what is read too early': `const seen = []; try { seen.push(typeof later); } catch (e) { seen.push(e.name); } try { new Late(); } catch (e) { seen.push(e.name); } const later = 1; class Late {} var old = seen.push(typeof old); export default () => [seen, later, old, http.get('x').url];`,
};

for (const [name, program] of Object.entries(equal))
  test(`does the same: ${name}`, async () => {
    const outcome = await compareRuns(imports + program);
    assert.equal(outcome.kind, 'equal', JSON.stringify(outcome, null, 1));
  });

/** What cannot wait must be refused before the run or caught in it. */
const impossible: Record<string, string> = {
  'a getter': `const o = { get x() { return http.get('x').url; } }; export default () => o.x;`,
  'a setter': `class A { set tok(v) { http.post(v); } } export default () => { new A().tok = 'x'; };`,
  'a constructor': `class A { constructor() { this.t = http.get('t').url; } } export default () => new A().t;`,
  'a field initialiser': `class A { t = http.get('tok').url; } export default () => new A().t;`,
  'a constructor function': `function A() { this.x = http.get('a').url; } export default () => new A().x;`,
  'a replace callback': `export default () => 'abc'.replace(/b/, (m) => http.get(m).url + '!');`,
  toString: `class U { toString() { return http.get('u').url; } } export default () => \`\${new U()}\`;`,
  toJSON: `export default () => JSON.stringify({ a: { toJSON() { return http.get('j').url; } } });`,
  'an Array.from mapper': `export default () => Array.from({ length: 2 }, (_, i) => http.get('f' + i).url);`,
  'a promise executor': `export default () => { new Promise((r) => { http.get('p'); r(); }); http.get('after'); };`,
  'an iterator': `const it = { [Symbol.iterator]() { let i = 0; return { next() { http.get('n'); return { done: i++ > 1, value: i }; } }; } }; export default () => { const l = []; for (const x of it) l.push(x); return l; };`,
  'an iterator under a symbol by another name': `const S = Symbol; const it = { [S.iterator]: () => ({ next: () => ({ done: http.get('n').status === 200 }) }) }; export default () => [...it];`,
  'an iterator that is assigned': `const it = {}; it[Symbol.iterator] = function () { return { next() { http.get('n'); return { done: true }; } }; }; export default () => { const [a] = it; return a; };`,
  'an iterator whose symbol cannot be seen': `const key = Symbol.iterator, A = Array; const next = () => { http.get('n'); return { done: true }; }; const it = { [key]() { return { next }; } }; export default () => { try { return A.from(it); } catch { return 'caught'; } };`,
  'a proxy trap': `const o = new Proxy({}, { get(t, k) { return http.get(k).url; } }); export default () => o.a;`,
  'a defined getter': `const o = {}; Object.defineProperty(o, 'x', { get() { return http.get('x').url; } }); export default () => o.x + '!';`,
  'a comparator in a variable': `const by = { f: (a, b) => http.get('c').status - 200 }; export default () => Object.groupBy(['a'], by.f);`,
  'natives under other names': `const A = Array; const { from } = A; const m = [].map; export default () => [A.from([1], (x) => http.get('a' + x).url), from.call(A, [1], (x) => http.get('b' + x).url), m.call([1], (x) => http.get('c' + x).url)];`,
  'a native by way of bind': `const map = Function.prototype.call.bind([].map); export default () => map(['a'], (u) => http.get(u).url);`,
  'a parser by another name': `const { parse } = JSON; export default () => parse('[1]', (k, v) => (k === '0' ? http.get('a').status : v));`,
  'a generator that blocks, given to Array.from': `function* g() { yield http.get('1').url; } export default () => Array.from(g());`,
  'a promise by another name': `const P = Promise; export default () => { new P((r) => { http.get('p'); r(); }); return 1; };`,
  'a writer by another name': `const J = JSON; export default () => J.stringify({ a: 1 }, (k, v) => (k === 'a' ? http.get('a').status : v));`,
  'Reflect by another name': `const R = Reflect; export default () => R.apply((u) => http.get(u).url, null, ['a']);`,
  'a method of strings by way of its prototype': `const S = String; export default () => S.prototype.replace.call('ab', /a/, (m) => http.get(m).url);`,
  'a helper of iterators': `export default () => [...['a', 'b'].values().map((u) => http.get(u).url)];`,
  'iterators by another name': `const I = Iterator; export default () => I.from(['a']).map((u) => http.get(u).url).toArray();`,
  'grouping under another name': `const { groupBy } = Object; export default () => groupBy(['a'], (u) => http.get(u).url);`,
  'Map.groupBy under another name': `const M = Map; export default () => [...M.groupBy(['a'], (u) => http.get(u).url).keys()];`,
  'a getter defined under another name': `const { defineProperty } = Object; const o = {}; defineProperty(o, 'x', { get() { return http.get('x').url; } }); export default () => o.x + '';`,
  'Array.fromAsync under another name': `const { fromAsync } = Array; export default async () => fromAsync(['a'], (u) => http.get(u).url);`,
};

for (const [name, program] of Object.entries(impossible))
  test(`is refused or caught, never wrong: ${name}`, async () => {
    const outcome = await compareRuns(imports + program);
    assert.ok(outcome.kind === 'refused' || outcome.kind === 'caught', JSON.stringify(outcome, null, 1));
  });
