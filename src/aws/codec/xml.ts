import type { Member, Shape, StructShape } from './shape.ts';

/** Writes a value as the content of an XML element. Times are epoch milliseconds or Dates; `undefined` and `null` are left out. */
export function encodeXml(shape: StructShape, value: Readonly<Record<string, unknown>>): string {
  let text = '';
  for (const member of shape.members) {
    const held = value[member.name];
    if (held !== undefined && held !== null) text += element(member, held);
  }
  return text;
}

function element(member: Member, value: unknown): string {
  const { shape, xmlName } = member;
  if (shape.kind === 'list' && shape.flattened) {
    let text = '';
    for (const item of value as unknown[]) text += `<${xmlName}>${content(shape.item, item)}</${xmlName}>`;
    return text;
  }
  const inner = content(shape, value);
  return inner === '' ? `<${xmlName}/>` : `<${xmlName}>${inner}</${xmlName}>`;
}

function content(shape: Shape, value: unknown): string {
  switch (shape.kind) {
    case 'struct':
      return encodeXml(shape, value as Record<string, unknown>);
    case 'list': {
      let text = '';
      for (const item of value as unknown[]) {
        if (item !== undefined && item !== null) text += `<${shape.itemName}>${content(shape.item, item)}</${shape.itemName}>`;
      }
      return text;
    }
    case 'map': {
      let text = '';
      for (const [key, held] of Object.entries(value as Record<string, unknown>)) {
        if (held === undefined || held === null) continue;
        const pair = `<${shape.keyName}>${escapeXml(key)}</${shape.keyName}><${shape.valueName}>${content(shape.value, held)}</${shape.valueName}>`;
        text += shape.flattened ? pair : `<entry>${pair}</entry>`;
      }
      return text;
    }
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
  const date = new Date(value);
  if (format === 'epoch-seconds') return String(date.getTime() / 1000);
  return format === 'http-date' ? date.toUTCString() : date.toISOString();
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
