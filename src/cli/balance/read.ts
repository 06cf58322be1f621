import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { Ajv, type ErrorObject } from 'ajv';
import { isScalar, LineCounter, parseDocument, type Document, type Node } from 'yaml';
import { errorMessage, packageRoot, PlimsollError, systemErrorCode } from '../../base/index.ts';
import { isNetworkProtocol } from '../../model/index.ts';
import { cliErrors } from '../errors.ts';
import type { ActionConfig, BalanceConfig, ListenerConfig, TargetGroupConfig } from './config.ts';
import { groupRanges, listenerRanges } from './ranges.ts';

/** A key of the file, from its root: `['listeners', 0, 'port']`. */
type Path = readonly (string | number)[];

interface Finding {
  path: Path;
  /** What is wrong and what to write instead. */
  text: string;
}

/** Room for a mistake made everywhere; what is beyond shows after these are mended. */
const findingsShown = 20;

/**
 * Reads and checks a configuration file. All that is wrong is told at once, a line each:
 * `lb.yaml:7: listeners[0].port: must be <= 65535`.
 */
export function readBalanceConfig(file: string): BalanceConfig {
  const text = readText(file);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, strict: true });
  const [syntax] = document.errors;
  if (syntax) {
    const { line } = lines.linePos(syntax.pos[0]);
    throw invalid([`${file}:${line}: ${syntax.message.split('\n')[0]?.replace(/ at line \d+, column \d+:?$/, '')}`]);
  }
  const value = resolveAliases(document, file);
  const findings = [...checkSchema(value)];
  if (findings.length === 0) findings.push(...checkMeaning(value as BalanceConfig, dirname(resolve(file))));
  if (findings.length > 0)
    throw invalid(findings.map(({ path, text }) => `${file}:${lineOf(document, lines, path)}: ${pathText(path)}: ${text}`));
  return value as BalanceConfig;
}

/** Aliases may name what is not there, or multiply without end. */
function resolveAliases(document: Document, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    throw invalid([`${file}: ${errorMessage(error)}`]);
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new PlimsollError(cliErrors.PL_CLI_CONFIG_UNREADABLE, {
      what: `the configuration cannot be read: ${systemErrorCode(error) ?? String(error)}`,
      where: file,
      fix: 'name an existing file',
      cause: error,
    });
  }
}

function invalid(findings: readonly string[]): PlimsollError {
  const shown = findings.slice(0, findingsShown);
  const more = findings.length > shown.length ? `\n… and ${findings.length - shown.length} more` : '';
  return new PlimsollError(cliErrors.PL_CLI_CONFIG_INVALID, { what: `${shown.join('\n')}${more}` });
}

function checkSchema(value: unknown): Finding[] {
  const schema = JSON.parse(readFileSync(join(packageRoot, 'schemas/balance.schema.json'), 'utf8')) as object;
  const validate = new Ajv({ allErrors: true, allowUnionTypes: true, strict: true, verbose: true }).compile(schema);
  if (validate(value)) return [];
  return (validate.errors ?? [])
    .filter(({ keyword }) => keyword !== 'anyOf')
    .map((error) => ({ path: pathOf(error), text: textOf(error) }));
}

function pathOf(error: ErrorObject): Path {
  const path: (string | number)[] = error.instancePath
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part));
  const { additionalProperty, propertyName } = error.params as { additionalProperty?: string; propertyName?: string };
  const key = additionalProperty ?? propertyName;
  return key === undefined ? path : [...path, key];
}

function textOf({ keyword, params, message, parentSchema }: ErrorObject): string {
  const { allowedValues, missingProperty } = params as { allowedValues?: unknown[]; missingProperty?: string };
  switch (keyword) {
    case 'additionalProperties':
      return 'unknown key; remove it or mend its spelling';
    case 'required':
      return `${missingProperty} is missing; add it`;
    case 'enum':
      return `must be one of ${allowedValues?.join(', ')}`;
    case 'pattern':
    case 'type':
      return isDuration(parentSchema) ? 'must be a duration such as 500ms, 30s or 1m30s' : (message ?? 'has the wrong form');
    default:
      return message ?? 'is wrong';
  }
}

function isDuration(schema: unknown): boolean {
  return ((schema as { pattern?: string } | undefined)?.pattern ?? '').includes('ms|s|m|h|d');
}

/** What a schema cannot say: names that must exist, keys that exclude or need each other, ranges of durations. */
function checkMeaning(config: BalanceConfig, folder: string): Finding[] {
  const findings: Finding[] = [];
  const add = (path: Path, text: string): void => void findings.push({ path, text });
  const seen = new Map<string, number>();
  for (const [index, listener] of config.listeners.entries()) {
    const at: Path = ['listeners', index];
    const address = `${listener.bind ?? '127.0.0.1'}:${listener.port}`;
    const first = seen.get(address);
    if (first !== undefined) add([...at, 'port'], `listeners[${first}] has ${address} already; choose another port`);
    else seen.set(address, index);
    const encrypted = listener.protocol === 'HTTPS' || listener.protocol === 'TLS';
    if (encrypted && !listener.certificates) add(at, `certificates is missing; ${listener.protocol} needs at least one`);
    if (!encrypted && listener.certificates)
      add([...at, 'certificates'], 'only HTTPS and TLS have certificates; change the protocol or remove them');
    for (const [number, files] of (listener.certificates ?? []).entries()) {
      for (const key of ['certificate', 'privateKey'] as const) {
        if (!isReadable(resolve(folder, files[key])))
          add([...at, 'certificates', number, key], 'cannot be read; name an existing PEM file');
      }
    }
    checkKind(listener, at, add);
    for (const { path, text } of listenerRanges(listener)) add([...at, ...path], text);
    checkAction(listener, listener.default, [...at, 'default'], config, add);
    const priorities = new Set<number>();
    for (const [number, rule] of (listener.rules ?? []).entries()) {
      const where: Path = [...at, 'rules', number];
      if (priorities.has(rule.priority))
        add([...where, 'priority'], `another rule of this listener has priority ${rule.priority}; each needs its own`);
      priorities.add(rule.priority);
      checkAction(listener, rule.then, [...where, 'then'], config, add);
    }
  }
  for (const [name, group] of Object.entries(config.targetGroups)) checkGroup(group, ['targetGroups', name], add);
  return findings;
}

type Add = (path: Path, text: string) => void;

const requestKeys = [
  'rules',
  'clientKeepAlive',
  'desyncMode',
  'xForwardedFor',
  'xForwardedForClientPort',
  'preserveHostHeader',
  'tlsHeaders',
  'dropInvalidHeaderFields',
  'http2',
  'accessLog',
] as const;

/** Keys that mean something for requests only, or for flows only. */
function checkKind(listener: ListenerConfig, at: Path, add: Add): void {
  const { protocol } = listener;
  if (isNetworkProtocol(protocol)) {
    for (const key of requestKeys)
      if (listener[key] !== undefined) add([...at, key], `belongs to HTTP and HTTPS; a ${protocol} listener has none`);
    if (listener.default.forward === undefined) add([...at, 'default'], `a ${protocol} listener can only forward`);
  }
  if (listener.minTlsVersion !== undefined && protocol !== 'HTTPS') add([...at, 'minTlsVersion'], 'belongs to protocol: HTTPS');
  if (listener.alpnPolicy !== undefined && protocol !== 'TLS') add([...at, 'alpnPolicy'], 'belongs to protocol: TLS');
}

function checkAction(listener: ListenerConfig, action: ActionConfig, path: Path, config: BalanceConfig, add: Add): void {
  const kinds = (['forward', 'redirect', 'fixedResponse'] as const).filter((kind) => action[kind] !== undefined);
  if (kinds.length !== 1)
    add(path, `has ${kinds.length === 0 ? 'no action' : kinds.join(' and ')}; give exactly one of forward, redirect, fixedResponse`);
  const { forward } = action;
  if (action.stickiness !== undefined && !Array.isArray(forward))
    add([...path, 'stickiness'], 'belongs to a forward to several target groups');
  const names = typeof forward === 'string' ? [forward] : (forward ?? []).map((each) => each.targetGroup);
  for (const name of names) {
    const group = Object.hasOwn(config.targetGroups, name) ? config.targetGroups[name] : undefined;
    if (group) {
      const flows = isNetworkProtocol(listener.protocol);
      if (flows !== isNetworkProtocol(group.protocol ?? 'HTTP'))
        add([...path, 'forward'], `a ${listener.protocol} listener cannot use "${name}", whose protocol is ${group.protocol ?? 'HTTP'}`);
      else if (!servesVersion(listener, group)) add([...path, 'forward'], versionText(listener, name, group));
      continue;
    }
    add([...path, 'forward'], `there is no target group "${name}"; targetGroups has ${Object.keys(config.targetGroups).join(', ')}`);
  }
}

/** Clients of HTTP/2 come by HTTPS; others would all be answered with 464. */
function servesVersion(
  { protocol, http2 = true }: ListenerConfig,
  { protocolVersion = 'HTTP1', http1Clients = false }: TargetGroupConfig,
): boolean {
  return protocolVersion === 'HTTP1' || (protocol === 'HTTPS' && http2) || (protocolVersion === 'HTTP2' && http1Clients);
}

function versionText({ protocol }: ListenerConfig, name: string, { protocolVersion }: TargetGroupConfig): string {
  const listener = protocol === 'HTTPS' ? 'without http2' : `of protocol ${protocol}`;
  const otherwise = protocolVersion === 'HTTP2' ? `, or set http1Clients: true in "${name}"` : '';
  return `a listener ${listener} has HTTP/1.1 clients only, and "${name}" is ${protocolVersion}; use an HTTPS listener with http2${otherwise}`;
}

const httpGroupKeys = [
  'algorithm',
  'hashKey',
  'anomalyMitigation',
  'slowStart',
  'stickiness',
  'protocolVersion',
  'http1Clients',
  'outlierDetection',
  'minimumHealthyTargets',
] as const;
const networkGroupKeys = ['proxyProtocol', 'sourceIpStickiness', 'connectionTermination'] as const;

function checkGroup(group: TargetGroupConfig, path: Path, add: Add): void {
  const { healthCheck = {}, hashKey, stickiness } = group;
  const flows = isNetworkProtocol(group.protocol ?? 'HTTP');
  for (const key of flows ? httpGroupKeys : networkGroupKeys) {
    if (group[key] !== undefined)
      add([...path, key], `belongs to ${flows ? 'protocols HTTP and HTTPS' : 'protocols TCP, TLS, UDP and TCP_UDP'}`);
  }
  if (group.http1Clients !== undefined && group.protocolVersion !== 'HTTP2')
    add([...path, 'http1Clients'], 'belongs to protocolVersion: HTTP2');
  const { matcher } = healthCheck;
  if (matcher !== undefined && !matcherFits(matcher, group.protocolVersion === 'GRPC'))
    add([...path, 'healthCheck', 'matcher'], 'must be HTTP codes from 200 to 499, or of gRPC from 0 to 99 for protocolVersion: GRPC');
  for (const { path: key, text } of groupRanges(group)) add([...path, ...key], text);
  if (hashKey && group.algorithm !== 'consistent_hash') add([...path, 'hashKey'], 'belongs to algorithm: consistent_hash');
  if (hashKey && ['header', 'cookie', 'query'].includes(hashKey.from) !== (hashKey.name !== undefined)) {
    add([...path, 'hashKey'], 'name belongs to from: header, cookie or query, and to no other');
  }
  if (stickiness && (stickiness.type === 'app_cookie') !== (stickiness.cookieName !== undefined)) {
    add([...path, 'stickiness'], 'cookieName belongs to type: app_cookie, and to no other');
  }
  const seen = new Set<string>();
  for (const [index, target] of group.targets.entries()) {
    const id = `${target.host}:${target.port}`;
    if (seen.has(id)) add([...path, 'targets', index], `${id} is there already; give it a weight instead`);
    seen.add(id);
  }
}

function matcherFits(matcher: string, grpc: boolean): boolean {
  const [low, high] = grpc ? [0, 99] : [200, 499];
  return matcher.split(/[,-]/).every((code) => Number(code) >= low && Number(code) <= high);
}

function isReadable(file: string): boolean {
  try {
    readFileSync(file);
    return true;
  } catch {
    return false;
  }
}

/** The line of a key, or of the nearest part of the file around it that is there. */
function lineOf(document: Document, lines: LineCounter, path: Path): number {
  for (let length = path.length; length >= 0; length--) {
    const node = length === 0 ? document.contents : keyNode(document, path.slice(0, length));
    const start = node?.range?.[0];
    if (start !== undefined) return lines.linePos(start).line;
  }
  return 1;
}

function keyNode(document: Document, path: Path): Node | null {
  const parent: unknown = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  const items = (parent as { items?: unknown[] } | null)?.items ?? [];
  const last = path.at(-1);
  if (typeof last === 'number') return (items[last] as Node | undefined) ?? null;
  const pair = (items as { key?: unknown }[]).find(({ key }) => isScalar(key) && key.value === last);
  return (pair?.key as Node | undefined) ?? null;
}

function pathText(path: Path): string {
  if (path.length === 0) return 'the file';
  return path.map((part, index) => (typeof part === 'number' ? `[${part}]` : index === 0 ? part : `.${part}`)).join('');
}
