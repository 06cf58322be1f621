import { findAll, isElement, type PageNode } from './document.ts';
import { membersOf } from './element-members.ts';
import { valueOf } from './forms.ts';
import { render, renderChildren } from './render.ts';
import type { Page } from './selection.ts';

/** An attribute of an element, as `attributes()` shows it. */
export interface Attribute {
  readonly owner_element: Element;
  readonly name: string;
  readonly value: string;
}

/**
 * k6's Element (https://grafana.com/docs/k6/latest/javascript-api/k6-html/element/): a node by DOM names, all of
 * them methods. What elements of particular names have besides is in element-members.ts.
 */
export class Element {
  readonly #node: PageNode;
  readonly #page: Page;

  constructor(node: PageNode, page: Page) {
    this.#node = node;
    this.#page = page;
  }

  /** With the members of its name. */
  static of(node: PageNode, page: Page): Element {
    return new (isElement(node) ? classOf(node.name) : Element)(node, page);
  }

  static nodeOf(element: Element): PageNode {
    return element.#node;
  }

  /** Empty for a page that has none. */
  pageUrl(): string {
    return this.#page.url;
  }

  /** The top of the page. */
  root(): Element {
    return this.#other(this.#page.$.root().get(0) as PageNode);
  }

  /** The nearest that the selector names, this one included unless it is to be `above`. */
  closest(selector: string, above = false): Element | undefined {
    const start = above ? this.#node.parent : this.#node;
    return start ? this.#maybe(this.#page.$(start).closest(selector).get(0)) : undefined;
  }

  /** The form around it, or the one that its attribute `form` names. */
  ownerForm(): Element | undefined {
    const id = this.getAttribute('form') ?? '';
    return this.closest('form') ?? (id === '' ? undefined : this.root().querySelector(`[id="${id}"]`));
  }

  selection(): unknown {
    return this.#page.selectionOf(this.#node);
  }

  nodeName(): string {
    if (isElement(this.#node)) return this.#node.name;
    return ({ 3: '#text', 8: '#comment', 9: '#document' } as Record<number, string>)[this.#node.nodeType] ?? '';
  }

  tagName(): string | undefined {
    return isElement(this.#node) ? this.#node.name : undefined;
  }

  nodeType(): number {
    return this.#node.nodeType;
  }

  nodeValue(): string | undefined {
    return 'data' in this.#node ? this.#node.data : undefined;
  }

  id(): string {
    return this.getAttribute('id') ?? '';
  }

  className(): string | undefined {
    return this.getAttribute('class');
  }

  classList(): string[] {
    return (this.className() ?? '').split(/\s+/).filter(Boolean);
  }

  lang(): string | undefined {
    return this.getAttribute('lang') ?? this.getAttribute('xml:lang');
  }

  innerHTML(): string {
    return renderChildren(this.#node);
  }

  textContent(): string {
    return this.nodeValue() ?? this.#page.$(this.#node).text();
  }

  toString(): string {
    return render([this.#node]);
  }

  getAttribute(name: string): string | undefined {
    return isElement(this.#node) ? this.#node.attribs[name] : undefined;
  }

  getAttributeNode(name: string): Attribute | undefined {
    const value = this.getAttribute(name);
    return value === undefined ? undefined : { owner_element: this, name, value };
  }

  hasAttribute(name: string): boolean {
    return this.getAttribute(name) !== undefined;
  }

  hasAttributes(): boolean {
    return isElement(this.#node) && Object.keys(this.#node.attribs).length > 0;
  }

  attributes(): Record<string, Attribute> {
    if (!isElement(this.#node)) return {};
    return Object.fromEntries(Object.entries(this.#node.attribs).map(([name, value]) => [name, { owner_element: this, name, value }]));
  }

  childNodes(): Element[] {
    return childrenOf(this.#node).map((node) => this.#other(node));
  }

  children(): Element[] {
    return childrenOf(this.#node)
      .filter(isElement)
      .map((node) => this.#other(node));
  }

  childElementCount(): number {
    return this.children().length;
  }

  hasChildNodes(): boolean {
    return childrenOf(this.#node).length > 0;
  }

  firstChild(): Element | undefined {
    return this.childNodes()[0];
  }

  lastChild(): Element | undefined {
    return this.childNodes().at(-1);
  }

  firstElementChild(): Element | undefined {
    return this.children()[0];
  }

  lastElementChild(): Element | undefined {
    return this.children().at(-1);
  }

  nextSibling(): Element | undefined {
    return this.#maybe(this.#node.next);
  }

  previousSibling(): Element | undefined {
    return this.#maybe(this.#node.prev);
  }

  nextElementSibling(): Element | undefined {
    return this.#maybe(this.#page.$(this.#node).next().get(0));
  }

  previousElementSibling(): Element | undefined {
    return this.#maybe(this.#page.$(this.#node).prev().get(0));
  }

  parentNode(): Element | undefined {
    return this.#maybe(this.#node.parent);
  }

  parentElement(): Element | undefined {
    return isElement(this.#node.parent) ? this.#other(this.#node.parent) : undefined;
  }

  ownerDocument(): Element | undefined {
    return this.#maybe(this.#page.$.root().get(0));
  }

  getElementsByClassName(name: string): Element[] {
    return this.querySelectorAll(`.${name}`);
  }

  getElementsByTagName(name: string): Element[] {
    return this.querySelectorAll(name);
  }

  isDefaultNamespace(): boolean {
    return this.namespaceURI() === 'http://www.w3.org/1999/xhtml';
  }

  namespaceURI(): string {
    return (this.#node as { namespace?: string }).namespace ?? '';
  }

  contains(other: Element): boolean {
    for (let node = Element.nodeOf(other).parent as PageNode | null; node; node = node.parent) if (node === this.#node) return true;
    return false;
  }

  isSameNode(other: Element): boolean {
    return Element.nodeOf(other) === this.#node;
  }

  isEqualNode(other: Element): boolean {
    return this.toString() === other.toString();
  }

  matches(selector: string): boolean {
    return this.#page.$(this.#node).is(selector);
  }

  querySelector(selector: string): Element | undefined {
    return this.querySelectorAll(selector)[0];
  }

  /** A selector that makes no sense finds nothing, as in k6. */
  querySelectorAll(selector: string): Element[] {
    return findAll(this.#page.$, this.#page.$(this.#node), selector)
      .get()
      .map((node) => this.#other(node));
  }

  value(): string | string[] | undefined {
    return isElement(this.#node) ? (valueOf(this.#node, this.#page.$) ?? this.#node.attribs['value']) : undefined;
  }

  #maybe(node: PageNode | null | undefined): Element | undefined {
    return node ? this.#other(node) : undefined;
  }

  #other(node: PageNode): Element {
    return Element.of(node, this.#page);
  }
}

function childrenOf(node: PageNode): PageNode[] {
  return 'children' in node ? node.children : [];
}

const classes = new Map<string, typeof Element>();

/** Elements of one name share what that name has; made when a page first has one. */
function classOf(name: string): typeof Element {
  let known = classes.get(name);
  if (!known) {
    const members = membersOf(name);
    known = members ? class extends Element {} : Element;
    for (const [member, read] of Object.entries(members ?? {}))
      Object.defineProperty(known.prototype, member, {
        value(this: Element) {
          return read(this);
        },
        writable: true,
        configurable: true,
      });
    classes.set(name, known);
  }
  return known;
}
