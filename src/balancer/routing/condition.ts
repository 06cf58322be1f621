import { BlockList, isIPv6 } from 'node:net';
import type { Condition } from '../../model/index.ts';
import { matchesGlob } from './glob.ts';
import { hostOf, type RequestView } from './request-view.ts';

export type Matcher = (view: RequestView) => boolean;

/** https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html */
export function compileCondition(condition: Condition): Matcher {
  switch (condition.field) {
    case 'host-header': {
      const patterns = condition.values.map((value) => value.toLowerCase());
      return (view) => anyGlob(patterns, hostOf(view.authority).toLowerCase());
    }
    case 'path-pattern':
      return (view) => anyGlob(condition.values, view.path);
    case 'http-header': {
      const name = condition.name.toLowerCase();
      const patterns = condition.values.map((value) => value.toLowerCase());
      return (view) => view.header(name).some((value) => anyGlob(patterns, value.toLowerCase()));
    }
    case 'http-request-method':
      return (view) => condition.values.includes(view.method);
    case 'query-string': {
      const patterns = condition.values.map(({ key, value }) => ({ key: key?.toLowerCase(), value: value.toLowerCase() }));
      return (view) => pairsOf(view.query).some(([key, value]) => patterns.some((pattern) => matchesPair(pattern, key, value)));
    }
    default: {
      const list = blockListOf(condition.values);
      return (view) => list.check(view.address, isIPv6(view.address) ? 'ipv6' : 'ipv4');
    }
  }
}

function anyGlob(patterns: readonly string[], text: string): boolean {
  return patterns.some((pattern) => matchesGlob(pattern, text));
}

function matchesPair(pattern: { key: string | undefined; value: string }, key: string, value: string): boolean {
  if (pattern.key !== undefined && !matchesGlob(pattern.key, key)) return false;
  return matchesGlob(pattern.value, pattern.key === undefined && value === '' ? key : value);
}

// Compared as they stand on the wire: AWS does not decode them.
function pairsOf(query: string): [string, string][] {
  if (query === '') return [];
  return query
    .toLowerCase()
    .split('&')
    .map((pair) => {
      const at = pair.indexOf('=');
      return at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)];
    });
}

function blockListOf(blocks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const block of blocks) {
    const [address, bits] = block.split('/') as [string, string | undefined];
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    list.addSubnet(address, Number(bits ?? (family === 'ipv6' ? 128 : 32)), family);
  }
  return list;
}
