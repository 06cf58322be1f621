import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom, type Random } from '../../base/index.ts';
import { compareRuns } from './rewrite-harness.ts';

/**
 * Random programs, run as they are and rewritten. The two must never differ; a program that cannot be
 * rewritten must be refused or caught. PLIMSOLL_FUZZ_SEED replays a run, PLIMSOLL_FUZZ_PROGRAMS makes it longer.
 */

const seed = process.env['PLIMSOLL_FUZZ_SEED'] ?? '1';
const programs = Number(process.env['PLIMSOLL_FUZZ_PROGRAMS'] ?? 150);

/** Writes programs that always end: every function takes from one supply of fuel, and without fuel does nothing. */
class Writer {
  readonly #random: Random;
  #names = 0;
  #functions: string[] = [];

  #isAsync = false;

  constructor(random: Random) {
    this.#random = random;
  }

  program(): string {
    const useAsync = this.#random.int(3) === 0;
    const count = 2 + this.#random.int(5);
    const parts: string[] = [];
    for (let i = 0; i < count; i++) parts.push(this.#function(`f${i}`, useAsync));
    return `import http from 'k6/http'; import { check, group, sleep } from 'k6';
let fuel = 60; const log = []; const table = {}; const list = [];
${parts.join('\n')}
class Base { constructor(v) { this.v = v; } run(x) { if (fuel-- < 0) return 0; ${this.#block(2)} return ${this.#expression(2)}; } get half() { return this.v / 2; } static of(x) { return new this(x); } }
class Derived extends Base { run(x) { if (fuel-- < 0) return 0; const r = super.run(x); ${this.#block(1)} return r; } }
function* more(x) { if (fuel-- < 0) return 1; try { yield x; yield* [${this.#expression(1)}]; } finally { log.push('f'); ${this.#block(1)} } return 2; }
function* items(x) { if (fuel-- < 0) return; ${this.#block(1)} yield ${this.#expression(1)}; ${this.#random.int(2) ? "http.get('item');" : ''} yield x; const r = yield* more(x); log.push(r); }
export default ${useAsync ? 'async ' : ''}function () { let x = 1; ${this.#body(useAsync, 4)} return [x, log, fuel]; }`;
  }

  #pick<T>(options: readonly T[]): T {
    return options[this.#random.int(options.length)] as T;
  }

  #function(name: string, useAsync: boolean): string {
    const isAsync = useAsync && this.#random.int(3) === 0;
    const form = this.#random.int(4);
    const parameters = this.#pick(['x', 'x = 1', 'x, y = 2', '{ a = 3 } = {}, x = a', '...rest']);
    const prologue = parameters === '...rest' ? 'let x = rest[0] ?? 0;' : '';
    const body = `if (fuel-- < 0) return 0; ${prologue} ${this.#body(isAsync, 3)} return ${this.#expression(2)};`;
    this.#functions.push(name);
    const async = isAsync ? 'async ' : '';
    if (form === 0) return `${async}function ${name}(${parameters}) { ${body} }`;
    if (form === 1) return `const ${name} = ${async}(${parameters}) => { ${body} };`;
    if (form === 2) return `const ${name} = ${async}function (${parameters}) { ${body} }; table.${name} = ${name};`;
    return `const ${name} = ${async}(${parameters}) => { ${body} }; list.push(${name});`;
  }

  #body(isAsync: boolean, statements: number): string {
    const before = this.#isAsync;
    this.#isAsync = isAsync;
    const text = this.#block(statements);
    this.#isAsync = before;
    return text;
  }

  #block(statements: number, depth = 2): string {
    return Array.from({ length: 1 + this.#random.int(statements) }, () => this.#statement(depth)).join(' ');
  }

  #statement(depth: number): string {
    const inner = (): string => (depth > 0 ? this.#block(2, depth - 1) : 'log.push(x);');
    const name = `v${this.#names++}`;
    switch (this.#random.int(depth > 0 ? 33 : 7)) {
      case 0:
        return `http.get('u' + x);`;
      case 1:
        return `sleep(x % 3);`;
      case 2:
        return `x = ${this.#expression(2)};`;
      case 3:
        return `log.push(${this.#expression(2)});`;
      case 4:
        return `x += ${this.#expression(1)} ? 1 : 2;`;
      case 5:
        return `check(x, { a: (v) => v > 1, b: ${this.#expression(1)} });`;
      case 6:
        return `const ${name} = ${this.#expression(2)}; log.push(typeof ${name});`;
      case 7:
        return `if (${this.#expression(1)}) { ${inner()} } else { ${inner()} }`;
      case 8:
        return `for (let i = 0; i < 2; i++) { ${inner()} if (i === x % 2) ${this.#pick(['continue', 'break'])}; ${inner()} }`;
      case 9:
        return `for (const ${name} of [1, 2]) { ${inner()} }`;
      case 10:
        return `try { ${inner()} if (x % 2) throw new Error('e' + x); ${inner()} } catch (e) { log.push(e.message); ${inner()} } finally { ${inner()} }`;
      case 11:
        return `group('g', () => { ${inner()} });`;
      case 12:
        return `[1, 2].${this.#pick(['forEach', 'map', 'filter', 'some', 'every', 'find', 'flatMap'])}((x) => { ${inner()} return ${this.#expression(1)}; });`;
      case 13:
        return `switch (${this.#expression(1)}) { case 1: ${inner()} case 200: ${inner()} break; default: ${inner()} }`;
      case 14:
        return `{ const { p = ${this.#expression(1)}, q: [r = ${this.#expression(1)}] = [] } = { q: [] }; log.push(p, r); }`;
      case 15:
        return `while (x < 3 && fuel-- > 0) { x++; ${inner()} }`;
      case 16:
        return this.#isAsync && depth === 2 ? `log.push(await ${this.#expression(1)});` : inner();
      case 17:
        return `for (const ${name} of items(x)) { log.push(${name}); ${inner()} }`;
      case 18:
        return `(() => { ${inner()} })();`;
      case 19:
        return `${name}: for (const a of [1, 2]) for (const b of [1, 2]) { ${inner()} if ((a + b + x) % 3 === 0) continue ${name}; if (x % 5 === 4) break ${name}; ${inner()} }`;
      case 20:
        return `{ const ${name} = []; for (let i = 0; i < 2; i++) ${name}.push(() => { ${inner()} return i; }); log.push(${name}.map((f) => f())); }`;
      case 21:
        return `do { ${inner()} } while (x++ < 2 && ${this.#expression(1)} && fuel-- > 0);`;
      case 22:
        return `for (let i = Number(${this.#expression(1)} > 1); i < 2; i += ${this.#expression(1)} ? 1 : 2) { ${inner()} }`;
      case 23:
        return `log.push([2, 1].sort((a, b) => { http.get('s'); return a - b; }));`;
      case 24:
        return `{ const ${name} = items(x); log.push(${name}.next().value); ${inner()} log.push(${name}.return(5).done); }`;
      case 25:
        return `({ x } = { x: ${this.#expression(1)} }); x = Number(x) || 1;`;
      case 26:
        return `{ let ${name}; [x, ${name} = ${this.#expression(1)}] = [Number(${this.#expression(1)}) || 1]; log.push(${name}); }`;
      case 27:
        return `log.push((() => { try { ${inner()} return ${this.#expression(1)}; } finally { ${inner()} } })());`;
      case 28:
        return `try { [1, 2].forEach((v) => { ${inner()} if (v + x > 2) throw new Error('f' + v); }); } catch ({ message }) { log.push(message); }`;
      case 29:
        return this.#isAsync && depth === 2
          ? `log.push(await Promise.all([${this.#expression(1)}, Promise.resolve(1).then((v) => { ${inner()} return v; })]));`
          : inner();
      case 30:
        return `x ${this.#pick(['||=', '&&=', '??='])} ${this.#expression(1)}; x = Number(x) || 1;`;
      case 31:
        return `{ class ${name} { #p = 1; #q(v) { ${inner()} return v; } run(v) { return this.#q(v) + this.#p; } static make() { return new ${name}(); } } log.push(${name}.make().run(${this.#expression(1)})); }`;
      default:
        return `{ const ${name} = ${this.#pick(['Base', 'Derived'])}.of(x); log.push(${name}.run(x), ${name}.half); }`;
    }
  }

  #expression(depth: number): string {
    if (depth === 0) return this.#pick(['x', '1', '2', "'s'", 'fuel']);
    const sub = (): string => this.#expression(depth - 1);
    const fn = this.#functions.length === 0 ? '((x) => x)' : this.#pick(this.#functions);
    switch (this.#random.int(29)) {
      case 0:
        return `http.get('e' + x).status`;
      case 1:
        return `(${sub()} + ${sub()})`;
      case 2:
        return `(${sub()} ${this.#pick(['&&', '||', '??'])} ${sub()})`;
      case 3:
        return `(${sub()} ? ${sub()} : ${sub()})`;
      case 4:
      case 5:
        return `${fn}(${sub()})`;
      case 6:
        return `${fn}.call(null, ${sub()})`;
      case 7:
        return `${fn}(...[${sub()}])`;
      case 8:
        return `[${sub()}, ${sub()}].length`;
      case 9:
        return `\`\${${sub()}}-\${x}\``;
      case 10:
        return `(list[${sub()}] ?? ((v) => v))(${sub()})`;
      case 11:
        return `(table[${sub()}] ?? table.f0 ?? String)(${sub()})`;
      case 12:
        return `Object.values(table).map((f) => f(1)).length`;
      case 13:
        return `[3, 1].reduce((s, v) => s + v + Number(${sub()} > 1), 0)`;
      case 14:
        return `((a, b = ${sub()}) => a + b)(${sub()})`;
      case 15:
        return `({ m(x) { return ${sub()}; } }).m(${sub()})`;
      case 16:
        return `(table?.f1?.(${sub()}) ?? ${sub()})`;
      case 17:
        return `(table.missing?.(${sub()}) ?? 1)`;
      case 18:
        return `((s, ...v) => s.length + v.length + Number(http.get('t').status))\`a\${${sub()}}b\``;
      case 19:
        return `Math.max(...[${sub()}, ${sub()}].map(Number), 0)`;
      case 20:
        return `({ ...{ a: ${sub()} }, b: 1 }).a`;
      case 21:
        return `(x, ${sub()})`;
      case 22:
        return `(typeof ${sub()}).length`;
      case 23:
        return `${fn}.apply(null, [${sub()}])`;
      case 24:
        return `${fn}.bind(null)(${sub()})`;
      case 25:
        return `[1, 2].${this.#pick(['findIndex', 'findLast', 'reduceRight', 'findLastIndex'])}((v) => Number(${sub()}) + v > 2, 0)`;
      case 26:
        return `[...new Map([[1, ${sub()}]]).values()].length`;
      case 27:
        return `((f) => f(${sub()}))((v) => v ?? http.get('h').status)`;
      default:
        return `http?.get('o' + x)?.url.length`;
    }
  }
}

test(`random programs do the same when rewritten (seed ${seed})`, async () => {
  const random = seededRandom(`rewrite ${seed}`);
  const kinds = { equal: 0, refused: 0, caught: 0, wrong: 0 };
  let calls = 0;
  for (let i = 0; i < programs; i++) {
    const source = new Writer(random).program();
    const outcome = await compareRuns(source);
    kinds[outcome.kind]++;
    if (outcome.kind === 'equal') calls += outcome.calls;
    if (outcome.kind === 'wrong')
      assert.fail(
        `program ${i} of seed ${seed} differs\n--- program\n${source}\n--- as it is\n${JSON.stringify(outcome.expected)}\n--- rewritten\n${JSON.stringify(outcome.actual)}\n--- code\n${outcome.code}`,
      );
  }
  // A generator of programs that are all refused would prove nothing.
  assert.ok(kinds.equal > programs / 2, JSON.stringify(kinds));
  assert.ok(calls > programs, 'the programs make calls that block');
});
