import type { CheerioAPI } from 'cheerio/slim';
import { formText } from '../http/form-text.ts';
import { Element } from './element.ts';
import { findAll, isElement, parsePage, type Nodes, type PageNode } from './document.ts';
import { formValues, valueOf, type FormValue } from './forms.ts';
import { renderChildren } from './render.ts';

type Callback<T> = (index: number, item: T) => unknown;
type Target = string | Selection | Element;

export interface Page {
  readonly $: CheerioAPI;
  /** What addresses in the page are relative to; empty for a page from nowhere. */
  readonly url: string;
  readonly selectionOf: (node: PageNode) => Selection;
}

/** A whole page as a selection of its document. */
export function parseHtml(source: string, url: string): Selection {
  const $ = parsePage(source);
  const page: Page = { $, url, selectionOf: (node) => new Selection(page, $(node), undefined) };
  return new Selection(page, page.$.root(), undefined);
}

/**
 * k6's Selection (https://grafana.com/docs/k6/latest/javascript-api/k6-html/selection/): jQuery's way of finding
 * things in a page. Callbacks may block; then the call is a pending operation, and the next callback waits.
 */
export class Selection {
  readonly #page: Page;
  readonly #nodes: Nodes;
  readonly #before: Selection | undefined;

  constructor(page: Page, nodes: Nodes, before: Selection | undefined) {
    this.#page = page;
    this.#nodes = nodes;
    this.#before = before;
  }

  get length(): number {
    return this.#nodes.length;
  }

  size(): number {
    return this.#nodes.length;
  }

  // Finding.

  /** The page's address. */
  get url(): string {
    return this.#page.url;
  }

  find(target: Target): Selection {
    if (typeof target === 'string') return this.#with(findAll(this.#page.$, this.#nodes, target));
    const nodes = this.#nodes.get();
    return this.#of(nodesOf(target).filter((node) => nodes.some((each) => each !== node && holds(each, node))));
  }

  /** Those of the other come last. */
  add(target: Target): Selection {
    const { $ } = this.#page;
    const others = typeof target === 'string' ? findAll($, $.root() as Nodes, target).get() : nodesOf(target);
    return this.#of([...new Set([...this.#nodes.get(), ...others])]);
  }

  closest(target: Target): Selection {
    if (typeof target === 'string') return this.#with(this.#nodes.closest(target));
    const wanted = new Set(nodesOf(target));
    const found = this.#nodes.get().map((node) => {
      let at: PageNode | null = node;
      while (at && !wanted.has(at)) at = at.parent;
      return at;
    });
    return this.#of([...new Set(found.filter((node) => node !== null))]);
  }

  children(selector?: string): Selection {
    return this.#with(this.#nodes.children(selector));
  }

  contents(): Selection {
    return this.#with(this.#nodes.contents());
  }

  parent(selector?: string): Selection {
    return this.#with(this.#nodes.parent(selector));
  }

  parents(selector?: string): Selection {
    return this.#with(this.#nodes.parents(selector));
  }

  parentsUntil(until?: Target, filter?: string): Selection {
    return this.#with(this.#nodes.parentsUntil(this.#until(until), filter));
  }

  next(selector?: string): Selection {
    return this.#with(this.#nodes.next(selector));
  }

  nextAll(selector?: string): Selection {
    return this.#with(this.#nodes.nextAll(selector));
  }

  nextUntil(until?: Target, filter?: string): Selection {
    return this.#with(this.#nodes.nextUntil(this.#until(until), filter));
  }

  prev(selector?: string): Selection {
    return this.#with(this.#nodes.prev(selector));
  }

  prevAll(selector?: string): Selection {
    return this.#with(this.#nodes.prevAll(selector));
  }

  prevUntil(until?: Target, filter?: string): Selection {
    return this.#with(this.#nodes.prevUntil(this.#until(until), filter));
  }

  siblings(selector?: string): Selection {
    return this.#with(this.#nodes.siblings(selector));
  }

  // Narrowing.

  has(target: Target): Selection {
    if (typeof target === 'string') return this.#with(this.#nodes.has(target));
    const wanted = nodesOf(target);
    return this.#of(this.#nodes.get().filter((node) => wanted.some((each) => each !== node && holds(node, each))));
  }

  eq(index: number): Selection {
    return this.#with(this.#nodes.eq(index));
  }

  first(): Selection {
    return this.#with(this.#nodes.first());
  }

  last(): Selection {
    return this.#with(this.#nodes.last());
  }

  slice(start: number, end?: number): Selection {
    return this.#with(this.#nodes.slice(start, end));
  }

  filter(test: Target | Callback<Selection>): unknown {
    return this.#narrow(test, true);
  }

  not(test: Target | Callback<Selection>): unknown {
    return this.#narrow(test, false);
  }

  is(test: Target | Callback<Selection>): unknown {
    const kept = this.#narrow(test, true);
    return kept instanceof Promise ? kept.then((selection: Selection) => selection.size() > 0) : (kept as Selection).size() > 0;
  }

  end(): Selection {
    return this.#before ?? this.#with(this.#nodes.slice(0, 0));
  }

  // Going through.

  /** Calls back with the index and the Element. */
  each(callback: Callback<Element>): unknown {
    if (typeof callback !== 'function') throw new TypeError('the argument to each() must be a function');
    const result = this.#inTurn(callback, (node) => this.#element(node));
    return result instanceof Promise ? result.then(() => this) : this;
  }

  /** What the callback answers for each index and Selection. */
  map(callback: Callback<Selection>): unknown {
    if (typeof callback !== 'function') throw new TypeError('the argument to map() must be a function');
    return this.#inTurn(callback, (node) => this.#single(node));
  }

  get(index?: number): Element | Element[] | undefined {
    if (index === undefined) return this.#nodes.get().map((node) => this.#element(node));
    const node = this.#nodes.get(index);
    return node === undefined ? undefined : this.#element(node);
  }

  toArray(): Selection[] {
    return this.#nodes.get().map((node) => this.#single(node));
  }

  index(target?: Target): number {
    if (target === undefined) return this.#nodes.index();
    if (typeof target === 'string') return this.#nodes.index(target);
    if (!(target instanceof Selection || target instanceof Element)) return -1;
    const [node] = nodesOf(target);
    return node === undefined ? -1 : this.#nodes.get().indexOf(node);
  }

  // Reading.

  text(): string {
    return this.#nodes.text();
  }

  /** Of the first; empty without one. */
  html(): string {
    const [node] = this.#nodes.get();
    return node ? renderChildren(node) : '';
  }

  attr(name: string, fallback?: unknown): unknown {
    const [node] = this.#nodes.get();
    return (isElement(node) ? node.attribs[name] : undefined) ?? fallback;
  }

  hasClass(name: string): boolean {
    return this.#nodes.hasClass(name);
  }

  /** The value of a field: text, or a list of a multiple choice; undefined for what is no field. */
  val(): string | string[] | undefined {
    const [node] = this.#nodes.get();
    return isElement(node) ? valueOf(node, this.#page.$) : undefined;
  }

  /** `data-*` attributes; what looks like JSON, a number or a boolean is read as such. */
  data(key?: string): unknown {
    const [node] = this.#nodes.get();
    if (!isElement(node) || Object.keys(node.attribs).length === 0) return undefined;
    const data = Object.fromEntries(
      Object.entries(node.attribs)
        .filter(([name]) => name.startsWith('data-'))
        .map(([name, value]) => [camelCase(name.slice('data-'.length)), dataValue(value)]),
    );
    return key === undefined ? data : data[camelCase(key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`))];
  }

  // Forms.

  serializeArray(): FormValue[] {
    return formValues(this.#nodes, this.#page.$);
  }

  serializeObject(): Record<string, unknown> {
    return Object.fromEntries(this.serializeArray().map(({ name, value }) => [name, value]));
  }

  serialize(): string {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(this.serializeObject()).sort(([a], [b]) => (a < b ? -1 : 1)))
      for (const item of Array.isArray(value) ? (value as string[]) : [value as string | undefined])
        if (item !== undefined) query.append(name, item);
    return formText(query);
  }

  /** The nodes behind a selection that a script hands in. */
  static nodesOf(selection: Selection): PageNode[] {
    return selection.#nodes.get();
  }

  #with(nodes: unknown): Selection {
    return new Selection(this.#page, nodes as Nodes, this);
  }

  /** The library takes selections here too, which its types leave out. */
  #until(target: Target | undefined | null): string | undefined {
    if (target === undefined || target === null || typeof target === 'string') return target ?? undefined;
    return this.#page.$(nodesOf(target)) as unknown as string;
  }

  #single(node: PageNode): Selection {
    return this.#with(this.#page.$(node));
  }

  #of(nodes: readonly PageNode[]): Selection {
    return this.#with(this.#page.$([...nodes]));
  }

  #element(node: PageNode): Element {
    return Element.of(node, this.#page);
  }

  #narrow(test: Target | Callback<Selection>, keep: boolean): unknown {
    const nodes = this.#nodes.get();
    if (typeof test === 'string') return this.#with(keep ? this.#nodes.filter(test) : this.#nodes.not(test));
    if (typeof test !== 'function') {
      const others = new Set(nodesOf(test));
      return this.#of(nodes.filter((node) => others.has(node) === keep));
    }
    const pick = (answers: unknown[]): Selection => this.#of(nodes.filter((_, i) => Boolean(answers[i]) === keep));
    const answers = this.#inTurn(test, (node) => this.#single(node));
    return answers instanceof Promise ? answers.then((list: unknown) => pick(list as unknown[])) : pick(answers as unknown[]);
  }

  /** The callback's answers, one after the other; a Promise when one of them blocks. */
  #inTurn<T>(callback: Callback<T>, make: (node: PageNode) => T): unknown {
    const nodes = this.#nodes.get();
    const answers: unknown[] = [];
    const from = (start: number): unknown => {
      for (let i = start; i < nodes.length; i++) {
        const answer = callback(i, make(nodes[i] as PageNode));
        if (answer instanceof Promise)
          return answer.then((inner: unknown) => {
            answers.push(inner);
            return from(i + 1);
          });
        answers.push(answer);
      }
      return answers;
    };
    return from(0);
  }
}

/** Whether the node is the other or somewhere above it. */
function holds(node: PageNode, other: PageNode): boolean {
  for (let at: PageNode | null = other; at; at = at.parent) if (at === node) return true;
  return false;
}

function nodesOf(target: Selection | Element): PageNode[] {
  if (target instanceof Selection) return Selection.nodesOf(target);
  if (target instanceof Element) return [Element.nodeOf(target)];
  throw new TypeError(`invalid argument, cannot use a '${typeof target}' as a selector`);
}

function camelCase(name: string): string {
  return name.toLowerCase().replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function dataValue(text: string): unknown {
  if (text === 'true' || text === 'false') return text === 'true';
  if (text === '' || text === 'null' || text === 'undefined') return undefined;
  if (text.trim() !== '' && String(Number(text)) === text) return Number(text);
  if (!/^[[{]/.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
