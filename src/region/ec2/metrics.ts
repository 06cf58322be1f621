import type { Place } from '../../aws/index.ts';
import type { MetricDatum, WorkloadUsage } from '../../model/index.ts';
import { totalCpu } from '../groups/predictive.ts';
import type { NetworkMinutes } from './network.ts';

/** An instance, and what its machine has used of late. */
export interface UsedInstance {
  readonly at: Place;
  readonly id: string;
  /** The Auto Scaling group that it belongs to. */
  readonly group: string | undefined;
  readonly used: WorkloadUsage;
}

/**
 * AWS/EC2's metrics of each instance, and of its group where it has one, on average and in all; memory as the CloudWatch agent
 * names it.
 */
export function instanceMetrics(
  measured: readonly UsedInstance[],
  network: NetworkMinutes,
  timestampMs: number,
): { at: Place; data: MetricDatum[] }[] {
  const totals = new Map<string, { at: Place; group: string; value: number }>();
  const all = measured.map(({ at, id, group, used }) => {
    const cpuPercent = Math.min(100, used.cpuPercent);
    if (group !== undefined) {
      const key = `${at.account}/${at.region}/${group}`;
      totals.set(key, { at, group, value: (totals.get(key)?.value ?? 0) + cpuPercent });
    }
    const sets = [{ InstanceId: id }, ...(group === undefined ? [] : [{ AutoScalingGroupName: group }])];
    const bytes = network.count(id, used, timestampMs);
    const data = sets.flatMap((dimensions): MetricDatum[] => [
      ...bytes.map((one) => ({ ...one, namespace: 'AWS/EC2', dimensions })),
      { namespace: 'AWS/EC2', name: 'CPUUtilization', dimensions, timestampMs, unit: 'Percent', value: cpuPercent },
      { namespace: 'CWAgent', name: 'mem_used_percent', dimensions, timestampMs, unit: 'Percent', value: used.memoryPercent },
    ]);
    return { at, data };
  });
  for (const { at, group, value } of totals.values()) {
    all.push({ at, data: [{ ...totalCpu, dimensions: { AutoScalingGroupName: group }, timestampMs, unit: 'Percent', value }] });
  }
  return all;
}
