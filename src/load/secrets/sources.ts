import { readFileSync } from 'node:fs';
import { errorMessage, PlimsollError } from '../../base/index.ts';
import { loadErrors } from '../errors.ts';
import { readUrlSettings, UrlSource } from './url-source.ts';

/** Where secrets come from (https://grafana.com/docs/k6/latest/using-k6/secret-source/): `--secret-source`. */
interface Source {
  readonly name: string;
  readonly isDefault: boolean;
  readonly values: ReadonlyMap<string, string>;
  /** For secrets that are fetched. */
  readonly remote: UrlSource | undefined;
}

const REDACTED = '***SECRET_REDACTED***';

/** The secrets of a load process. What a script has asked for never shows in a log. */
export class Secrets {
  readonly #sources: readonly Source[];
  readonly #told = new Set<string>();

  /** Throws PL_LOAD_USAGE. */
  constructor(specs: readonly string[]) {
    this.#sources = specs.map(readSource);
    const names = this.#sources.map(({ name }) => name);
    const twice = names.find((name, i) => names.indexOf(name) !== i);
    if (twice !== undefined) throw usage(`two secret sources have the name "${twice}"`);
    if (this.#sources.filter(({ isDefault }) => isDefault).length > 1) throw usage('only one secret source can be the default');
  }

  /** Of the default source, or the one of that name. */
  async get(key: string, sourceName?: string): Promise<string> {
    const source = this.#source(sourceName);
    const value = source.remote ? await source.remote.get(key) : source.values.get(key);
    if (value === undefined) throw new Error(`the secret source "${source.name}" has no secret "${key}"`);
    if (value !== '') this.#told.add(value);
    return value;
  }

  redact(text: string): string {
    let out = text;
    for (const value of this.#told) out = out.replaceAll(value, REDACTED);
    return out;
  }

  #source(name: string | undefined): Source {
    const [first] = this.#sources;
    if (!first) throw new Error('no secret sources are configured: use --secret-source');
    if (name === undefined) {
      const chosen = this.#sources.length === 1 ? first : this.#sources.find(({ isDefault }) => isDefault);
      if (!chosen) throw new Error('no secret source is the default one: use secrets.source(name), or "default" in --secret-source');
      return chosen;
    }
    const source = this.#sources.find((item) => item.name === name);
    if (!source) throw new Error(`no secret source "${name}": there are ${this.#sources.map((item) => item.name).join(', ')}`);
    return source;
  }
}

/** `mock=name=a,default,key=value` or `file=secrets.env`. */
function readSource(spec: string): Source {
  const [, kind = '', rest = ''] = /^([^=]*)=?(.*)$/s.exec(spec) ?? [];
  if (kind !== 'mock' && kind !== 'file' && kind !== 'url') throw usage(`unknown secret source "${kind}": there are file, mock and url`);
  let name: string = kind;
  let isDefault = false;
  let file = '';
  const values = new Map<string, string>();
  for (const part of rest.split(',')) {
    const equals = part.indexOf('=');
    const key = equals < 0 ? part : part.slice(0, equals);
    const value = part.slice(equals + 1).replace(/^(["'])(.*)\1$/s, '$2');
    if (equals < 0 && key === 'default') isDefault = true;
    else if (equals >= 0 && key === 'name') name = value;
    else if (kind === 'file' && (equals < 0 || key === 'filename')) file = value;
    else if (kind !== 'file' && equals >= 0) values.set(key, value);
    else throw usage(`${JSON.stringify(part)} is no setting of a ${kind} secret source`);
  }
  if (kind === 'file') for (const [key, value] of readSecrets(file)) values.set(key, value);
  return { name, isDefault, values, remote: kind === 'url' ? urlSource(values) : undefined };
}

/** Settings stand in a JSON file (`config=…`), in `K6_SECRET_SOURCE_URL_…` or in the flag, which goes first. */
function urlSource(given: ReadonlyMap<string, string>): UrlSource {
  try {
    const { config, ...flags } = Object.fromEntries(given);
    const file = config === undefined ? {} : (JSON.parse(readFileSync(config, 'utf8')) as Record<string, unknown>);
    return new UrlSource(readUrlSettings({ ...file, ...environmentSettings(), ...flags }));
  } catch (cause) {
    throw usage(`missing or invalid config: ${errorMessage(cause)}`);
  }
}

/** `K6_SECRET_SOURCE_URL_URL_TEMPLATE` → `urlTemplate`, `K6_SECRET_SOURCE_URL_HEADER_X` → `headers.X`. */
function environmentSettings(): Record<string, string> {
  const prefix = 'K6_SECRET_SOURCE_URL_';
  const settings: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (!name.startsWith(prefix) || value === undefined) continue;
    const rest = name.slice(prefix.length);
    const key = rest.startsWith('HEADER_')
      ? `headers.${rest.slice('HEADER_'.length)}`
      : rest.toLowerCase().replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
    settings[key] = value;
  }
  return settings;
}

function readSecrets(file: string): [string, string][] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw usage(`the secrets cannot be read: ${errorMessage(cause)}`);
  }
  return text.split(/\r?\n/).flatMap((line, i): [string, string][] => {
    if (line === '') return [];
    const equals = line.indexOf('=');
    // The line itself may be the secret, so only its number is told.
    if (equals < 0) throw usage(`line ${i + 1} of ${file} is not key=value`);
    return [[line.slice(0, equals), line.slice(equals + 1)]];
  });
}

function usage(what: string): PlimsollError {
  return new PlimsollError(loadErrors.PL_LOAD_USAGE, { what, where: '--secret-source' });
}
