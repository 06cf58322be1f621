import type { CloudWatchLogs } from '@aws-sdk/client-cloudwatch-logs';
import type { Place } from '../../state/place.ts';
import type { Operations } from '../operation.ts';
import { page } from '../page.ts';
import { matchesPattern } from './pattern.ts';
import { badToken, events, eventsOf, invalid, logStreams, requireLogGroup, requireLogStream, type LogEvent } from './resources.ts';

const dayMs = 86_400_000;

/** What is kept of one stream; the oldest go first. */
const eventsPerStreamMax = 10_000;

/** What AWS counts for each event besides its text. */
const eventOverheadBytes = 26;

function between(event: LogEvent, startMs: number | undefined, endMs: number | undefined, endInclusive: boolean): boolean {
  return (
    event.timestamp >= (startMs ?? -Infinity) &&
    (endInclusive ? event.timestamp <= (endMs ?? Infinity) : event.timestamp < (endMs ?? Infinity))
  );
}

/** Tokens of GetLogEvents name a direction and a position, and stay the same at an end. */
function window(
  all: readonly LogEvent[],
  limit: number,
  token: string | undefined,
  startFromHead: boolean,
): { items: LogEvent[]; forward: string; backward: string } {
  const lastIndex = Math.max(0, all.length - 1);
  let start = startFromHead ? 0 : Math.max(0, all.length - limit);
  let end = start + limit;
  if (token !== undefined) {
    const match = /^([fb])\/(\d{56})$/.exec(token);
    if (match === null) throw invalid('The specified nextToken is invalid.');
    const position = Math.min(Number(match[2]), lastIndex);
    [start, end] = match[1] === 'f' ? [position + 1, position + 1 + limit] : [Math.max(0, position - limit), position];
  }
  const items = all.slice(start, end);
  const first = items.length === 0 ? Math.min(start, lastIndex) : start;
  return { items, forward: name('f', items.length === 0 ? first : start + items.length - 1), backward: name('b', first) };
}

const name = (direction: 'f' | 'b', position: number): string => `${direction}/${String(position).padStart(56, '0')}`;

const view = ({ timestamp, message, ingestionTime }: LogEvent): { timestamp: number; message: string; ingestionTime: number } => ({
  timestamp,
  message,
  ingestionTime,
});

export const eventOperations: Operations<CloudWatchLogs> = {
  PutLogEvents({ logGroupName, logStreamName, logEvents = [] }, at) {
    const group = requireLogGroup(at, logGroupName);
    const stream = requireLogStream(at, group, logStreamName);
    for (let index = 1; index < logEvents.length; index++) {
      if ((logEvents[index]!.timestamp ?? 0) < (logEvents[index - 1]!.timestamp ?? 0))
        throw invalid('Log events in a single PutLogEvents request must be in chronological order.');
    }
    const tooOld = logEvents.findLastIndex(({ timestamp = 0 }) => timestamp < at.nowMs - 14 * dayMs);
    const tooNew = logEvents.findIndex(({ timestamp = 0 }) => timestamp > at.nowMs + 2 * 3_600_000);
    const accepted = logEvents.filter((_event, index) => index > tooOld && (tooNew < 0 || index < tooNew));
    for (const { timestamp = 0, message = '' } of accepted) {
      at.table(events).put({
        eventId: at.world.ordinal(),
        group: group.logGroupName,
        stream: stream.logStreamName,
        timestamp,
        message,
        ingestionTime: at.nowMs,
      });
    }
    const held = eventsOf(at, group.logGroupName, stream.logStreamName);
    for (const old of held.slice(0, Math.max(0, held.length - eventsPerStreamMax))) at.table(events).delete(old.eventId);
    const times = accepted.map(({ timestamp = 0 }) => timestamp);
    const bytes = accepted.reduce((sum, { message = '' }) => sum + Buffer.byteLength(message) + eventOverheadBytes, 0);
    const token = String(Number(stream.uploadSequenceToken ?? '1') + 1);
    at.table(logStreams).patch(stream, {
      ...(times.length === 0
        ? {}
        : {
            firstEventTimestamp: Math.min(stream.firstEventTimestamp ?? Infinity, ...times),
            lastEventTimestamp: Math.max(stream.lastEventTimestamp ?? 0, ...times),
            lastIngestionTime: at.nowMs,
          }),
      storedBytes: (stream.storedBytes ?? 0) + bytes,
      uploadSequenceToken: token,
    });
    const rejected = {
      ...(tooOld < 0 ? {} : { tooOldLogEventEndIndex: tooOld }),
      ...(tooNew < 0 ? {} : { tooNewLogEventStartIndex: tooNew }),
    };
    return {
      nextSequenceToken: token.padStart(56, '0'),
      ...(Object.keys(rejected).length === 0 ? {} : { rejectedLogEventsInfo: rejected }),
    };
  },

  GetLogEvents(
    { logGroupName, logGroupIdentifier, logStreamName, startTime, endTime, nextToken, limit = 10_000, startFromHead = false },
    at,
  ) {
    if (limit > 10_000)
      throw invalid(
        `1 validation error detected: Value '${limit}' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 10000`,
      );
    const group = requireLogGroup(at, logGroupName ?? logGroupIdentifier);
    const stream = requireLogStream(at, group, logStreamName);
    const all = eventsOf(at, group.logGroupName, stream.logStreamName)
      .filter((event) => between(event, startTime, endTime, false))
      .toSorted((a, b) => a.timestamp - b.timestamp);
    const { items, forward, backward } = window(all, limit, nextToken, startFromHead);
    return { events: items.map(view), nextForwardToken: forward, nextBackwardToken: backward };
  },

  FilterLogEvents(
    {
      logGroupName,
      logGroupIdentifier,
      logStreamNames,
      logStreamNamePrefix,
      startTime,
      endTime,
      filterPattern = '',
      nextToken,
      limit = 10_000,
    },
    at,
  ) {
    if (limit > 10_000)
      throw invalid(
        `1 validation error detected: Value '${limit}' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 10000`,
      );
    const group = requireLogGroup(at, logGroupName ?? logGroupIdentifier);
    const found = at
      .table(events)
      .filter(
        (event) =>
          event.group === group.logGroupName &&
          (logStreamNames === undefined || logStreamNames.length === 0 || logStreamNames.includes(event.stream)) &&
          event.stream.startsWith(logStreamNamePrefix ?? '') &&
          between(event, startTime, endTime, true) &&
          matchesPattern(event.message, filterPattern),
      )
      .toSorted((a, b) => a.timestamp - b.timestamp);
    const { items, next } = page(
      found,
      { token: nextToken, max: limit },
      { nameOf: ({ group: name, stream, eventId }) => `${name}@${stream}@${eventId}`, onBadToken: () => badToken(at) },
    );
    const searched = logStreamNames?.length
      ? logStreamNames
      : at
          .table(logStreams)
          .filter((stream) => stream.group === group.logGroupName)
          .map(({ logStreamName }) => logStreamName);
    return {
      events: items.map((event) => ({ ...view(event), logStreamName: event.stream, eventId: event.eventId })),
      searchedLogStreams: searched.map((logStreamName) => ({ logStreamName, searchedCompletely: true })),
      nextToken: next,
    };
  },
};

/** For what runs behind the endpoint. */
export function putLogEvents(at: Place, group: string, stream: string, logEvents: readonly { timestamp: number; message: string }[]): void {
  const input = { logGroupName: group, logStreamName: stream, logEvents: [...logEvents] };
  eventOperations.PutLogEvents!(input, at, { accessKeyId: undefined, requestId: '' });
}
