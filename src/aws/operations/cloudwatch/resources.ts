import type {
  CompositeAlarm as SdkCompositeAlarm,
  InsightRule as SdkInsightRule,
  MetricAlarm as SdkMetricAlarm,
} from '@aws-sdk/client-cloudwatch';
import type { Plain } from '../../state/plain.ts';
import { table } from '../../state/table.ts';

/** Metric alarms and composite ones stand in one table: their names do not repeat. */
export type Alarm = Plain<SdkMetricAlarm> &
  Plain<SdkCompositeAlarm> & { readonly AlarmName: string; readonly AlarmArn: string; readonly composite: boolean };

export const alarms = table<Alarm>('cloudwatch.alarm', (alarm) => alarm.AlarmName);

export interface InsightRule extends Plain<SdkInsightRule> {
  readonly Name: string;
}

export const insightRules = table<InsightRule>('cloudwatch.insight-rule', (rule) => rule.Name);
