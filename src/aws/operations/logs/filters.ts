import type { CloudWatchLogs, ResourcePolicy as SdkResourcePolicy } from '@aws-sdk/client-cloudwatch-logs';
import { AwsError } from '../../codec/error.ts';
import type { Plain } from '../../state/plain.ts';
import { table } from '../../state/table.ts';
import type { Operations } from '../operation.ts';
import { page } from '../page.ts';
import { invalid, metricFilters, missing, requireLogGroup, streamKey, subscriptionFilters } from './resources.ts';

interface ResourcePolicy extends Plain<SdkResourcePolicy> {
  readonly policyName: string;
}

const resourcePolicies = table<ResourcePolicy>('logs.resource-policy', (policy) => policy.policyName);

const policiesMax = 10;
const subscriptionsMax = 2;

export const filterOperations: Operations<CloudWatchLogs> = {
  PutMetricFilter({ logGroupName = '', filterName = '', filterPattern = '', metricTransformations = [] }, at) {
    checkLength(filterPattern, 'filterPattern', 1024);
    checkLength(filterName, 'filterName', 512);
    checkLength(logGroupName, 'logGroupName', 512);
    if (metricTransformations.length !== 1)
      throw invalid(
        `1 validation error detected: Value at 'metricTransformations' failed to satisfy constraint: Member must have length equal to 1`,
      );
    at.table(metricFilters).put({ filterName, filterPattern, metricTransformations, logGroupName, creationTime: at.nowMs });
  },

  DescribeMetricFilters({ logGroupName, filterNamePrefix, metricName, metricNamespace, nextToken, limit }, at) {
    checkLength(filterNamePrefix, 'filterNamePrefix', 512);
    checkLength(logGroupName, 'logGroupName', 512);
    if ((metricName === undefined) !== (metricNamespace === undefined)) {
      throw invalid(
        metricName === undefined
          ? 'If you include the metricNamespace parameter in your request, you must also include the metricName parameter.'
          : 'If you include the metricName parameter in your request, you must also include the metricNamespace parameter.',
      );
    }
    const found = at
      .table(metricFilters)
      .filter(
        (filter) =>
          (logGroupName === undefined || filter.logGroupName === logGroupName) &&
          filter.filterName.startsWith(filterNamePrefix ?? '') &&
          (metricName === undefined ||
            (filter.metricTransformations ?? []).some((one) => one.metricName === metricName && one.metricNamespace === metricNamespace)),
      );
    const { items, next } = page(found, { token: nextToken, max: limit }, { defaultMax: 50 });
    return { metricFilters: items, nextToken: next };
  },

  DeleteMetricFilter({ logGroupName = '', filterName = '' }, at) {
    checkName(filterName, 'filterName', /^[^:*]*$/, '[^:*]*');
    checkName(logGroupName, 'logGroupName', /^[.\-_/#A-Za-z0-9]+$/, '[\\.\\-_/#A-Za-z0-9]+');
    at.table(metricFilters).delete(streamKey(logGroupName, filterName));
  },

  PutSubscriptionFilter({ logGroupName, filterName = '', filterPattern = '', destinationArn, roleArn, distribution = 'ByLogStream' }, at) {
    const group = requireLogGroup(at, logGroupName);
    const held = at
      .table(subscriptionFilters)
      .filter((filter) => filter.logGroupName === group.logGroupName && filter.filterName !== filterName);
    if (held.length >= subscriptionsMax) throw new AwsError('LimitExceededException', 'Resource limit exceeded.');
    at.table(subscriptionFilters).put({
      filterName,
      logGroupName: group.logGroupName,
      filterPattern,
      destinationArn,
      distribution,
      creationTime: at.nowMs,
      ...(roleArn === undefined ? {} : { roleArn }),
    });
  },

  DescribeSubscriptionFilters({ logGroupName, filterNamePrefix, nextToken, limit }, at) {
    const group = requireLogGroup(at, logGroupName);
    const found = at
      .table(subscriptionFilters)
      .filter((filter) => filter.logGroupName === group.logGroupName && filter.filterName.startsWith(filterNamePrefix ?? ''));
    const { items, next } = page(found, { token: nextToken, max: limit }, { defaultMax: 50 });
    return { subscriptionFilters: items, nextToken: next };
  },

  DeleteSubscriptionFilter({ logGroupName, filterName = '' }, at) {
    const group = requireLogGroup(at, logGroupName);
    if (!at.table(subscriptionFilters).delete(streamKey(group.logGroupName, filterName))) throw missing('subscription filter');
  },

  PutResourcePolicy({ policyName = '', policyDocument }, at) {
    if (!at.table(resourcePolicies).has(policyName) && at.table(resourcePolicies).size >= policiesMax)
      throw new AwsError('LimitExceededException', 'Resource limit exceeded.');
    return { resourcePolicy: at.table(resourcePolicies).put({ policyName, policyDocument, lastUpdatedTime: at.nowMs }) };
  },

  DescribeResourcePolicies({ nextToken, limit }, at) {
    const { items, next } = page(at.table(resourcePolicies).values(), { token: nextToken, max: limit }, { defaultMax: 50 });
    return { resourcePolicies: items, nextToken: next };
  },

  DeleteResourcePolicy({ policyName = '' }, at) {
    if (!at.table(resourcePolicies).delete(policyName))
      throw new AwsError('ResourceNotFoundException', `Policy with name [${policyName}] does not exist`);
  },
};

function checkLength(text: string | undefined, member: string, max: number): void {
  if (text !== undefined && text.length > max)
    throw invalid(
      `1 validation error detected: Value '${text}' at '${member}' failed to satisfy constraint: Member must have length less than or equal to ${max}`,
    );
}

function checkName(text: string, member: string, pattern: RegExp, shown: string): void {
  checkLength(text, member, 512);
  if (!pattern.test(text))
    throw invalid(`1 validation error detected: Value '${text}' at '${member}' failed to satisfy constraint: Must match pattern: ${shown}`);
}
