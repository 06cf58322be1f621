import type {
  LogGroup as SdkLogGroup,
  LogStream as SdkLogStream,
  MetricFilter as SdkMetricFilter,
  SubscriptionFilter as SdkSubscriptionFilter,
} from '@aws-sdk/client-cloudwatch-logs';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import { index, table } from '../../state/table.ts';

export interface LogGroup extends Plain<SdkLogGroup> {
  readonly logGroupName: string;
  readonly arn: string;
  readonly tags: Readonly<Record<string, string>>;
}

export interface LogStream extends Plain<SdkLogStream> {
  readonly group: string;
  readonly logStreamName: string;
  readonly creationTime: number;
}

export const logGroups = table<LogGroup>('logs.group', (group) => group.logGroupName);
export const logStreams = table<LogStream>('logs.stream', (stream) => streamKey(stream.group, stream.logStreamName));

export function streamKey(group: string, stream: string): string {
  return `${group}\u0000${stream}`;
}

export const invalid = (message: string): AwsError => new AwsError('InvalidParameterException', message);
export const missing = (what: string): AwsError => new AwsError('ResourceNotFoundException', `The specified ${what} does not exist.`);

/** For a token that was not given out; mocks have nothing more to show then. */
export function badToken(at: Place): AwsError | undefined {
  return at.strict ? invalid('The specified nextToken is invalid.') : undefined;
}

export interface LogEvent {
  readonly eventId: string;
  readonly group: string;
  readonly stream: string;
  readonly timestamp: number;
  readonly ingestionTime: number;
  readonly message: string;
}

export interface MetricFilter extends Plain<SdkMetricFilter> {
  readonly filterName: string;
  readonly logGroupName: string;
}

export interface SubscriptionFilter extends Plain<SdkSubscriptionFilter> {
  readonly filterName: string;
  readonly logGroupName: string;
}

export const events = table<LogEvent>('logs.event', (event) => event.eventId);
const eventsByStream = index<LogEvent>((event) => [streamKey(event.group, event.stream)]);

/** The events of a stream as they came in. */
export function eventsOf(at: Place, group: string, stream: string): LogEvent[] {
  return at.table(events).by(eventsByStream, streamKey(group, stream));
}

export const metricFilters = table<MetricFilter>('logs.metric-filter', (filter) => streamKey(filter.logGroupName, filter.filterName));
export const subscriptionFilters = table<SubscriptionFilter>('logs.subscription-filter', (filter) =>
  streamKey(filter.logGroupName, filter.filterName),
);

/** By name, or by ARN where a call takes either. */
export function requireLogGroup(at: Place, nameOrArn = ''): LogGroup {
  const name = nameOrArn.startsWith('arn:') ? nameOrArn.split(':').slice(6).join(':').replace(/:\*$/, '') : nameOrArn;
  const group = at.table(logGroups).get(name);
  if (group === undefined) throw missing('log group');
  return group;
}

export function requireLogStream(at: Place, group: LogGroup, name = ''): LogStream {
  const stream = at.table(logStreams).get(streamKey(group.logGroupName, name));
  if (stream === undefined) throw missing('log stream');
  return stream;
}
