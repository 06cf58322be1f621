import type { CloudWatchLogs, LogGroup as SdkLogGroup } from '@aws-sdk/client-cloudwatch-logs';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import type { Operations } from '../operation.ts';
import { page } from '../page.ts';
import {
  badToken,
  events,
  invalid,
  logGroups,
  logStreams,
  metricFilters,
  requireLogGroup,
  requireLogStream,
  streamKey,
  subscriptionFilters,
  type LogGroup,
  type LogStream,
} from './resources.ts';

/** Days that retention may be set to. https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html */
const retentionDays = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

function checkLimit(limit: number | undefined, max: number): void {
  if (limit !== undefined && limit > max)
    throw invalid(
      `1 validation error detected: Value '${limit}' at 'limit' failed to satisfy constraint: Member must have value less than or equal to ${max}`,
    );
}

function checkLength(text: string | undefined, member: string, max = 512): void {
  if (text !== undefined && text.length > max)
    throw invalid(
      `1 validation error detected: Value '${text}' at '${member}' failed to satisfy constraint: Member must have length less than or equal to ${max}`,
    );
}

function checkName(name: string): void {
  checkLength(name, 'logGroupName');
  if (!/^[.\-_/#A-Za-z0-9]+$/.test(name))
    throw invalid(
      `1 validation error detected: Value '${name}' at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+`,
    );
}

/** Streams are put very often, so what a group stores is summed up when it is asked for. */
function describe(at: Place, group: LogGroup): Plain<SdkLogGroup> {
  const { tags: _tags, ...rest } = group;
  const stored = at
    .table(logStreams)
    .filter((stream) => stream.group === group.logGroupName)
    .reduce((sum, stream) => sum + (stream.storedBytes ?? 0), 0);
  const filters = at.table(metricFilters).filter((filter) => filter.logGroupName === group.logGroupName).length;
  return { ...rest, arn: `${group.arn}:*`, logGroupArn: group.arn, storedBytes: stored, metricFilterCount: filters };
}

export function deleteStream(at: Place, stream: LogStream): void {
  for (const event of at.table(events).filter((one) => one.group === stream.group && one.stream === stream.logStreamName))
    at.table(events).delete(event.eventId);
  at.table(logStreams).delete(streamKey(stream.group, stream.logStreamName));
}

export const groupOperations: Operations<CloudWatchLogs> = {
  CreateLogGroup({ logGroupName = '', kmsKeyId, tags = {}, logGroupClass = 'STANDARD' }, at) {
    checkName(logGroupName);
    if (at.table(logGroups).has(logGroupName))
      throw new AwsError('ResourceAlreadyExistsException', 'The specified log group already exists');
    at.table(logGroups).put({
      logGroupName,
      arn: at.arn('logs', `log-group:${logGroupName}`),
      creationTime: at.nowMs,
      logGroupClass,
      ...(kmsKeyId === undefined ? {} : { kmsKeyId }),
      tags: { ...tags },
    });
  },

  DescribeLogGroups({ logGroupNamePrefix, logGroupNamePattern, logGroupClass, nextToken, limit }, at) {
    checkLength(logGroupNamePrefix, 'logGroupNamePrefix');
    checkLimit(limit, 50);
    if (logGroupNamePrefix !== undefined && logGroupNamePattern !== undefined)
      throw invalid('LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.');
    const found = at
      .table(logGroups)
      .filter(
        (group) =>
          group.logGroupName.startsWith(logGroupNamePrefix ?? '') &&
          group.logGroupName.toLowerCase().includes((logGroupNamePattern ?? '').toLowerCase()) &&
          (logGroupClass === undefined || group.logGroupClass === logGroupClass),
      )
      .toSorted((a, b) => (a.logGroupName < b.logGroupName ? -1 : 1));
    const { items, next } = page(found, { token: nextToken, max: limit }, { defaultMax: 50, onBadToken: () => badToken(at) });
    return { logGroups: items.map((group) => describe(at, group)), nextToken: next };
  },

  DeleteLogGroup({ logGroupName }, at) {
    const group = requireLogGroup(at, logGroupName);
    for (const stream of at.table(logStreams).filter((one) => one.group === group.logGroupName)) deleteStream(at, stream);
    for (const filter of at.table(metricFilters).filter((one) => one.logGroupName === group.logGroupName))
      at.table(metricFilters).delete(streamKey(group.logGroupName, filter.filterName));
    for (const filter of at.table(subscriptionFilters).filter((one) => one.logGroupName === group.logGroupName))
      at.table(subscriptionFilters).delete(streamKey(group.logGroupName, filter.filterName));
    at.table(logGroups).delete(group.logGroupName);
  },

  PutRetentionPolicy({ logGroupName, retentionInDays = 0 }, at) {
    const group = requireLogGroup(at, logGroupName);
    if (!retentionDays.includes(retentionInDays))
      throw invalid(
        `1 validation error detected: Value '${retentionInDays}' at 'retentionInDays' failed to satisfy constraint: Member must satisfy enum value set: [${retentionDays.join(', ')}]`,
      );
    at.table(logGroups).patch(group, { retentionInDays });
  },

  DeleteRetentionPolicy({ logGroupName }, at) {
    const { retentionInDays: _gone, ...rest } = requireLogGroup(at, logGroupName);
    at.table(logGroups).put(rest);
  },

  AssociateKmsKey({ logGroupName, kmsKeyId }, at) {
    at.table(logGroups).patch(requireLogGroup(at, logGroupName), { kmsKeyId });
  },

  DisassociateKmsKey({ logGroupName }, at) {
    const { kmsKeyId: _gone, ...rest } = requireLogGroup(at, logGroupName);
    at.table(logGroups).put(rest);
  },

  CreateLogStream({ logGroupName, logStreamName = '' }, at) {
    const group = requireLogGroup(at, logGroupName);
    const key = streamKey(group.logGroupName, logStreamName);
    if (at.table(logStreams).has(key)) throw new AwsError('ResourceAlreadyExistsException', 'The specified log stream already exists');
    at.table(logStreams).put({
      group: group.logGroupName,
      logStreamName,
      creationTime: at.nowMs,
      arn: `${group.arn}:log-stream:${logStreamName}`,
      storedBytes: 0,
      uploadSequenceToken: '1',
    });
  },

  DescribeLogStreams(
    { logGroupName, logGroupIdentifier, logStreamNamePrefix, orderBy = 'LogStreamName', descending = false, nextToken, limit },
    at,
  ) {
    const group = requireLogGroup(at, logGroupName ?? logGroupIdentifier);
    checkLimit(limit, 50);
    if (!['LogStreamName', 'LastEventTime'].includes(orderBy))
      throw invalid(
        `1 validation error detected: Value '${orderBy}' at 'orderBy' failed to satisfy constraint: Member must satisfy enum value set: [LogStreamName, LastEventTime]`,
      );
    if (orderBy === 'LastEventTime' && logStreamNamePrefix !== undefined)
      throw invalid('Cannot order by LastEventTime with a logStreamNamePrefix.');
    const found = at
      .table(logStreams)
      .filter((stream) => stream.group === group.logGroupName && stream.logStreamName.startsWith(logStreamNamePrefix ?? ''));
    const byName = (a: LogStream, b: LogStream): number => (a.logStreamName < b.logStreamName ? -1 : 1);
    const byTime = (a: LogStream, b: LogStream): number => (a.lastEventTimestamp ?? 0) - (b.lastEventTimestamp ?? 0);
    const sorted = found.toSorted(orderBy === 'LastEventTime' ? byTime : byName);
    const { items, next } = page(
      descending ? sorted.toReversed() : sorted,
      { token: nextToken, max: limit },
      { defaultMax: 50, nameOf: (stream) => `${stream.group}@${stream.logStreamName}`, onBadToken: () => badToken(at) },
    );
    return { logStreams: items, nextToken: next };
  },

  DeleteLogStream({ logGroupName, logStreamName }, at) {
    deleteStream(at, requireLogStream(at, requireLogGroup(at, logGroupName), logStreamName));
  },
};
