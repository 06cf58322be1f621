/** Tags of one sample: the system's in their order, then the script's own. */
export type Tags = readonly (readonly [string, string])[];

/** k6's default system tags (https://grafana.com/docs/k6/latest/using-k6/tags-and-groups/#system-tags). */
export const defaultSystemTags: readonly string[] = [
  'check', 'error', 'error_code', 'expected_response', 'group', 'method', 'name', 'proto', 'scenario', 'service', 'status', 'subproto',
  'tls_version', 'url',
]; // prettier-ignore

/** System tags that go to `metadata`, as they would make every sample a series of its own. */
export const metadataTags: ReadonlySet<string> = new Set(['iter', 'vu', 'ocsp_status', 'ip']);

/** The option `systemTags`, sorted. */
export function systemTagsOf(option: unknown): readonly string[] {
  return Array.isArray(option) ? option.map(String).sort() : defaultSystemTags;
}
