/** Tags of one sample: the system's in their order, then the script's own. */
export type Tags = readonly (readonly [string, string])[];

/** k6's default system tags (https://grafana.com/docs/k6/latest/using-k6/tags-and-groups/#system-tags). */
export const defaultSystemTags: readonly string[] = [
  'check', 'error', 'error_code', 'expected_response', 'group', 'method', 'name', 'proto', 'scenario', 'service', 'status', 'subproto',
  'tls_version', 'url',
]; // prettier-ignore

/** System tags that samples have only when they are asked for. */
const askedTags = ['ip', 'ocsp_status'];

/** System tags that go to `metadata`, as they would make every sample a series of its own. */
export const metadataTags: ReadonlySet<string> = new Set(['iter', 'vu']);

/** The option `systemTags`, sorted: a list or, from a flag, its text. Names that are no system tags have no effect, as in k6. */
export function systemTagsOf(option: unknown): readonly string[] {
  if (typeof option === 'string') return systemTagsOf(option.split(','));
  if (!Array.isArray(option)) return defaultSystemTags;
  return option.map((name) => String(name).trim()).filter((name) => name !== '').sort(); // prettier-ignore
}

/** System tags that samples do not have. Those of metadata are never there for sub-metrics (k6 0.41). */
export function absentTags(systemTags: readonly string[]): ReadonlySet<string> {
  return new Set(
    [...defaultSystemTags, ...askedTags, ...metadataTags].filter((name) => metadataTags.has(name) || !systemTags.includes(name)),
  );
}
