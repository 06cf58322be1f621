import type { CloudWatchLogs, QueryDefinition as SdkDefinition, QueryInfo } from '@aws-sdk/client-cloudwatch-logs';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import { table } from '../../state/table.ts';
import type { Operations } from '../operation.ts';
import { page } from '../page.ts';
import { MalformedQuery, runQuery, timestamp, type Row } from './insights.ts';
import { events, invalid, requireLogGroup, type LogEvent } from './resources.ts';

interface Query {
  readonly queryId: string;
  readonly queryString: string;
  readonly createTime: number;
  readonly logGroups: readonly string[];
  readonly results: readonly (readonly { readonly field: string; readonly value: string }[])[];
  readonly matched: number;
  readonly scanned: number;
  readonly bytes: number;
}

interface Definition extends Plain<SdkDefinition> {
  readonly queryDefinitionId: string;
}

/** A query is over before it is answered; its results are kept as AWS keeps them, by id. */
const queries = table<Query>('logs.query', (query) => query.queryId);
const definitions = table<Definition>('logs.query-definition', (definition) => definition.queryDefinitionId);

/** What is kept of queries; the oldest go first. */
const queriesMax = 100;

/** The fields that Insights finds in an event by itself: its own, and those of a message in JSON. */
function rowOf({ timestamp: time, message, ingestionTime, stream, group, eventId }: LogEvent, account: string): Row {
  return {
    ...jsonFields(message),
    '@timestamp': timestamp(time),
    '@message': message,
    '@ingestionTime': timestamp(ingestionTime),
    '@logStream': stream,
    '@log': `${account}:${group}`,
    '@ptr': Buffer.from(eventId).toString('base64url'),
  };
}

function jsonFields(message: string): Row {
  if (!message.startsWith('{')) return {};
  const found: Record<string, string> = {};
  const walk = (value: unknown, path: string): void => {
    if (typeof value === 'object' && value !== null)
      for (const [key, inner] of Object.entries(value)) walk(inner, path === '' ? key : `${path}.${key}`);
    else if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') found[path] = String(value);
  };
  try {
    walk(JSON.parse(message), '');
  } catch {
    return {};
  }
  return found;
}

/** Insights knows more commands than this engine: where nothing runs, a query that it cannot read finds nothing. */
function run(at: Place, text: string, rows: readonly Row[]): Pick<Query, 'results' | 'matched'> {
  try {
    const found = runQuery(text, rows);
    const shown = found.rows.some((row) => '@ptr' in row) ? [...found.shown, '@ptr'] : found.shown;
    const results = found.rows.map((row) => shown.flatMap((field) => (row[field] === undefined ? [] : [{ field, value: row[field] }])));
    return { results, matched: found.rows.length };
  } catch (error) {
    if (error instanceof MalformedQuery && !at.strict) return { results: [], matched: 0 };
    if (error instanceof MalformedQuery) throw new AwsError('MalformedQueryException', error.message);
    throw error;
  }
}

function requireQuery(at: Place, id = ''): Query {
  const query = at.table(queries).get(id);
  if (query === undefined) throw new AwsError('ResourceNotFoundException', `Query ${id} does not exist.`);
  return query;
}

export const queryOperations: Operations<CloudWatchLogs> = {
  StartQuery({ logGroupName, logGroupNames = [], logGroupIdentifiers = [], startTime = 0, endTime = 0, queryString = '', limit }, at) {
    const asked = [...(logGroupName === undefined ? [] : [logGroupName]), ...logGroupNames, ...logGroupIdentifiers];
    if (asked.length === 0) throw invalid('A log group must be named.');
    const groups = asked.map((name) => requireLogGroup(at, name).logGroupName);
    if (startTime > endTime) throw invalid('The start time must not be after the end time.');
    const inTime = at
      .table(events)
      .filter((event) => groups.includes(event.group) && event.timestamp >= startTime * 1000 && event.timestamp <= endTime * 1000);
    const rows = inTime.toSorted((a, b) => b.timestamp - a.timestamp).map((event) => rowOf(event, at.account));
    const { results, matched } = run(at, queryString, rows);
    const queryId = at.uuid();
    at.table(queries).put({
      queryId,
      queryString,
      createTime: at.nowMs,
      logGroups: groups,
      results: limit === undefined ? results : results.slice(0, limit),
      matched,
      scanned: inTime.length,
      bytes: inTime.reduce((sum, { message }) => sum + Buffer.byteLength(message), 0),
    });
    for (const old of at.table(queries).keys().slice(0, -queriesMax)) at.table(queries).delete(old);
    return { queryId };
  },

  GetQueryResults({ queryId }, at) {
    const query = requireQuery(at, queryId);
    return {
      queryLanguage: 'CWLI',
      results: query.results.map((row) => [...row]),
      statistics: { recordsMatched: query.matched, recordsScanned: query.scanned, bytesScanned: query.bytes },
      status: 'Complete',
    };
  },

  StopQuery({ queryId }, at) {
    requireQuery(at, queryId);
    throw invalid('Query is already ended with status [Complete]');
  },

  DescribeQueries({ logGroupName, status, maxResults, nextToken }, at) {
    const ended = status === undefined || status === 'Complete';
    const found = at.table(queries).filter((query) => ended && (logGroupName === undefined || query.logGroups.includes(logGroupName)));
    const described = found.toReversed().map((query): Plain<QueryInfo> => ({
      queryId: query.queryId,
      queryString: query.queryString,
      queryLanguage: 'CWLI',
      status: 'Complete',
      createTime: query.createTime,
      logGroupName: query.logGroups[0],
    }));
    const { items, next } = page(described, { token: nextToken, max: maxResults }, { defaultMax: 1000 });
    return { queries: items, nextToken: next };
  },

  PutQueryDefinition({ name, queryDefinitionId, logGroupNames, queryString, queryLanguage = 'CWLI' }, at) {
    if (queryDefinitionId !== undefined && !at.table(definitions).has(queryDefinitionId))
      throw new AwsError('ResourceNotFoundException', 'The specified query definition does not exist.');
    const put = at.table(definitions).put({
      queryDefinitionId: queryDefinitionId ?? at.uuid(),
      name,
      queryString,
      queryLanguage,
      logGroupNames: logGroupNames ?? [],
      lastModified: at.nowMs,
    });
    return { queryDefinitionId: put.queryDefinitionId };
  },

  DescribeQueryDefinitions({ queryDefinitionNamePrefix = '', maxResults, nextToken }, at) {
    const found = at.table(definitions).filter(({ name = '' }) => name.startsWith(queryDefinitionNamePrefix));
    const { items, next } = page(found, { token: nextToken, max: maxResults }, { defaultMax: 1000 });
    return { queryDefinitions: items, nextToken: next };
  },

  DeleteQueryDefinition({ queryDefinitionId = '' }, at) {
    if (!at.table(definitions).delete(queryDefinitionId))
      throw new AwsError('ResourceNotFoundException', 'The specified query definition does not exist.');
    return { success: true };
  },
};
