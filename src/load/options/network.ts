import { getCiphers, type SecureVersion } from 'node:tls';
import { BlockList, isIP } from 'node:net';
import { durationMs } from './durations.ts';
import { asRecord, asString, invalid } from './fields.ts';

/** Options that say how connections are made; k6's names and messages (https://grafana.com/docs/k6/latest/using-k6/k6-options/reference/). */

/** `tlsAuth`: a certificate of the client, for some hosts or (without domains) all. */
export interface ClientCertificate {
  readonly domains: readonly string[];
  readonly cert: string;
  readonly key: string;
  readonly password: string | undefined;
}

export interface TlsOptions {
  readonly minVersion: SecureVersion | undefined;
  readonly maxVersion: SecureVersion | undefined;
  /** In OpenSSL's form. */
  readonly ciphers: string | undefined;
  readonly clientCertificates: readonly ClientCertificate[];
}

export interface DnsOptions {
  /** Infinity keeps answers for ever, 0 not at all. */
  readonly ttlMs: number;
  readonly select: 'first' | 'random' | 'roundRobin';
  readonly policy: 'preferIPv4' | 'preferIPv6' | 'onlyIPv4' | 'onlyIPv6' | 'any';
}

/** A block of addresses that no connection may go to. */
export interface AddressBlock {
  /** As k6 prints it: `10.0.0.0/8`. */
  readonly text: string;
  readonly list: BlockList;
}

const versions: Readonly<Record<string, SecureVersion>> = {
  'tls1.0': 'TLSv1',
  'tls1.1': 'TLSv1.1',
  'tls1.2': 'TLSv1.2',
  'tls1.3': 'TLSv1.3',
};

/** OpenSSL's defaults for TLS 1.3: as in Go, they are not a matter of choice. */
const TLS13_SUITES = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'];

/** Suites that Go still offers when it is asked, and OpenSSL no longer has: RFC 7465 and 8429 tell why. */
const GONE_SUITES = /^TLS_(?:RSA|ECDHE_RSA|ECDHE_ECDSA)_WITH_(?:RC4_128|3DES_EDE_CBC)_SHA$/;

export function readTls(version: unknown, suites: unknown, auth: unknown, warnings: string[]): TlsOptions {
  const [minVersion, maxVersion] = readVersions(version);
  const isOld = minVersion === 'TLSv1' || minVersion === 'TLSv1.1';
  const ciphers = suites === undefined || suites === null ? undefined : readSuites(suites, warnings);
  return {
    minVersion,
    maxVersion,
    // OpenSSL's default security level leaves the old versions without a signature algorithm.
    ciphers: isOld ? `${ciphers ?? 'DEFAULT'}:@SECLEVEL=0` : ciphers,
    clientCertificates: auth === undefined || auth === null ? [] : readAuth(auth),
  };
}

/** `"tls1.2"` or `{ min: "tls1.2", max: "tls1.3" }`. */
function readVersions(value: unknown): [SecureVersion | undefined, SecureVersion | undefined] {
  if (value === undefined || value === null || value === '') return [undefined, undefined];
  const one = (name: unknown): SecureVersion | undefined => {
    if (name === undefined || name === null || name === '') return undefined;
    const version = typeof name === 'string' ? versions[name] : undefined;
    if (version === undefined) throw invalid(`tlsVersion must be one of ${Object.keys(versions).join(', ')}, got ${JSON.stringify(name)}`);
    return version;
  };
  if (typeof value === 'string') return [one(value), one(value)];
  const { min, max } = asRecord(value, 'tlsVersion');
  return [one(min), one(max)];
}

function readSuites(value: unknown, warnings: string[]): string {
  if (!Array.isArray(value)) throw invalid('tlsCipherSuites must be a list of names');
  const asked = value.map((item: unknown) => asString(item, 'tlsCipherSuites'));
  const gone = asked.filter((name) => GONE_SUITES.test(name));
  if (gone.length > 0 && gone.length === asked.length) throw invalid(`tlsCipherSuites: OpenSSL no longer has ${gone.join(', ')}`);
  for (const name of gone) warnings.push(`the cipher suite ${name} is not offered: OpenSSL no longer has it`);
  const known = new Set(getCiphers());
  const names = asked
    .filter((name) => !GONE_SUITES.test(name))
    .map((name) => {
      const ours = TLS13_SUITES.includes(name) ? name : openSslName(name);
      if (!known.has(ours.toLowerCase())) throw invalid(`unknown cipher suite '${name}'`);
      return ours;
    });
  return [...new Set([...TLS13_SUITES, ...names])].join(':');
}

/** `TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256` → `ECDHE-RSA-AES128-SHA256`. */
function openSslName(name: string): string {
  if (!name.startsWith('TLS_')) return '';
  return name
    .replace(/^TLS_(?:RSA_WITH_)?/, '')
    .replace('_WITH_', '_')
    .replace('_CBC', '')
    .replace(/AES_(\d+)/, 'AES$1')
    .replace('POLY1305_SHA256', 'POLY1305')
    .replaceAll('_', '-');
}

function readAuth(value: unknown): ClientCertificate[] {
  if (!Array.isArray(value)) throw invalid('tlsAuth must be a list of { domains, cert, key, password }');
  return value.map((item: unknown, i) => {
    const name = `tlsAuth[${i}]`;
    const { domains, cert, key, password } = asRecord(item, name);
    return {
      domains: ((domains ?? []) as unknown[]).map((domain) => asString(domain, `${name}.domains`).toLowerCase()),
      cert: asString(cert, `${name}.cert`),
      key: asString(key, `${name}.key`),
      password: password === undefined || password === null ? undefined : asString(password, `${name}.password`),
    };
  });
}

const selects = ['first', 'random', 'roundRobin'] as const;
const policies = ['preferIPv4', 'preferIPv6', 'onlyIPv4', 'onlyIPv6', 'any'] as const;

/** `{ ttl: "5m", select: "random", policy: "preferIPv4" }` or, from flags, `ttl=5m,select=random`. */
export function readDns(value: unknown): DnsOptions {
  const fields = typeof value === 'string' ? pairsOf(value) : asRecord(value ?? {}, 'dns');
  for (const name of Object.keys(fields))
    if (!['ttl', 'select', 'policy'].includes(name))
      throw invalid(`unknown DNS setting ${JSON.stringify(name)}: there are ttl, select and policy`);
  const { ttl, select, policy } = fields as Record<string, string | undefined>;
  return {
    ttlMs: readTtl(ttl ?? '5m'),
    select: oneOf(selects, select ?? 'random', 'DNSSelect'),
    policy: oneOf(policies, policy ?? 'preferIPv4', 'DNSPolicy'),
  };
}

function oneOf<T extends string>(values: readonly T[], given: string, type: string): T {
  const found = values.find((value) => value.toLowerCase() === given.toLowerCase());
  if (found === undefined) throw invalid(`${given} does not belong to ${type} values`);
  return found;
}

function pairsOf(text: string): Record<string, string> {
  const pairs = text.split(',').filter((pair) => pair.trim() !== '');
  return Object.fromEntries(
    pairs.map((pair) => {
      const [name = '', value] = pair.split('=').map((part) => part.trim());
      if (value === undefined) throw invalid(`dns is ttl=…,select=…,policy=…, got ${JSON.stringify(text)}`);
      return [name, value];
    }),
  );
}

function readTtl(text: unknown): number {
  if (text === 'inf') return Number.POSITIVE_INFINITY;
  const ms = typeof text === 'string' ? durationMs(text, 'ms') : undefined;
  if (ms === undefined || ms < 0) throw invalid(`invalid DNS TTL: ${String(text)}`);
  return ms;
}

/** `blacklistIPs`: `10.0.0.0/8`; a single address is a block of its own. */
export function readAddressBlocks(value: unknown): AddressBlock[] {
  return textsOf(value, 'blacklistIPs').map((text) => {
    const [base = '', bits] = text.split('/');
    const family = isIP(base) === 6 ? 'ipv6' : 'ipv4';
    const size = bits === undefined && isIP(base) !== 0 ? (family === 'ipv6' ? 128 : 32) : Number(bits ?? Number.NaN);
    const list = new BlockList();
    try {
      list.addSubnet(base, size, family);
    } catch (cause) {
      throw Object.assign(invalid(`failed to parse CIDR '${text}': invalid CIDR address: ${text}`), { cause });
    }
    return { text, list };
  });
}

/** `blockHostnames`: names, `*` only as their beginning. */
export function readHostPatterns(value: unknown): string[] {
  return textsOf(value, 'blockHostnames').map((text) => {
    if (!/^\*?[\w.-]*$/.test(text) || text === '') throw invalid(`invalid hostname pattern '${text}'`);
    return text.toLowerCase();
  });
}

/** From flags the list is one text, with commas. */
function textsOf(value: unknown, name: string): string[] {
  const list: unknown = typeof value === 'string' ? value.split(',') : value;
  if (!Array.isArray(list)) throw invalid(`${name} must be a list`);
  return list.map((item) => asString(item, name).trim());
}
