import { AwsError } from './error.ts';
import type { ListShape, MapShape, ScalarShape, Shape, StructShape } from './shape.ts';

/** The form protocols: https://smithy.io/2.0/aws/protocols/aws-query-protocol.html and aws-ec2-query-protocol.html. */
export type FormDialect = 'query' | 'ec2';

/** A form's keys split at their dots; `text` is the value of the key that ends here. */
interface Node {
  text: string | undefined;
  children: Map<string, Node> | undefined;
}

/** More would be refused by AWS long before; it bounds what a hostile form can cost. */
const depthMax = 32;
const fieldsMax = 20_000;

/** Reads a typed value out of form fields. Times come out as epoch milliseconds, blobs as bytes. */
export function decodeForm(shape: StructShape | undefined, fields: URLSearchParams, dialect: FormDialect): Record<string, unknown> {
  if (shape === undefined) return {};
  return readStruct(shape, plant(fields), dialect, '');
}

function plant(fields: URLSearchParams): Node {
  const root: Node = { text: undefined, children: undefined };
  let count = 0;
  for (const [key, value] of fields) {
    if (++count > fieldsMax) throw new AwsError('MalformedInput', `The request has more than ${fieldsMax} parameters.`);
    let node = root;
    const parts = key.split('.');
    if (parts.length > depthMax) throw new AwsError('MalformedInput', `The parameter ${key.slice(0, 100)} is nested too deeply.`);
    for (const part of parts) {
      node.children ??= new Map();
      let next = node.children.get(part);
      if (next === undefined) node.children.set(part, (next = { text: undefined, children: undefined }));
      node = next;
    }
    node.text = value;
  }
  return root;
}

function read(shape: Shape, node: Node, dialect: FormDialect, path: string): unknown {
  switch (shape.kind) {
    case 'struct':
      return readStruct(shape, node, dialect, path);
    case 'list':
      return readList(shape, node, dialect, path);
    case 'map':
      return readMap(shape, node, dialect, path);
    default:
      return node.text === undefined ? undefined : readScalar(shape, node.text, path);
  }
}

function readStruct(shape: StructShape, node: Node, dialect: FormDialect, path: string): Record<string, unknown> {
  const value: Record<string, unknown> = {};
  if (node.children === undefined) return value;
  for (const member of shape.members) {
    const key = dialect === 'ec2' ? member.ec2Name : member.queryName;
    const child = node.children.get(key);
    if (child === undefined) continue;
    const found = read(member.shape, child, dialect, path === '' ? key : `${path}.${key}`);
    if (found !== undefined) value[member.name] = found;
  }
  return value;
}

function readList(shape: ListShape, node: Node, dialect: FormDialect, path: string): unknown[] | undefined {
  const flat = dialect === 'ec2' || shape.flattened;
  const source = flat ? node : (node.children?.get(shape.itemName) ?? node.children?.get('member'));
  if (source === undefined) return node.text === '' ? [] : undefined;
  const items: unknown[] = [];
  for (const [index, child] of numbered(source)) {
    const item = read(shape.item, child, dialect, `${path}.${index}`);
    if (item !== undefined) items.push(item);
  }
  return items;
}

function readMap(shape: MapShape, node: Node, dialect: FormDialect, path: string): Record<string, unknown> {
  const source = shape.flattened ? node : (node.children?.get('entry') ?? node);
  const value: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const [index, child] of numbered(source)) {
    const key = child.children?.get(shape.keyName)?.text;
    const held = child.children?.get(shape.valueName);
    if (key !== undefined && held !== undefined) value[key] = read(shape.value, held, dialect, `${path}.${index}`);
  }
  return value;
}

/** Children named 1, 2, 3 … in numeric order; gaps are allowed. */
function numbered(node: Node): [number, Node][] {
  const found: [number, Node][] = [];
  for (const [key, child] of node.children ?? []) if (/^\d{1,7}$/.test(key)) found.push([Number(key), child]);
  return found.sort((a, b) => a[0] - b[0]);
}

function readScalar(shape: ScalarShape, text: string, path: string): unknown {
  switch (shape.kind) {
    case 'boolean':
      if (/^(true|1)$/i.test(text)) return true;
      if (/^(false|0)$/i.test(text)) return false;
      throw malformed(text, path, 'Must be true or false');
    case 'number': {
      if (text === '') return undefined;
      const value = Number(text);
      if (Number.isNaN(value) && text !== 'NaN') throw malformed(text, path, 'Must be a number');
      return value;
    }
    case 'timestamp': {
      const ms = /^-?\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text);
      if (Number.isNaN(ms)) throw malformed(text, path, 'Must be a timestamp in ISO 8601 form');
      return ms;
    }
    case 'blob':
      return new Uint8Array(Buffer.from(text, 'base64'));
    default:
      return text;
  }
}

function malformed(text: string, path: string, rule: string): AwsError {
  return new AwsError('MalformedInput', `Value (${text.slice(0, 200)}) for parameter ${path} is invalid. ${rule}.`);
}
