import { gunzipSync, gzipSync } from 'node:zlib';
import Papa from 'papaparse';
import { parse as parseYaml } from 'yaml';
import type { ScalarTag } from 'yaml';
import { errorMessage } from '../../../base/index.ts';
import type { Value } from '../types.ts';
import { asList } from '../values.ts';
import { fromJson, toJson } from './json.ts';
import { FunctionFault, define, text, whole } from './spec.ts';
import type { FunctionSpec } from './spec.ts';
import { toYaml } from './yaml.ts';

export const encodingFunctions: Record<string, FunctionSpec> = {
  base64decode: define([text('str')], ([str]) => utf8(fromBase64(str), 'the result of decoding the provided string is not valid UTF-8')),
  base64encode: define([text('str')], ([str]) => Buffer.from(str).toString('base64')),
  base64gunzip: define([text('str')], ([str]) => gunzip(fromBase64(str))),
  base64gzip: define([text('str')], ([str]) => gzipSync(str).toString('base64')),
  csvdecode: define([text('str')], ([str]) => csv(str)),
  jsondecode: define([text('str')], ([str]) => json(str)),
  jsonencode: define([whole('val')], ([val]) => toJson(val)),
  textdecodebase64: define([text('source'), text('encoding')], ([source, encoding]) => decodeText(fromBase64(source), encoding)),
  textencodebase64: define([text('string'), text('encoding')], ([string, encoding]) => encodeText(string, encoding).toString('base64')),
  urldecode: define([text('str')], ([str]) => urlDecode(str)),
  urlencode: define([text('str')], ([str]) =>
    encodeURIComponent(str)
      .replace(/[!'()*]/g, percent)
      .replaceAll('%20', '+'),
  ),
  yamldecode: define([text('src')], ([src]) => yaml(src)),
  yamlencode: define([whole('value')], ([value]) => toYaml(value)),
};

function percent(char: string): string {
  return `%${char.charCodeAt(0).toString(16).toUpperCase()}`;
}

function fromBase64(value: string): Buffer {
  const clean = value.replace(/[\r\n]/g, '');
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(clean)) {
    throw new FunctionFault(`failed to decode base64 data ${JSON.stringify(value)}`);
  }
  return Buffer.from(clean, 'base64');
}

export function utf8(bytes: Buffer, message: string, argument?: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new FunctionFault(message, argument);
  }
}

function gunzip(bytes: Buffer): string {
  try {
    return gunzipSync(bytes).toString('utf8');
  } catch (error) {
    throw new FunctionFault(`failed to gunzip bytes: ${errorMessage(error)}`);
  }
}

function json(value: string): Value {
  try {
    return fromJson(JSON.parse(value));
  } catch (error) {
    throw new FunctionFault(errorMessage(error));
  }
}

/** `yes`, `no`, `y` and `n` of YAML 1.1 are booleans to Terraform still. */
const oldBoolean: ScalarTag = {
  tag: 'tag:yaml.org,2002:bool',
  default: true,
  test: /^(?:[Yy](?:es)?|YES|[Oo]n|ON|[Nn]o?|NO|[Oo]ff|OFF)$/,
  resolve: (text) => /^(?:y|yes|on)$/i.test(text),
};

/** A day of YAML 1.1 is the moment at which it begins; a time without a zone is one of UTC. */
const moment: ScalarTag = {
  tag: 'tag:yaml.org,2002:timestamp',
  default: true,
  test: /^\d{4}-\d\d-\d\d(?: \d\d:\d\d:\d\d)?$/,
  resolve: (text) => `${text.includes(' ') ? text.replace(' ', 'T') : `${text}T00:00:00`}Z`,
};

function yaml(value: string): Value {
  try {
    return fromJson(parseYaml(value, { schema: 'core', merge: true, logLevel: 'error', customTags: [oldBoolean, moment] }));
  } catch (error) {
    throw new FunctionFault((errorMessage(error).split('\n')[0] ?? '').replace(/:$/, ''));
  }
}

/** A list of objects of texts; the first row names the attributes. */
function csv(value: string): Value {
  const { data } = Papa.parse<string[]>(value, { skipEmptyLines: true });
  const [names, ...rows] = data;
  if (!names) throw new FunctionFault('missing header line');
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new FunctionFault(`duplicate column name ${JSON.stringify(twice)}`);
  const objects = rows.map((row, index) => {
    if (row.length !== names.length) throw new FunctionFault(`CSV parse error on line ${index + 2}: wrong number of fields`);
    return fromJson(Object.fromEntries(names.map((name, column) => [name, row[column] as string])));
  });
  return asList(objects);
}

function urlDecode(value: string): string {
  try {
    return decodeURIComponent(value.replaceAll('+', ' '));
  } catch {
    throw new FunctionFault(`failed to decode URL ${JSON.stringify(value)}`);
  }
}

const nodeEncodings: Readonly<Record<string, BufferEncoding>> = {
  'utf-8': 'utf8',
  utf8: 'utf8',
  'utf-16le': 'utf16le',
  'iso-8859-1': 'latin1',
  latin1: 'latin1',
  'windows-1252': 'latin1',
  'us-ascii': 'latin1',
};

function encodeText(value: string, encoding: string): Buffer {
  const name = encoding.toLowerCase();
  const known = Object.hasOwn(nodeEncodings, name) ? nodeEncodings[name] : undefined;
  if (known) {
    if (known === 'latin1' && /[^\u0000-\u00ff]/.test(value))
      throw new FunctionFault(`the given string contains characters that cannot be represented in ${encoding}`, 'string');
    return Buffer.from(value, known);
  }
  if (name === 'utf-16be' || name === 'utf-16') return Buffer.from(value, 'utf16le').swap16();
  throw new FunctionFault(`${JSON.stringify(encoding)} is not a supported IANA encoding name or alias in this version`, 'encoding');
}

function decodeText(bytes: Buffer, encoding: string): string {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    throw new FunctionFault(`the given string cannot be decoded as ${encoding}`, 'encoding');
  }
}
