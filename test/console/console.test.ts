/** What the console's page works out by itself. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lastLines } from '../../src/cli/console/accessLog.ts';
import { csvOf } from '../../src/cli/console/testRoutes.ts';
import { command } from '../../src/console/command.ts';
import type { Moment, Picture, StatisticsRow } from '../../src/console/index.ts';
import { alarmBands } from '../../src/console/overview/bands.ts';
import { edgesOf } from '../../src/console/overview/edges.ts';
import { entryOf } from '../../src/console/pages/accessLogEntry.ts';
import { actionOf } from '../../src/console/pages/policyWords.ts';
import { alarmSpans } from '../../src/console/pages/alarmSpans.ts';

test('an action is told as the AWS CLI takes it', () => {
  const told = (operation: string, input: Record<string, unknown>): string => command('us-east-1', 'ecs', operation, input);
  assert.equal(
    told('UpdateService', { cluster: 'home', service: 'web', desiredCount: 3, forceNewDeployment: true, enableExecuteCommand: false }),
    'aws --region us-east-1 ecs update-service --cluster home --service web --desired-count 3 --force-new-deployment --no-enable-execute-command',
  );
  assert.equal(
    command('us-east-1', 'rds', 'StopDBInstance', { DBInstanceIdentifier: 'main' }),
    'aws --region us-east-1 rds stop-db-instance --db-instance-identifier main',
  );
  assert.equal(
    command('us-east-1', 'ec2', 'TerminateInstances', { InstanceIds: ['i-1', 'i-2'] }),
    'aws --region us-east-1 ec2 terminate-instances --instance-ids i-1 i-2',
  );
  assert.equal(
    command('us-east-1', 'autoscaling', 'PutScalingPolicy', { PolicyName: 'it’s $HOME', TargetTrackingConfiguration: { TargetValue: 40 } }),
    `aws --region us-east-1 autoscaling put-scaling-policy --policy-name 'it’s $HOME' --target-tracking-configuration '{"TargetValue":40}'`,
  );
  assert.match(told('StopTask', { reason: `it's` }), /--reason 'it'\\''s'$/);
});

const traffic = { requestsPerSecond: 5, errorsPerSecond: 0 };

test('the picture’s lines go from the clients to the database, each with its rate', () => {
  const picture: Picture = {
    atMs: 0,
    region: 'us-east-1',
    timeScale: 1,
    live: true,
    loadBalancers: [
      {
        arn: 'lb',
        name: 'lb',
        type: 'application',
        state: 'active',
        dnsName: '',
        connections: 0,
        traffic,
        listeners: [
          {
            arn: 'l',
            port: 80,
            protocol: 'HTTP',
            rules: [{ priority: 'default', conditions: [], action: '', targetGroupArns: ['group', 'gone'] }],
          },
        ],
      },
    ],
    targetGroups: [
      {
        arn: 'group',
        name: 'group',
        protocol: 'HTTP',
        traffic,
        targets: [{ id: 'i-1', state: 'healthy', requestsPerSecond: 2, outstanding: 0 }],
      },
    ],
    capacities: [
      { kind: 'service', id: 'service', name: 's', desired: 1, running: 1, units: [], targetGroupArns: ['group'], databases: ['main'] },
    ],
    instances: [{ id: 'i-1', name: 'i-1', state: 'running', phase: 'running', health: 'healthy' }],
    databases: [{ id: 'main', arn: 'arn:aws:rds:us-east-1:123456789012:db:db', engine: 'postgres', state: 'available' }],
    alarms: [],
  };
  const lines = edgesOf(picture).map(({ from, to, rate, kind }) => `${from} ${to} ${rate} ${kind}`);
  assert.deepEqual(lines, [
    'clients lb 5 traffic',
    'lb group 5 traffic',
    'group service 5 traffic',
    'service database main 0 data',
    'group i-1 2 traffic',
  ]);
});

test('the timeline is shaded while an alarm presses, and not by the alarm of having little to do', () => {
  const moment = (atMs: number, ...alarms: string[]): Moment => ({
    atMs,
    requestsPerSecond: 0,
    errorsPerSecond: 0,
    running: 1,
    desired: 1,
    alarms,
  });
  const moments = [moment(0), moment(1, 'cpu-AlarmHigh'), moment(2, 'cpu-AlarmHigh'), moment(3, 'cpu-AlarmLow'), moment(4, 'errors')];
  assert.deepEqual(
    alarmBands(moments).map(({ fromMs, toMs }) => [fromMs, toMs]),
    [
      [1, 2],
      [4, 1004],
    ],
  );
});

test('an alarm’s graph is shaded from each change to ALARM until the next, or until now', () => {
  const change = (Timestamp: number, to: string) => ({
    Timestamp,
    HistoryItemType: 'StateUpdate',
    HistorySummary: `Alarm updated from X to ${to}`,
  });
  const action = { Timestamp: 25, HistoryItemType: 'Action', HistorySummary: 'Successfully executed action to ALARM' };
  const spans = alarmSpans([change(40, 'ALARM'), action, change(30, 'OK'), change(20, 'ALARM')], 50_000);
  assert.deepEqual(
    spans.map(({ fromMs, toMs }) => [fromMs, toMs]),
    [
      [20_000, 30_000],
      [40_000, 50_000],
    ],
  );
});

test('names in the CSV neither break its lines nor start a formula', () => {
  const row: StatisticsRow = {
    type: 'GET',
    name: '=cmd("a",\n1)',
    requests: 1,
    fails: 0,
    median: 1,
    p90: 1,
    p99: 1,
    average: 1,
    min: 1,
    max: 1,
    averageBytes: 2,
    requestsPerSecond: 1,
    failuresPerSecond: 0,
  };
  assert.equal(csvOf([row]).split('\r\n')[1], `GET,"'=cmd(""a"",\n1)",1,0,1,1,1,1,1,1,2,1,0`);
});

test('a line of an access log is read by its fields, whatever stands in its texts', () => {
  const front =
    'http 2026-11-21T12:00:00.123Z app/front/50dc6c495c0c9188 192.0.2.7:41000 10.0.0.5:80 0.001 0.024 0.000 200 200 120 345 ' +
    '"GET http://127.0.0.1:80/a?b=<script> HTTP/1.1" "curl \\x22 7" - - arn:targetgroup/web "Root=1" "-" "-" 0 2026-11-21T12:00:00.098Z ' +
    '"forward" "-" "-" "10.0.0.5:80" "200" "-" "-" TID_- "-" "-" "-"';
  const read = entryOf(front);
  assert.deepEqual([read.client, read.target, read.targetMs, read.status], ['192.0.2.7:41000', '10.0.0.5:80', 24, '200']);
  assert.equal(read.request, 'GET http://127.0.0.1:80/a?b=<script> HTTP/1.1');
  assert.equal(read.reason, undefined);
  const refused = entryOf(
    front.replace('10.0.0.5:80 0.001 0.024 0.000 200 200', '- -1 -1 -1 503 -').replace('"forward" "-" "-"', '"forward" "-" "none"'),
  );
  assert.deepEqual([refused.target, refused.targetMs, refused.status, refused.reason], [undefined, undefined, '503', 'none']);
  assert.equal(entryOf('').status, '');
});

test('the tail of a file is whole lines from its end, however long it is', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'plimsoll-tail-'));
  const file = join(folder, 'access.log');
  try {
    assert.deepEqual(await lastLines(file), []);
    writeFileSync(file, 'first\nsecond\nthird is not');
    assert.deepEqual(await lastLines(file), ['first', 'second']);
    appendFileSync(file, ` whole\n${Array.from({ length: 40_000 }, (_, index) => `line ${index}\n`).join('')}`);
    const lines = await lastLines(file);
    assert.equal(lines.length, 200);
    assert.deepEqual([lines[0], lines.at(-1)], ['line 39800', 'line 39999']);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('what a policy does is told in words, its steps by their distance from the threshold', () => {
  assert.equal(actionOf({ AdjustmentType: 'ChangeInCapacity', ScalingAdjustment: -1, StepAdjustments: [] }), 'Remove 1');
  assert.equal(actionOf({ AdjustmentType: 'ExactCapacity', ScalingAdjustment: 4 }), 'Set to 4');
  const steps = [
    { MetricIntervalLowerBound: 0, MetricIntervalUpperBound: 20, ScalingAdjustment: 10 },
    { MetricIntervalLowerBound: 20, ScalingAdjustment: 30 },
    { MetricIntervalUpperBound: -5, ScalingAdjustment: -10 },
  ];
  const told = actionOf({ AdjustmentType: 'PercentChangeInCapacity', StepAdjustments: steps });
  assert.equal(told, 'Add 10 % from +0 to +20, Add 30 % from +20, Remove 10 % to −5');
});
