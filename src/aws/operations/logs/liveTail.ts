import type { CloudWatchLogs, StartLiveTailResponseStream } from '@aws-sdk/client-cloudwatch-logs';
import { systemClock } from '../../../base/index.ts';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import type { Operations } from '../operation.ts';
import { matchesPattern } from './pattern.ts';
import { events, invalid, logGroups, requireLogGroup, type LogEvent } from './resources.ts';

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_StartLiveTail.html: an update each second, for three hours at most. */
const updateEveryMs = 1000;
const sessionMs = 3 * 3_600_000;
const resultsMax = 500;

type Update = Plain<StartLiveTailResponseStream>;

/**
 * What the groups take in, as it comes. The control plane alone, where nothing writes by itself, tells what is there
 * and ends the session.
 */
async function* session(
  at: Place,
  start: NonNullable<Update['sessionStart']>,
  tails: (event: LogEvent) => boolean,
): AsyncGenerator<Update> {
  const told = new Set(at.strict ? at.table(events).keys() : []);
  const endMs = systemClock.nowMs() + sessionMs;
  yield { sessionStart: start };
  for (;;) {
    if (at.strict) await systemClock.sleep(updateEveryMs);
    const found = at.table(events).filter((event) => !told.has(event.eventId) && tails(event));
    for (const { eventId } of found) told.add(eventId);
    const sessionResults = found.slice(-resultsMax).map((event) => ({
      logStreamName: event.stream,
      logGroupIdentifier: at.table(logGroups).get(event.group)?.arn.replace(/:\*$/, '') ?? event.group,
      message: event.message,
      timestamp: event.timestamp,
      ingestionTime: event.ingestionTime,
    }));
    yield { sessionUpdate: { sessionMetadata: { sampled: found.length > resultsMax }, sessionResults } };
    if (!at.strict || systemClock.nowMs() > endMs) return;
  }
}

export const liveTailOperations: Operations<CloudWatchLogs> = {
  StartLiveTail(
    { logGroupIdentifiers = [], logStreamNames = [], logStreamNamePrefixes = [], logEventFilterPattern = '' },
    at,
    { requestId },
  ) {
    if (logStreamNames.length > 0 && logStreamNamePrefixes.length > 0)
      throw invalid('Only one of logStreamNames or logStreamNamePrefixes can be provided.');
    if (logGroupIdentifiers.length > 1 && logStreamNames.length + logStreamNamePrefixes.length > 0)
      throw invalid('logStreamNames and logStreamNamePrefixes can only be used with a single log group.');
    const groups = new Set(logGroupIdentifiers.map((identifier) => requireLogGroup(at, identifier).logGroupName));
    const tails = ({ group, stream, message }: LogEvent): boolean =>
      groups.has(group) &&
      (logStreamNames.length === 0 || logStreamNames.includes(stream)) &&
      (logStreamNamePrefixes.length === 0 || logStreamNamePrefixes.some((prefix) => stream.startsWith(prefix))) &&
      matchesPattern(message, logEventFilterPattern);
    const start = { requestId, sessionId: at.uuid(), logGroupIdentifiers, logStreamNames, logStreamNamePrefixes, logEventFilterPattern };
    return { responseStream: session(at, start, tails) as never };
  },
};
