import type { SummaryData, SummaryGroup } from '../summary/data.ts';
import { runPhases, type RunStatus } from '../run/types.ts';

/** JSON:API documents as k6's REST API gives them: https://grafana.com/docs/k6/latest/reference/k6-rest-api/ */

export interface Resource {
  readonly type: string;
  readonly id: string;
  readonly attributes: object;
  readonly relationships?: object;
}

export function statusResource({ phase, paused, vus, vusMax, stopped, tainted }: RunStatus): Resource {
  const running = phase >= runPhases.setup && phase < runPhases.ended;
  return { type: 'status', id: 'default', attributes: { status: phase, paused, vus, 'vus-max': vusMax, stopped, running, tainted } };
}

export function metricResources({ metrics }: SummaryData): Resource[] {
  return Object.entries(metrics).map(([id, { type, contains, values, thresholds }]) => ({
    type: 'metrics',
    id,
    attributes: {
      type,
      contains,
      tainted: thresholds === undefined ? null : Object.values(thresholds).some(({ ok }) => !ok),
      sample: sampleOf(type, values),
    },
  }));
}

/** The values that k6 gives here; its summary has more of rates and gauges. */
function sampleOf(type: string, values: Readonly<Record<string, number>>): object {
  if (type === 'rate') return { rate: values['rate'] };
  if (type === 'gauge') return { value: values['value'] };
  return values;
}

/** All groups, the root first, as a flat list that names its parents and children. */
export function groupResources(group: SummaryGroup, parent?: SummaryGroup): Resource[] {
  const { id, name, path, checks, groups } = group;
  const reference = (one: SummaryGroup): object => ({ type: 'groups', id: one.id });
  const own: Resource = {
    type: 'groups',
    id,
    attributes: { name, path, checks },
    relationships: { groups: { data: groups.map(reference) }, parent: { data: parent === undefined ? null : reference(parent) } },
  };
  return [own, ...groups.flatMap((child) => groupResources(child, group))];
}

/** What a PATCH of the status may ask for. Undefined: the body is no such document. */
export function statusChange(body: unknown): { vus?: number; vusMax?: number; paused?: boolean; stopped?: boolean } | undefined {
  const attributes = (body as { data?: { attributes?: unknown } } | null)?.data?.attributes;
  if (typeof attributes !== 'object' || attributes === null) return undefined;
  const { vus, paused, stopped, ['vus-max']: vusMax } = attributes as Record<string, unknown>;
  const isCount = (value: unknown): value is number => Number.isInteger(value) && (value as number) >= 0;
  const isAbsent = (value: unknown): boolean => value === undefined || value === null;
  if (!(isAbsent(vus) || isCount(vus)) || !(isAbsent(vusMax) || isCount(vusMax))) return undefined;
  if (![paused, stopped].every((flag) => isAbsent(flag) || typeof flag === 'boolean')) return undefined;
  return {
    ...(isCount(vus) ? { vus } : {}),
    ...(isCount(vusMax) ? { vusMax } : {}),
    ...(typeof paused === 'boolean' ? { paused } : {}),
    ...(typeof stopped === 'boolean' ? { stopped } : {}),
  };
}
