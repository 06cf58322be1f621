import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CloudWatchLogs,
  paginateDescribeLogGroups,
  paginateDescribeLogStreams,
  paginateFilterLogEvents,
} from '@aws-sdk/client-cloudwatch-logs';
import { immediate } from '../../../src/aws/index.ts';
import { start } from './support.ts';

const { client } = await start();
const logs = new CloudWatchLogs(client());
const nowMs = new Date().getTime();

test('log groups: created with tags, listed in pages, kept for a time, tagged, deleted with all that is in them', async () => {
  for (let index = 0; index < 5; index++) await logs.createLogGroup({ logGroupName: `/app/${index}`, tags: { team: 'blue' } });
  const pages: (string | undefined)[][] = [];
  for await (const page of paginateDescribeLogGroups({ client: logs, pageSize: 2 }, { logGroupNamePrefix: '/app/' }))
    pages.push(page.logGroups!.map(({ logGroupName }) => logGroupName));
  assert.deepEqual(pages, [['/app/0', '/app/1'], ['/app/2', '/app/3'], ['/app/4']]);
  await logs.putRetentionPolicy({ logGroupName: '/app/0', retentionInDays: 7 });
  const [group] = (await logs.describeLogGroups({ logGroupNamePrefix: '/app/0' })).logGroups!;
  assert.equal(group!.retentionInDays, 7);
  await assert.rejects(logs.putRetentionPolicy({ logGroupName: '/app/0', retentionInDays: 8 }), { name: 'InvalidParameterException' });
  await logs.tagResource({ resourceArn: group!.logGroupArn, tags: { stage: 'test' } });
  await logs.untagResource({ resourceArn: group!.logGroupArn, tagKeys: ['team'] });
  assert.deepEqual((await logs.listTagsForResource({ resourceArn: group!.logGroupArn })).tags, { stage: 'test' });
  await assert.rejects(logs.createLogGroup({ logGroupName: '/app/0' }), { name: 'ResourceAlreadyExistsException' });
  for (let index = 0; index < 5; index++) await logs.deleteLogGroup({ logGroupName: `/app/${index}` });
  await assert.rejects(logs.deleteLogGroup({ logGroupName: '/app/0' }), { name: 'ResourceNotFoundException' });
  await assert.rejects(logs.listTagsForResource({ resourceArn: group!.logGroupArn }), { name: 'ResourceNotFoundException' });
});

test('streams and events: read from either end without a gap, found across streams in pages', async () => {
  const logGroupName = '/reading';
  await logs.createLogGroup({ logGroupName });
  for (const logStreamName of ['a', 'b', 'c']) await logs.createLogStream({ logGroupName, logStreamName });
  const names: (string | undefined)[] = [];
  for await (const page of paginateDescribeLogStreams({ client: logs, pageSize: 2 }, { logGroupName }))
    names.push(...page.logStreams!.map(({ logStreamName }) => logStreamName));
  assert.deepEqual(names, ['a', 'b', 'c']);
  const logEvents = Array.from({ length: 20 }, (_, index) => ({ timestamp: nowMs + index, message: `event ${index}` }));
  await logs.putLogEvents({ logGroupName, logStreamName: 'a', logEvents });
  const read = { logGroupName, logStreamName: 'a' };
  const last = await logs.getLogEvents({ ...read, limit: 8 });
  const before = await logs.getLogEvents({ ...read, limit: 50, nextToken: last.nextBackwardToken });
  assert.deepEqual(
    [...before.events!, ...last.events!].map(({ message }) => message),
    logEvents.map(({ message }) => message),
  );
  const end = await logs.getLogEvents({ ...read, nextToken: last.nextForwardToken });
  assert.deepEqual([end.events, end.nextForwardToken], [[], last.nextForwardToken], 'at the end the token stays');
  await logs.putLogEvents({ logGroupName, logStreamName: 'b', logEvents: [{ timestamp: nowMs + 50, message: 'event 50' }] });
  const matching = async (filterPattern: string): Promise<(string | undefined)[]> => {
    const found: (string | undefined)[] = [];
    for await (const page of paginateFilterLogEvents({ client: logs, pageSize: 2 }, { logGroupName, filterPattern }))
      found.push(...page.events!.map(({ message }) => message));
    return found;
  };
  assert.deepEqual(await matching('5'), ['event 5', 'event 15', 'event 50']);
  assert.deepEqual(await matching('event ?15 ?50'), ['event 15', 'event 50'], 'one of the optional terms');
  await assert.rejects(logs.putLogEvents({ ...read, logStreamName: 'none', logEvents }), { name: 'ResourceNotFoundException' });
  await logs.deleteLogStream(read);
  await assert.rejects(logs.getLogEvents(read), { name: 'ResourceNotFoundException' });
});

test('a query of Logs Insights finds, folds and sorts what is in its span of time', async () => {
  const logGroupName = '/queried';
  await logs.createLogGroup({ logGroupName });
  await logs.createLogStream({ logGroupName, logStreamName: 's' });
  const lines = [
    { path: '/a', ms: 30 },
    { path: '/b', ms: 5 },
    { path: '/a', ms: 10 },
  ];
  await logs.putLogEvents({
    logGroupName,
    logStreamName: 's',
    logEvents: lines.map((line, index) => ({ timestamp: nowMs + index, message: JSON.stringify(line) })),
  });
  const query = async (queryString: string, startTime = nowMs / 1000 - 60): Promise<Record<string, string>[]> => {
    const span = { startTime: Math.floor(startTime), endTime: Math.floor(nowMs / 1000) + 60 };
    const { queryId } = await logs.startQuery({ logGroupName, queryString, ...span });
    const { results, status } = await logs.getQueryResults({ queryId });
    assert.equal(status, 'Complete');
    return results!.map((row) => Object.fromEntries(row.map(({ field, value }) => [field!, value!])));
  };
  assert.deepEqual(
    (await query('fields path, ms | filter ms >= 10 | sort ms asc')).map(({ path, ms }) => [path, ms]),
    [
      ['/a', '10'],
      ['/a', '30'],
    ],
  );
  assert.deepEqual(await query('stats count(*) as n, avg(ms) by path | sort n desc'), [
    { path: '/a', n: '2', 'avg(ms)': '20' },
    { path: '/b', n: '1', 'avg(ms)': '5' },
  ]);
  assert.deepEqual(await query('fields path', nowMs / 1000 + 30), []);
  assert.deepEqual(await query('what is this'), []);
  assert.equal((await logs.describeQueries({ logGroupName })).queries!.length, 4);
  const { queryDefinitionId } = await logs.putQueryDefinition({
    name: 'slow',
    queryString: 'filter ms > 20',
    logGroupNames: [logGroupName],
  });
  assert.equal(
    (await logs.describeQueryDefinitions({ queryDefinitionNamePrefix: 'sl' })).queryDefinitions![0]!.queryString,
    'filter ms > 20',
  );
  await logs.deleteQueryDefinition({ queryDefinitionId });
  await assert.rejects(logs.deleteQueryDefinition({ queryDefinitionId }), { name: 'ResourceNotFoundException' });
});

test('filters, policies, destinations and deliveries are kept, listed and removed', async () => {
  const logGroupName = '/filtered';
  await logs.createLogGroup({ logGroupName });
  const metric = { metricName: 'Errors', metricNamespace: 'App', metricValue: '1' };
  await logs.putMetricFilter({ logGroupName, filterName: 'errors', filterPattern: 'ERROR', metricTransformations: [metric] });
  assert.equal((await logs.describeMetricFilters({ logGroupName })).metricFilters![0]!.filterName, 'errors');
  await logs.deleteMetricFilter({ logGroupName, filterName: 'errors' });
  assert.deepEqual((await logs.describeMetricFilters({ logGroupName })).metricFilters, []);
  await logs.putResourcePolicy({ policyName: 'writers', policyDocument: '{}' });
  await logs.deleteResourcePolicy({ policyName: 'writers' });
  await assert.rejects(logs.deleteResourcePolicy({ policyName: 'writers' }), { name: 'ResourceNotFoundException' });
  const { destination } = await logs.putDestination({
    destinationName: 'central',
    targetArn: 'arn:aws:kinesis:us-east-1:123456789012:stream/logs',
    roleArn: 'arn:aws:iam::123456789012:role/logs',
    tags: { team: 'blue' },
  });
  assert.deepEqual((await logs.listTagsForResource({ resourceArn: destination!.arn })).tags, { team: 'blue' });
  await logs.deleteDestination({ destinationName: 'central' });
  await assert.rejects(logs.deleteDestination({ destinationName: 'central' }), { name: 'ResourceNotFoundException' });
  await logs.putDeliverySource({ name: 'cdn', resourceArn: 'arn:aws:cloudfront::123456789012:distribution/E1', logType: 'ACCESS_LOGS' });
  const { deliveryDestination } = await logs.putDeliveryDestination({
    name: 'bucket',
    deliveryDestinationConfiguration: { destinationResourceArn: 'arn:aws:s3:::logs' },
  });
  const wanted = { deliverySourceName: 'cdn', deliveryDestinationArn: deliveryDestination!.arn };
  const { delivery } = await logs.createDelivery(wanted);
  assert.equal(delivery!.deliveryDestinationType, 'S3');
  await assert.rejects(logs.createDelivery(wanted), { name: 'ConflictException' });
  await assert.rejects(logs.deleteDeliverySource({ name: 'cdn' }), { name: 'ConflictException' });
  await logs.deleteDelivery({ id: delivery!.id });
  await logs.deleteDeliverySource({ name: 'cdn' });
  await logs.deleteDeliveryDestination({ name: 'bucket' });
  await assert.rejects(logs.getDelivery({ id: delivery!.id }), { name: 'ResourceNotFoundException' });
});

test('a live tail tells what its streams take in, as it comes; queries are held to the letter where things run', async () => {
  const strict = await start({ machinery: { ...immediate, live: true } });
  const live = new CloudWatchLogs({ ...strict.client(), disableHostPrefix: true });
  const logGroupName = '/tailed';
  await live.createLogGroup({ logGroupName });
  const write = async (logStreamName: string, ...messages: string[]) =>
    live.putLogEvents({ logGroupName, logStreamName, logEvents: messages.map((message) => ({ timestamp: nowMs, message })) });
  for (const logStreamName of ['app-1', 'web-1']) await live.createLogStream({ logGroupName, logStreamName });
  await write('app-1', 'ERROR before');
  const logGroupIdentifiers = [`arn:aws:logs:us-east-1:123456789012:log-group:${logGroupName}`];
  const { responseStream } = await live.startLiveTail({
    logGroupIdentifiers,
    logStreamNamePrefixes: ['app-'],
    logEventFilterPattern: 'ERROR',
  });
  const seen: (string | undefined)[] = [];
  for await (const { sessionStart, sessionUpdate } of responseStream!) {
    if (sessionStart !== undefined) {
      assert.deepEqual(sessionStart.logGroupIdentifiers, logGroupIdentifiers);
      await write('app-1', 'fine', 'ERROR one');
      await write('web-1', 'ERROR elsewhere');
    }
    seen.push(...(sessionUpdate?.sessionResults ?? []).map(({ message }) => message));
    if (seen.length > 0) break;
  }
  assert.deepEqual(seen, ['ERROR one']);
  const both = { logGroupIdentifiers, logStreamNames: ['a'], logStreamNamePrefixes: ['b'] };
  await assert.rejects(live.startLiveTail(both), { name: 'InvalidParameterException' });
  await assert.rejects(live.startLiveTail({ logGroupIdentifiers: ['/missing'] }), { name: 'ResourceNotFoundException' });
  const query = { logGroupName, startTime: nowMs / 1000 - 60, endTime: nowMs / 1000 + 60, queryString: 'what is this' };
  await assert.rejects(live.startQuery(query), { name: 'MalformedQueryException' });
});
