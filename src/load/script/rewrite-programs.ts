import type { Random } from '../../base/index.ts';

/**
 * Random programs that use every form of the language in which a blocking call may stand. They always end: each function takes from one
 * supply of fuel, and without fuel does nothing. For tests.
 */

/** What a production is made of. */
interface Parts {
  /** An expression one level deeper. */
  readonly e: () => string;
  /** One or two statements one level deeper, for a function of their own that is not async. */
  readonly s: () => string;
  /** The same for a block of the function around it. */
  readonly b: () => string;
  /** A function of the program. */
  readonly f: () => string;
  /** A name that nothing else has. */
  readonly name: () => string;
  readonly pick: (...options: string[]) => string;
}

type Production = (parts: Parts) => string;

const leaves = ['x', '1', '2', "'s'", 'fuel', 'null', 'undefined', 'holder.n'];
const listMethods = ['forEach', 'map', 'filter', 'some', 'every', 'find', 'findIndex', 'findLast', 'findLastIndex', 'flatMap'];

const expressions: readonly Production[] = [
  () => `http.get('e' + x).status`,
  () => `http?.get('o' + x)?.url.length`,
  () => `http.batch(['b' + x, 'c']).length`,
  ({ e }) => `(${e()} + ${e()})`,
  ({ e, pick }) => `(${e()} ${pick('&&', '||', '??')} ${e()})`,
  ({ e }) => `(${e()} ? ${e()} : ${e()})`,
  ({ e, f }) => `${f()}(${e()})`,
  ({ e, f }) => `${f()}(${e()}, ${e()})`,
  ({ e, f }) => `${f()}.call(null, ${e()})`,
  ({ e, f }) => `${f()}.apply(null, [${e()}])`,
  ({ e, f }) => `${f()}.bind(null)(${e()})`,
  ({ e, f }) => `${f()}.bind(null, ${e()})(${e()})`,
  ({ e, f }) => `${f()}(...[${e()}])`,
  ({ e, f }) => `Reflect.apply(${f()}, null, [${e()}])`,
  ({ f }) => `${f()}.length`,
  ({ e, f }) => `[${e()}, ${f()}].length`,
  ({ e }) => `\`\${${e()}}-\${x}\``,
  ({ e }) => `String.raw\`a\${${e()}}b\``,
  ({ e }) => `(list[${e()}] ?? ((v) => v))(${e()})`,
  ({ e }) => `(list.at(-1) ?? String)(${e()})`,
  ({ e, f }) => `list.concat(${f()}).pop()(${e()})`,
  () => `list.slice().reverse().map((f) => f(1)).length`,
  ({ e }) => `(table[${e()}] ?? table.f0 ?? String)(${e()})`,
  ({ e }) => `({ ...table }.f1 ?? Object.assign({}, table).f2 ?? String)(${e()})`,
  () => `Object.values(table).map((f) => f(1)).length`,
  ({ e }) => `Object.entries({ a: ${e()}, b: 2 }).map(([k, v]) => k + v).length`,
  ({ e, f }) => `new Map([['f', ${f()}]]).get('f')(${e()})`,
  ({ e }) => `(table?.f1?.(${e()}) ?? ${e()})`,
  ({ e }) => `(table.missing?.(${e()}) ?? 1)`,
  ({ e }) => `holder?.[${e()}]?.x`,
  ({ e }) => `holder.m?.(${e()})`,
  ({ e }) => `(${e()})?.toString().length`,
  ({ e, f, pick }) => `[1, 2].${pick(...listMethods)}((v) => ${f()}(v) > ${e()})`,
  ({ f, pick }) => `[1, 2].${pick(...listMethods)}(${f()})`,
  ({ e, pick }) => `[3, 1].${pick('reduce', 'reduceRight')}((s, v) => s + v + Number(${e()} > 1), ${e()})`,
  ({ s, pick }) => `[3, 1, 2].${pick('reduce', 'reduceRight')}((s, v) => { ${s()} return s + v; })`,
  ({ s, pick }) => `[2, 1].${pick('sort', 'toSorted')}((a, b) => { ${s()} return a - b; })[0]`,
  ({ e, pick }) => `new Uint8Array([1, 2]).${pick('map', 'filter', 'some', 'find')}((v) => Number(${e()}) + v > 2)`,
  ({ e }) => `[...new Set([1, 2])].filter(() => ${e()}).length`,
  ({ s }) => `(() => { const a = []; new Map([[1, 2]]).forEach((v, k, m) => { ${s()} a.push(v + k + m.size); }); return a.join(); })()`,
  ({ s }) => `(() => { let n = 0; new Set([1, 2]).forEach((v) => { ${s()} n += v; }); return n; })()`,
  ({ e }) => `((a, b = ${e()}) => a + b)(${e()})`,
  ({ e }) => `((a, { b = ${e()}, ...rest } = {}, [c = ${e()}] = [], ...d) => [a, b, c, d.length])(${e()}).join()`,
  ({ e }) => `((...[a, b = ${e()}]) => [a, b].length)(${e()})`,
  ({ e }) => `(({ a = ${e()}, ...rest }) => a ?? Object.keys(rest).length)({ b: ${e()} })`,
  ({ e, f }) => `((a, b = a, c = ${f()}(b)) => c)(${e()})`,
  ({ e, f }) => `((v, g = ${f()}) => g(v))(${e()})`,
  ({ e }) => `(function () { return arguments.length + Number(arguments[0] === arguments[1]); })(${e()}, ${e()})`,
  ({ e, s }) => `(function (a) { ${s()} return [a, arguments[1], new.target === undefined].join(); })(${e()}, ${e()})`,
  ({ e, s }) => `(function () { ${s()} return (() => arguments[0])(); })(${e()})`,
  ({ e, s }) => `(function () { ${s()} return this.q; }).call({ q: ${e()} })`,
  ({ e, s }) => `({ q: ${e()}, m(v) { ${s()} return this.q + v; } }).m(${e()})`,
  ({ e, s }) => `({ q: 1, m: (v) => { ${s()} return v; } }).m(${e()})`,
  ({ e, s }) => `({ async: 1, ['k' + 1](v) { ${s()} return v; } }).k1(${e()})`,
  ({ f, e }) => `({ get f() { return ${f()}; } }).f(${e()})`,
  ({ e }) => `({ ...{ a: ${e()} }, [${e()}]: ${e()}, b: 1 }).a`,
  ({ e, s }) => `new (class { constructor(v) { this.v = v; } m() { ${s()} return this.v; } })(${e()}).m()`,
  ({ e, s }) => `new (class extends Base { m(v) { ${s()} return this.half + v; } })(${e()}).m(${e()})`,
  ({ e }) => `new Base(${e()}, ...[${e()}]).v`,
  ({ e, s }) => `((s, ...v) => { ${s()} return s.length + v.length; })\`a\${${e()}}b\${${e()}}\``,
  ({ e, f }) => `${f()}\`\${${e()}}\``,
  ({ e }) => `Math.max(...[${e()}, ${e()}].map(Number), 0)`,
  ({ e }) => `(x, ${e()})`,
  ({ e, pick }) => `(${pick('typeof', 'void', '!', '-')} ${e()})`,
  ({ e }) => `(${e()} in holder)`,
  ({ e }) => `[${e()}, ...[${e()}, 1]].indexOf(${e()})`,
  ({ e }) => `[, ${e()}].findIndex((v) => v === ${e()})`,
  ({ e }) => `((f) => f(${e()}))((v) => v ?? http.get('h').status)`,
  ({ e }) => `(x = Number(${e()}) || 1)`,
  ({ e, pick }) => `(holder[${e()}] ${pick('=', '+=', '||=', '&&=', '??=')} ${e()})`,
  ({ e }) => `holder['k' + ${e()}]++`,
  ({ e, pick }) => `(holder.n ${pick('=', '+=', '||=', '&&=', '??=')} Number(${e()}) || 1)`,
  ({ e }) => `([x, holder.q] = [Number(${e()}) || 1, ${e()}]).length`,
  ({ e }) => `({ a: holder.z = ${e()} } = {}, holder.z)`,
  ({ e }) => `(([holder[${e()}], ...holder.r] = [${e()}, 1, 2]), holder.r.length)`,
  ({ e, s }) => `(() => { try { return ${e()}; } finally { ${s()} } })()`,
  ({ e, s }) => `(() => { for (const v of [1, 2, 3]) { ${s()} if (v === 2) return ${e()}; } })()`,
  ({ e, s }) => `(() => { for (const v of [1, 2]) { try { ${s()} return v; } finally { if (${e()}) continue; } } return 'over'; })()`,
  () => `[...items(x)].length`,
  () => `Math.max(...[...items(x)].map(Number))`,
  ({ f }) => `${f()}(...items(x))`,
  ({ e }) => `((a, ...b) => [a, b.length].join())(...items(${e()}))`,
  ({ e, s }) =>
    `(() => { const it = ({ *g(a) { ${s()} const r = yield a; log.push(r); return ${e()}; } }).g(1); return [it.next().value, it.next(${e()}).done].join(); })()`,
  ({ e, f }) => `compose(${f()}, (v) => ${e()}, String)(${e()})`,
  ({ e }) => `retry(() => { if (tries++ % 2) throw new Error('again'); return ${e()}; })`,
  ({ e, f }) => `curry(${f()})(${e()})`,
  ({ e }) => `memo.get(${e()})`,
  ({ e, f }) => `new Emitter().on('a', ${f()}).on('a', (v) => ${e()}).emit('a', x)`,
];

const statements: readonly Production[] = [
  () => `http.get('u' + x);`,
  () => `http.post('p', { body: x });`,
  () => `sleep(x % 3);`,
  ({ e }) => `x = Number(${e()}) || 1;`,
  ({ e }) => `log.push(${e()});`,
  ({ e }) => `x += ${e()} ? 1 : 2;`,
  ({ e, s }) => `check(x, { a: (v) => v > 1, b: ${e()}, c: () => { ${s()} return ${e()}; } });`,
  ({ e, name }) => {
    const v = name();
    return `const ${v} = ${e()}; log.push(typeof ${v});`;
  },
  ({ e, b }) => `if (${e()}) { ${b()} } else if (${e()}) { ${b()} }`,
  ({ e, b, pick }) =>
    `for (let i = Number(${e()} > 1); i < 2; i += ${e()} ? 1 : 2) { ${b()} if (i === x % 2) ${pick('continue', 'break')}; ${b()} }`,
  ({ b, name }) => `for (const ${name()} of [1, 2]) { ${b()} }`,
  ({ e, b }) => `for (const { a = ${e()} } of [{}, { a: 1 }]) { log.push(a); ${b()} }`,
  ({ e, b }) => `for (const [k, v] of Object.entries({ a: ${e()}, b: 1 })) { ${b()} log.push(k, v); }`,
  ({ e, b }) => `for (holder[${e()}] of [1, ${e()}]) { ${b()} }`,
  ({ e, b }) => `for (const k in { a: ${e()}, b: 2 }) { ${b()} log.push(k); }`,
  ({ b }) => `for (const f of new Set([...list, ...Object.values(table)].slice(0, 2))) { log.push(f(x)); ${b()} }`,
  ({ b }) => `try { ${b()} if (x % 2) throw new Error('e' + x); ${b()} } catch (e) { log.push(said(e)); ${b()} } finally { ${b()} }`,
  ({ e }) => `try { throw { a: undefined }; } catch ({ a = ${e()} }) { log.push(a); }`,
  ({ e, b }) => `try { null.x(${e()}); } catch (e) { log.push(e.name); ${b()} }`,
  ({ e, b }) => `try { log.push(typeof late0); ${b()} log.push(late1); let late1 = ${e()}; } catch (e) { log.push(e.name); }`,
  ({ f }) => `try { throw ${f()}; } catch (f) { log.push(f(x)); }`,
  ({ s, pick }) => `group('g', ${pick('() => {', 'function () {')} ${s()} });`,
  ({ e, s }) => `log.push(group('h', () => { ${s()} return ${e()}; }));`,
  ({ e, s, pick }) => `[1, 2].${pick(...listMethods)}((x, i, all) => { ${s()} return ${e()}; });`,
  ({ e, b }) => `switch (${e()}) { case 1: ${b()} case ${e()}: ${b()} break; default: ${b()} case 200: { ${b()} } }`,
  ({ e }) => `{ const { p = ${e()}, q: [r = ${e()}] = [] } = { q: [] }; log.push(p, r); }`,
  ({ e, name }) => {
    const v = name();
    return `{ let ${v}; [x, ${v} = ${e()}] = [Number(${e()}) || 1]; log.push(${v}); }`;
  },
  ({ b }) => `while (x < 3 && fuel-- > 0) { x++; ${b()} }`,
  ({ e, b }) => `do { ${b()} } while (x++ < 2 && ${e()} && fuel-- > 0);`,
  ({ e, b, pick }) => `for (const v of items(x)) { log.push(v); ${b()} if (${e()}) ${pick('break', 'continue')}; ${b()} }`,
  ({ b }) => `try { for (const v of items(x)) { ${b()} throw new Error('out'); } } catch (e) { log.push(said(e)); }`,
  ({ b }) => `{ const it = items(x); log.push(it.next().value); ${b()} log.push(it.return(5).value); log.push(it.next().done); }`,
  ({ e, b }) => `{ const it = items(x); for (let r = it.next(); !r.done; r = it.next(${e()})) { log.push(r.value); ${b()} } }`,
  () => `{ const it = items(x); it.next(); try { it.throw(new Error('in')); } catch (e) { log.push(said(e)); } }`,
  ({ e }) => `{ const [a, b = ${e()}] = items(x); log.push(a, b); }`,
  ({ s }) => `(() => { ${s()} })();`,
  ({ b, e, name }) => {
    const l = name();
    return `${l}: for (const a of [1, 2]) for (const b of [1, 2]) { ${b()} if ((a + b + x) % 3 === 0) continue ${l}; if (${e()} === 4) break ${l}; ${b()} }`;
  },
  ({ b, e, name }) => {
    const l = name();
    return `${l}: { ${b()} if (${e()}) break ${l}; ${b()} }`;
  },
  ({ b }) => `for (const v of [1, 2, 3]) { try { ${b()} if (v === 1) continue; if (v === 2) break; } finally { ${b()} } }`,
  ({ s }) => `{ const fs = []; for (let i = 0; i < 2; i++) fs.push(() => { ${s()} return i++; }); log.push(fs.map((f) => f() + f())); }`,
  ({ s, e, name }) => {
    const h = name();
    return `{ log.push(${h}(${e()})); function ${h}(v) { if (fuel-- < 0) return 0; ${s()} return v; } }`;
  },
  ({ e, name }) => {
    const v = name();
    return `if (${e()}) { var ${v} = ${e()}; } log.push(${v});`;
  },
  ({ e, s, name }) => {
    const c = name();
    return `{ class ${c} { #p = 1; static n = 2; f = (v) => { ${s()} return v + this.#p; }; #q(v) { ${s()} return v; } run(v) { return this.#q(v) + this.#p; } static make() { return new ${c}(); } has(o) { return #p in o; } } log.push(${c}.make().run(${e()}), new ${c}().f(${e()}), ${c}.make().has({})); }`;
  },
  ({ e, s, name }) => {
    const c = name();
    return `{ class ${c} extends (${e()}, Derived) { run(v) { ${s()} return super.run(v) + 1; } static of(v) { ${s()} return super.of(v); } } log.push(${c}.of(x).run(${e()})); }`;
  },
  ({ e, pick, name }) => {
    const o = name();
    return `{ const ${o} = ${pick('Base', 'Derived')}.of(${e()}); log.push(${o}.run(x), ${o}.half, ${o} instanceof Base); }`;
  },
  ({ e, s }) =>
    `{ const o = { ['k' + ${e()}]: ${e()}, get g() { return x; }, set g(v) { log.push(v); } }; o.g = ${e()}; ${s()} log.push(Object.keys(o).length, o.g); }`,
  ({ e }) => `{ const { run } = new Base(1); log.push(run.call({ v: ${e()} }, x)); }`,
  ({ e, f }) => `{ const key = Symbol(); const o = { [key]: ${f()} }; log.push(o[key](${e()})); }`,
  ({ e, f }) => `{ const [left, right = ${f()}] = [${f()}]; log.push(left(${e()}), right(x)); }`,
  ({ e, s }) => `{ let later; { const inner = ${e()}; later = () => { ${s()} return inner; }; } log.push(later()); }`,
  ({ e, b }) => `for (const v of pages({ from: ${e()} })) { log.push(v); ${b()} }`,
  ({ b }) => `for (const v of new Bag([1, 2])) { ${b()} log.push(v); }`,
  ({ s }) =>
    `{ const b = new Bag([1, 2]); b.forEach((v, w) => { ${s()} log.push(v, w); }); log.push(b.map((v) => { ${s()} return v; })); }`,
  ({ e }) => `{ const o = {}; o.a = o.b = ${e()}; delete o.a; log.push(Object.keys(o)); }`,
];

/** In functions that are not async these make promises of the script's own. */
const promises: readonly Production[] = [
  ({ s }) => `Promise.resolve(x).then((v) => { ${s()} log.push('job' + v); });`,
  ({ s, e }) => `Promise.reject(new Error('r')).catch((err) => { ${s()} log.push(said(err)); return ${e()}; }).finally(() => { ${s()} });`,
  ({ e }) => `new Promise((resolve) => resolve(${e()})).then((v) => log.push(v));`,
  ({ s }) => `slow(x).then((v) => { ${s()} log.push('slow', v); }, (err) => log.push(said(err)));`,
  ({ s }) => `(async () => { ${s()} await null; ${s()} log.push('after'); })();`,
  ({ s }) => `Promise.all([slow(1), 2]).then(([a, b]) => { ${s()} log.push(a, b); });`,
  () => `log.push(typeof slow(x).then, Object.prototype.toString.call(slow(1)), slow(x) instanceof Promise);`,
];

const streams: readonly Production[] = [
  ({ e, b }) => `for await (const v of stream(${e()})) { log.push(v); ${b()} }`,
  ({ b }) => `for await (const v of stream(x)) { ${b()} break; }`,
  ({ b }) => `for await (const v of [slow(1), 2, Promise.resolve(3)]) { ${b()} log.push(v); }`,
  ({ e }) => `{ const it = stream(x); log.push((await it.next()).value, await it.return(${e()}), (await it.next()).done); }`,
];

const awaits: readonly Production[] = [
  ({ e }) => `log.push(await ${e()});`,
  ({ e }) => `log.push(await slow(${e()}));`,
  ({ e, b }) => `{ const p = slow(${e()}); ${b()} log.push(await p, await p); }`,
  ({ e, s }) => `log.push(await Promise.all([${e()}, Promise.resolve(1).then((v) => { ${s()} return v; }), slow(x)]));`,
  ({ s }) => `log.push(await Promise.race([slow(1), (async () => { ${s()} return 'r'; })()]));`,
  ({ s }) => `log.push((await Promise.allSettled([slow(1), Promise.reject(1), (async () => { ${s()} throw new Error('s'); })()])).length);`,
  ({ b }) => `log.push(await Promise.any([Promise.reject(1), slow(2)])); ${b()}`,
  ({ s, b }) =>
    `try { ${b()} await (async () => { ${s()} throw new Error('a' + x); })(); } catch (err) { log.push(said(err)); ${b()} } finally { await null; ${b()} }`,
  ({ b }) => `for (const v of [slow(1), 2, Promise.resolve(3)]) { ${b()} log.push(await v); }`,
  ({ e }) => `{ const g = await Promise.resolve({ f: (v) => ${e()} }); log.push(g.f(1)); }`,
  ({ e, b }) => `log.push(await { then(resolve) { resolve(x); } }); ${b()} log.push(await (async (v = ${e()}) => v)());`,
];

/** Forms that the engine itself calls. Where these block, a program may be refused or caught instead. */
const engineCalled: readonly Production[] = [
  ({ e, pick }) => `'aXbX'.${pick('replace(/X/g', "replaceAll('X'", "replace('X'")}, (m) => ${e()})`,
  ({ e, pick }) => `Array.from(${pick('[1, 2]', '{ length: 2 }', 'new Set([1])')}, (v) => ${e()}).length`,
  ({ e }) => `JSON.parse('[1,{"a":2}]', (k, v) => (v === 2 ? ${e()} : v)).length`,
  ({ e }) => `JSON.stringify({ a: 1 }, (k, v) => (k === 'a' ? ${e()} : v))`,
  ({ e, s }) => `JSON.stringify({ a: { toJSON() { ${s()} return ${e()}; } } })`,
  ({ e, s }) => `(() => { let r; new Promise((resolve) => { ${s()} r = ${e()}; resolve(); }); return r; })()`,
  ({ e, s }) => `({ get g() { ${s()} return ${e()}; } }).g`,
  ({ e, s }) => `(({ set g(v) { ${s()} } }).g = ${e()})`,
  ({ e, s }) =>
    `(() => { const o = {}; Object.defineProperty(o, 'd', { get() { ${s()} return ${e()}; } }); const { d } = o; return d; })()`,
  ({ e }) => `(class { static { log.push(${e()}); } static n = 1; }).n`,
  ({ e }) => `new (class { n = ${e()}; })().n`,
  ({ e }) => `(class { static n = ${e()}; }).n`,
  ({ e, s }) => `new (class { constructor(v) { ${s()} this.v = v; } })(${e()}).v`,
  ({ e, s }) => `new (class extends Base { constructor(v) { super(${e()}); ${s()} this.w = v; } })(${e()}).w`,
  ({ e, s }) => `new (function (v) { ${s()} this.v = v; })(${e()}).v`,
  ({ e, s }) => `Reflect.construct(function (v) { ${s()} this.v = v; }, [${e()}]).v`,
  ({ s }) => `\`\${{ toString() { ${s()} return 'q'; } }}\``,
  ({ s }) => `({ valueOf() { ${s()} return 1; } } + 1)`,
  ({ s }) => `+{ [Symbol.toPrimitive]() { ${s()} return 1; } }`,
  ({ s }) => `(1 instanceof { [Symbol.hasInstance]() { ${s()} return true; } })`,
  ({ s }) => `[...{ *[Symbol.iterator]() { ${s()} yield 1; } }].length`,
  ({ s }) => `[...{ [Symbol.iterator]() { let i = 0; return { next() { ${s()} return { done: i++ > 1, value: i }; } }; } }].length`,
  ({ s }) =>
    `(() => { for (const v of { [Symbol.iterator]: () => ({ next: () => ({ done: false, value: 1 }), return() { ${s()} return {}; } }) }) return v; })()`,
  ({ e }) => `Object.keys(Object.groupBy([1, 2], (v) => ${e()})).length`,
  ({ e }) => `Map.groupBy([1, 2], (v) => ${e()}).size`,
  ({ e }) => `[...[1, 2].values().map((v) => ${e()})].length`,
  ({ s }) => `new Proxy({}, { get(t, k) { ${s()} return k; } }).abc`,
  ({ s }) => `('a' in new Proxy({}, { has() { ${s()} return true; } }))`,
  ({ e, s }) => `new Proxy(() => 1, { apply(t, self, args) { ${s()} return args[0]; } })(${e()})`,
  ({ f, pick }) => `Array.prototype.${pick('map', 'filter', 'forEach', 'some')}.call([1], ${f()})`,
  ({ f }) => `[].map.apply([1, 2], [${f()}]).length`,
  ({ f }) => `Reflect.apply([].map, [1], [${f()}]).length`,
  ({ f }) => `(({ from }) => from.call(Array, [1], ${f()}))(Array).length`,
  ({ f }) => `((A) => A.from([1], ${f()}))(Array).length`,
  ({ f }) => `((method, g) => [1, 2][method](g))('map', ${f()}).length`,
  () => `new Function('h', "return h.get('fn').status")(http)`,
  () => `(0, eval)('(h) => h.get("ev").status')(http)`,
  () => `Array.from(items(x)).length`,
  () => `new Set(items(x)).size`,
  () => `Object.fromEntries([...items(x)].map((v) => [v, 1])).x`,
  () => `[].concat(...[items(x)].map((it) => Array.from(it))).length`,
  ({ s }) => `[{ toString() { ${s()} return 'b'; } }, 'a'].sort().length`,
  ({ s }) => `[{ toString() { ${s()} return 'b'; } }].join()`,
];

/** Writes one program after the other. */
export class ProgramWriter {
  readonly #random: Random;
  #names = 0;
  #functions: string[] = [];
  #isAsync = false;
  #usesPromises = false;
  #usesStreams = false;
  #isEngineCalled = false;

  constructor(random: Random) {
    this.#random = random;
  }

  program(): string {
    this.#names = 0;
    this.#functions = [];
    this.#isAsync = false;
    this.#usesPromises = this.#random.int(2) === 0;
    this.#usesStreams = this.#usesPromises && this.#random.int(3) === 0;
    this.#isEngineCalled = this.#random.int(4) === 0;
    const parts = Array.from({ length: 2 + this.#random.int(5) }, (_, i) => this.#function(`f${i}`));
    const isAsync = this.#usesPromises && this.#random.int(2) === 0;
    return `import http from 'k6/http'; import { check, group, sleep } from 'k6';
let fuel = 60, tries = 0; const log = []; const table = {}; const list = []; const holder = { n: 1 };
const compose = (...steps) => (v) => steps.reduce((value, step) => step(value), v);
const curry = (g) => (v) => g.length > 1 ? (w) => g(v, w) : g(v);
function retry(action, left = 2) { try { return action(); } catch (e) { if (left === 0 || e.message !== 'again') throw e; return retry(action, left - 1); } }
const said = (error) => (error.name === 'Error' ? error.message : error.name);
const memo = { seen: new Map(), get(key) { if (!this.seen.has(key)) this.seen.set(key, http.get('memo').status); return this.seen.get(key); } };
class Emitter { handlers = {}; on(name, f) { (this.handlers[name] ||= []).push(f); return this; } emit(name, ...args) { this.handlers[name].forEach((f) => f.apply(this, args)); return args.length; } }
class Bag { constructor(items) { this.items = items; } *[Symbol.iterator]() { yield* this.items; } forEach(f) { for (const v of this.items) f(v, 'own'); } map(f) { return this.items.map((v) => f(v)); } }
${parts.join('\n')}
class Base { constructor(v) { this.v = v; } run(x) { if (fuel-- < 0) return 0; ${this.#block(2)} return ${this.#expression(2)}; } get half() { return this.v / 2; } static of(x) { return new this(x); } }
class Derived extends Base { run(x) { if (fuel-- < 0) return 0; const r = super.run(x); ${this.#block(1)} return r; } }
function* more(x) { if (fuel-- < 0) return 1; try { yield x; yield* [${this.#expression(1)}]; } finally { log.push('f'); ${this.#block(1)} } return 2; }
function* items(x) { if (fuel-- < 0) return; ${this.#block(1)} yield ${this.#expression(1)}; ${this.#random.int(2) ? "http.get('item');" : ''} yield x; const r = yield* more(x); log.push(r); }
function* pages({ from = ${this.#random.int(2) ? "http.get('from').status" : '1'} } = {}) { if (fuel-- < 0) return; yield from; yield 2; }
async function slow(x) { if (fuel-- < 0) return 0; log.push('in'); ${this.#body(true, 2)} await null; ${this.#body(true, 1)} return ${this.#expression(1)}; }
${this.#usesStreams ? this.#stream() : ''}
export default ${isAsync ? 'async ' : ''}function () { let x = 1; ${this.#body(isAsync, 5)} return [x, log, fuel, holder]; }`;
  }

  #pick<T>(options: readonly T[]): T {
    return options[this.#random.int(options.length)] as T;
  }

  #function(name: string): string {
    const isAsync = this.#usesPromises && this.#random.int(4) === 0;
    const parameters = this.#pick([
      'x',
      'x = 1',
      'x, y = 2',
      '{ a = 3 } = {}, x = a',
      '...rest',
      `x, y = fuel-- > 0 ? ${this.#expression(1)} : 0`,
      `x, { length = fuel-- > 0 ? ${this.#expression(1)} : 0 } = [], y = 2`,
    ]);
    const prologue = parameters === '...rest' ? 'let x = rest[0] ?? 0;' : '';
    const body = `if (fuel-- < 0) return 0; ${prologue} ${this.#body(isAsync, 3)} return ${this.#expression(2)};`;
    this.#functions.push(name);
    const async = isAsync ? 'async ' : '';
    switch (this.#random.int(5)) {
      case 0:
        return `${async}function ${name}(${parameters}) { ${body} }`;
      case 1:
        return `const ${name} = ${async}(${parameters}) => { ${body} };`;
      case 2:
        return `const ${name} = ${async}function (${parameters}) { ${body} }; table.${name} = ${name};`;
      case 3:
        return `const { ${name} } = { ${async}${name}(${parameters}) { ${body} } }; table['${name}'] = ${name};`;
      default:
        return `const ${name} = ${async}(${parameters}) => { ${body} }; list.push(${name});`;
    }
  }

  #stream(): string {
    return `async function* stream(x) { if (fuel-- < 0) return; try { yield ${this.#expression(1)}; ${this.#body(true, 2)} yield slow(1); yield* [1, 2]; } finally { log.push('closed'); ${this.#body(true, 1)} } }`;
  }

  #body(isAsync: boolean, count: number): string {
    const before = this.#isAsync;
    this.#isAsync = isAsync;
    const text = this.#block(count);
    this.#isAsync = before;
    return text;
  }

  #block(count: number, depth = 2): string {
    return Array.from({ length: 1 + this.#random.int(count) }, () => this.#statement(depth)).join(' ');
  }

  #statement(depth: number): string {
    const parts = this.#parts(depth - 1, Math.max(1, depth));
    if (depth === 0) return this.#pick(statements.slice(0, 6))(parts);
    if (this.#isAsync && this.#usesStreams && this.#random.int(8) === 0) return this.#pick(streams)(parts);
    if (this.#isAsync && this.#random.int(4) === 0) return this.#pick(awaits)(parts);
    if (this.#usesPromises && this.#random.int(12) === 0) return this.#pick(promises)(parts);
    return this.#pick(statements)(parts);
  }

  #expression(depth: number): string {
    if (depth <= 0) return this.#pick(leaves);
    const parts = this.#parts(0, depth - 1);
    if (this.#isEngineCalled && this.#random.int(8) === 0) return this.#pick(engineCalled)(parts);
    return this.#pick(expressions)(parts);
  }

  #parts(statementDepth: number, expressionDepth: number): Parts {
    const block = (): string =>
      statementDepth > 0 || this.#random.int(4) === 0 ? this.#block(2, Math.max(0, statementDepth)) : 'log.push(x);';
    return {
      e: () => this.#expression(expressionDepth),
      s: () => {
        const before = this.#isAsync;
        this.#isAsync = false;
        const text = block();
        this.#isAsync = before;
        return text;
      },
      b: block,
      f: () => (this.#functions.length === 0 ? '((x) => x)' : this.#pick(this.#functions)),
      name: () => `v${this.#names++}`,
      pick: (...options) => this.#pick(options),
    };
  }
}
