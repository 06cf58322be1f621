import type { ListShape, MapShape, ScalarShape, Shape, StructShape } from './shape.ts';

/**
 * A long text put together bit by bit, as UTF-8: what is done is turned to bytes early, so that an answer of megabytes
 * is not millions of small strings first.
 */
export class XmlText {
  #pending = '';
  readonly #done: Buffer[] = [];

  add(text: string): this {
    this.#pending += text;
    if (this.#pending.length >= chunkLength) this.#settle();
    return this;
  }

  #settle(): void {
    this.#done.push(Buffer.from(this.#pending));
    this.#pending = '';
  }

  bytes(): Buffer {
    this.#settle();
    return this.#done.length === 1 ? this.#done[0]! : Buffer.concat(this.#done);
  }
}

const chunkLength = 1 << 14;

/** Adds a value as the content of an XML element. Times are epoch milliseconds or Dates; `undefined` and `null` are left out. */
export function encodeXml(out: XmlText, shape: StructShape, value: Readonly<Record<string, unknown>>): void {
  for (const { name, xmlName, shape: inner } of shape.members) {
    const held = value[name];
    if (held === undefined || held === null) continue;
    if (inner.kind === 'list' && inner.flattened) for (const item of held as unknown[]) element(out, xmlName, inner.item, item);
    else element(out, xmlName, inner, held);
  }
}

function element(out: XmlText, name: string, shape: Shape, value: unknown): void {
  if (shape.kind === 'struct' || shape.kind === 'list' || shape.kind === 'map') {
    if (Array.isArray(value) && value.length === 0) {
      out.add(`<${name}/>`);
      return;
    }
    out.add(`<${name}>`);
    content(out, shape, value);
    out.add(`</${name}>`);
    return;
  }
  const text = scalar(shape, value);
  out.add(text === '' ? `<${name}/>` : `<${name}>${text}</${name}>`);
}

function content(out: XmlText, shape: StructShape | ListShape | MapShape, value: unknown): void {
  if (shape.kind === 'struct') encodeXml(out, shape, value as Record<string, unknown>);
  else if (shape.kind === 'list') {
    for (const item of value as unknown[]) if (item !== undefined && item !== null) element(out, shape.itemName, shape.item, item);
  } else {
    for (const [key, held] of Object.entries(value as Record<string, unknown>)) {
      if (held === undefined || held === null) continue;
      if (!shape.flattened) out.add('<entry>');
      out.add(`<${shape.keyName}>${escapeXml(key)}</${shape.keyName}>`);
      element(out, shape.valueName, shape.value, held);
      if (!shape.flattened) out.add('</entry>');
    }
  }
}

function scalar(shape: ScalarShape, value: unknown): string {
  switch (shape.kind) {
    case 'timestamp':
      return timestampText(value as number | Date, shape.format);
    case 'blob':
      return typeof value === 'string' ? escapeXml(value) : Buffer.from(value as Uint8Array).toString('base64');
    case 'number':
      return decimal(value as number);
    default:
      return escapeXml(String(value));
  }
}

function timestampText(value: number | Date, format: 'date-time' | 'http-date' | 'epoch-seconds' | undefined): string {
  const ms = Number(value);
  if (format === 'epoch-seconds') return String(ms / 1000);
  return format === 'http-date' ? new Date(ms).toUTCString() : dateTime(ms);
}

/** The time written last: what was made together, and each part of a resource, has the same. */
let [lastMs, lastText] = [0, '1970-01-01T00:00:00.000Z'];

function dateTime(ms: number): string {
  if (ms !== lastMs) [lastMs, lastText] = [ms, new Date(ms).toISOString()];
  return lastText;
}

/** Numbers without an exponent where they are whole: clients parse integers strictly. */
function decimal(value: number): string {
  return Number.isInteger(value) && Math.abs(value) >= 1e21 ? BigInt(value).toString() : String(value);
}

// Control characters but tab, line feed and carriage return cannot stand in XML 1.0 at all.
const special = /[&<>"\r\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/;
const specials = new RegExp(special.source, 'g');
const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\r': '&#xD;' };

export function escapeXml(text: string): string {
  return special.test(text) ? text.replace(specials, (char) => entities[char] ?? '\ufffd') : text;
}
