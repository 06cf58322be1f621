import type { CloudWatch } from '@aws-sdk/client-cloudwatch';
import type { Operations } from '../operation.ts';
import { alarmOperations } from './alarms.ts';
import { dashboardOperations } from './dashboards.ts';
import { insightRuleOperations } from './insightRules.ts';
import { metricOperations } from './metrics.ts';
import { tagOperations } from './tags.ts';

export const cloudwatch: Operations<CloudWatch> = {
  ...alarmOperations,
  ...dashboardOperations,
  ...insightRuleOperations,
  ...metricOperations,
  ...tagOperations,
};
