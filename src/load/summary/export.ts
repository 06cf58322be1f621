import type { LoadResult } from '../run/types.ts';
import type { SummaryGroup, SummaryMetric } from './data.ts';

/**
 * What `--summary-export` writes, in k6's form: groups and checks by name, the values of a metric without its kind, and a
 * threshold that is `true` when it was crossed (https://grafana.com/docs/k6/latest/results-output/end-of-test/).
 */
export function summaryExport({ metrics, rootGroup, setupData }: LoadResult): object {
  return {
    root_group: exportedGroup(rootGroup),
    metrics: Object.fromEntries(Object.entries(metrics).map(([name, metric]) => [name, exportedMetric(metric)])),
    ...(setupData === undefined ? {} : { setup_data: setupData }),
  };
}

function exportedMetric({ type, values, thresholds }: SummaryMetric): object {
  const { rate: value, ...counts } = values;
  return {
    ...(type === 'rate' ? { ...counts, value } : values),
    ...(thresholds ? { thresholds: Object.fromEntries(Object.entries(thresholds).map(([source, { ok }]) => [source, !ok])) } : {}),
  };
}

function exportedGroup({ name, path, id, groups, checks }: SummaryGroup): object {
  return {
    name,
    path,
    id,
    groups: Object.fromEntries(groups.map((group) => [group.name, exportedGroup(group)])),
    checks: Object.fromEntries(checks.map((check) => [check.name, check])),
  };
}
