import { isElement, type PageNode } from './document.ts';
import { valueOf } from './forms.ts';
import type { Page } from './selection.ts';

/** An attribute of an element, as `attributes()` shows it. */
export interface Attribute {
  readonly name: string;
  readonly value: string;
}

/**
 * k6's Element (https://grafana.com/docs/k6/latest/javascript-api/k6-html/element/): a node by DOM names, all of
 * them methods. Attributes of particular elements follow below.
 */
export class Element {
  readonly #node: PageNode;
  readonly #page: Page;

  constructor(node: PageNode, page: Page) {
    this.#node = node;
    this.#page = page;
  }

  static nodeOf(element: Element): PageNode {
    return element.#node;
  }

  static pageOf(element: Element): Page {
    return element.#page;
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

  className(): string {
    return this.getAttribute('class') ?? '';
  }

  classList(): string[] {
    return this.className().split(/\s+/).filter(Boolean);
  }

  lang(): string | undefined {
    for (let node: PageNode | null = this.#node; node; node = node.parent)
      if (isElement(node) && node.attribs['lang']) return node.attribs['lang'];
    return undefined;
  }

  innerHTML(): string {
    return this.#page.$(this.#node).html() ?? '';
  }

  textContent(): string {
    return this.nodeValue() ?? this.#page.$(this.#node).text();
  }

  toString(): string {
    return this.#page.$.html(this.#node as never);
  }

  getAttribute(name: string): string | undefined {
    return isElement(this.#node) ? this.#node.attribs[name] : undefined;
  }

  getAttributeNode(name: string): Attribute | undefined {
    const value = this.getAttribute(name);
    return value === undefined ? undefined : { name, value };
  }

  hasAttribute(name: string): boolean {
    return this.getAttribute(name) !== undefined;
  }

  hasAttributes(): boolean {
    return isElement(this.#node) && Object.keys(this.#node.attribs).length > 0;
  }

  attributes(): Record<string, Attribute> {
    if (!isElement(this.#node)) return {};
    return Object.fromEntries(Object.entries(this.#node.attribs).map(([name, value]) => [name, { name, value }]));
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

  namespaceURI(): string {
    return (this.#node as { namespace?: string }).namespace ?? '';
  }

  contains(other: Element): boolean {
    for (let node: PageNode | null = Element.nodeOf(other); node; node = node.parent) if (node === this.#node) return true;
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
    return this.#maybe(this.#page.$(this.#node).find(selector).get(0));
  }

  querySelectorAll(selector: string): Element[] {
    return this.#page
      .$(this.#node)
      .find(selector)
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
    return new Element(node, this.#page);
  }
}

function childrenOf(node: PageNode): PageNode[] {
  return 'children' in node ? node.children : [];
}

const words = (text: string): string[] => text.trim().split(/\s+/);

/** Attributes that are read as text, under their DOM names when those differ. */
const textAttributes = words(`accessKey:accesskey action accept acceptCharset:accept-charset align alt autocapitalize autocomplete cite
  color content coords crossOrigin:crossorigin dateTime:datetime dir download encoding:enctype enctype face form:form formAction:formaction
  formMethod:formmethod formTarget:formtarget headers high htmlFor:for httpEquiv:http-equiv kind label media method name pattern placeholder
  poster preload rel scope shape sizes srcdoc srclang srcset target title type useMap:usemap wrap`);
/** Attributes that are there or not. */
const flags = words(`autofocus autoplay checked controls default defer disabled formNoValidate:formnovalidate hidden isMap:ismap loop
  multiple muted noValidate:novalidate open readOnly:readonly required reversed selected async`);
const numbers = words(
  'colSpan:colspan rowSpan:rowspan cols rows height width maxLength:maxlength minLength:minlength size span start tabIndex:tabindex',
);
/** Addresses, resolved against the page's. */
const addresses = words('href src data manifest');
/** Parts of an address (https://url.spec.whatwg.org/#api). */
const addressParts = words('hash host hostname origin pathname port protocol search username password');

const prototype = Element.prototype as unknown as Record<string, unknown>;

function define(entry: string, read: (element: Element, attribute: string) => unknown): void {
  const [name, attribute] = entry.split(':') as [string, string | undefined];
  prototype[name] ??= function (this: Element) {
    return read(this, attribute ?? name);
  };
}

for (const entry of textAttributes) define(entry, (element, attribute) => element.getAttribute(attribute) ?? '');
for (const entry of flags) define(entry, (element, attribute) => element.hasAttribute(attribute));
for (const entry of numbers) define(entry, (element, attribute) => Number.parseInt(element.getAttribute(attribute) ?? '0', 10) || 0);
for (const entry of addresses) define(entry, (element, attribute) => resolve(element, element.getAttribute(attribute)));
for (const part of addressParts)
  define(part, (element) => {
    const url = URL.parse(resolve(element, element.getAttribute('href')));
    return url ? (url as unknown as Record<string, string>)[part] : '';
  });
define('text', (element) => element.textContent());
define('elements', (element) => element.querySelectorAll('input, select, textarea, button, fieldset, object, output'));
define('options', (element) => element.querySelectorAll('option'));
define('selectedOptions', (element) => element.querySelectorAll('option[selected]'));
define('selectedIndex', (element) => element.querySelectorAll('option').findIndex((option) => option.hasAttribute('selected')));

function resolve(element: Element, address: string | undefined): string {
  if (address === undefined) return '';
  return URL.parse(address, Element.pageOf(element).url)?.href ?? address;
}
