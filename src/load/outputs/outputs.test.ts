import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { fileURLToPath } from 'node:url';
import { after, before, test } from 'node:test';
import protobuf from 'protobufjs';
import { uncompress } from 'snappyjs';
import { PlimsollError } from '../../base/index.ts';
import { startLoad } from '../index.ts';
import { runScript, scriptRunner } from '../testkit.ts';

const run = scriptRunner();
let folder: string;
let server: Server;
let url: string;
const received: { path: string; headers: IncomingMessage['headers']; body: Buffer }[] = [];

const script = `
  import http from 'k6/http';
  import { check, group } from 'k6';
  import { Trend } from 'k6/metrics';
  const own = new Trend('own_time', true);
  export const options = {
    vus: 2, iterations: 6, tags: { team: 'a,"b' },
    thresholds: { http_reqs: ['count==6'], 'http_req_duration{kind:x}': ['max<60000'], own_time: ['max<5'] },
  };
  export default function () {
    group('shop', () => {
      const answer = http.get(__ENV.URL + '/page', { tags: { kind: 'x' } });
      check(answer, { 'is <ok>': (a) => a.status === 200, odd: () => __ITER % 2 === 1 });
    });
    own.add(20, { part: 'one' });
  }`;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plimsoll-outputs-'));
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (request.method === 'POST') received.push({ path: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks) });
      response.writeHead(request.url === '/broken' ? 500 : 200).end('ok');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

after(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true });
});

/** Users are counted with each report, so there has to be one before the end. */
const reported = { progressMs: 20, options: { minIterationDuration: '100ms' } };
const env = (): Record<string, string> => ({ URL: url });
const path = (name: string): string => join(folder, name);

test('json and csv hold every sample with its tags, of all processes', async () => {
  const outputs = [`json=${path('all.json')}`, `csv=${path('all.csv.gz')}`];
  const result = await run(script, { env: env(), outputs, workers: 2, outputEnv: { K6_CSV_TIME_FORMAT: 'unix_milli' }, ...reported });
  assert.equal(result.requests, 6);
  const lines = (await readFile(path('all.json'), 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  const points = (name: string): any[] => lines.filter((line) => line.type === 'Point' && line.metric === name); // oxlint-disable-line typescript/no-explicit-any
  assert.equal(points('http_reqs').length, 6);
  assert.equal(points('checks').length, 12);
  assert.deepEqual(points('vus')[0].data.tags, { team: 'a,"b' });
  const { data: metric } = lines.find((line) => line.type === 'Metric' && line.metric === 'http_req_duration');
  assert.deepEqual(
    metric.submetrics.map((sub: { name: string }) => sub.name),
    [
      // prettier-ignore
      'http_req_duration{kind:x}',
      'http_req_duration{expected_response:true}',
    ],
  );
  const [request] = points('http_req_duration');
  const { time, value, tags } = request.data;
  assert.ok(!Number.isNaN(Date.parse(time)) && value > 0);
  assert.deepEqual(
    [tags.method, tags.status, tags.group, tags.kind, tags.team, tags.scenario, tags.url, tags.expected_response],
    ['GET', '200', '::shop', 'x', 'a,"b', 'default', `${url}/page`, 'true'],
  );
  assert.equal(points('own_time')[0].data.tags.part, 'one');
  const declared = lines.filter((line) => line.type === 'Metric');
  assert.equal(declared.length, new Set(declared.map((line) => line.metric)).size);
  const duration = declared.find((line) => line.metric === 'http_req_duration');
  assert.equal(duration.data.type, 'trend');
  assert.ok(duration.data.submetrics.some((part: { suffix: string }) => part.suffix === 'kind:x'));
  assert.deepEqual(declared.find((line) => line.metric === 'http_reqs').data.thresholds, ['count==6']);
  assert.ok(lines.findIndex((line) => line.metric === 'http_reqs' && line.type === 'Metric') < lines.indexOf(points('http_reqs')[0]));

  const rows = gunzipSync(await readFile(path('all.csv.gz')))
    .toString()
    .trimEnd()
    .split('\n');
  assert.equal(
    rows[0],
    'metric_name,timestamp,metric_value,check,error,error_code,expected_response,group,method,name,proto,scenario,service,status,subproto,tls_version,url,extra_tags,metadata',
  );
  const requests = rows.filter((row) => row.startsWith('http_reqs,'));
  assert.equal(requests.length, 6);
  assert.match(
    requests[0] ?? '',
    new RegExp(`^http_reqs,\\d{13},1\\.000000,,,,true,::shop,GET,${url}/page,HTTP/1\\.1,default,,200,,,${url}/page,"kind=x&team=a,""b",$`),
  );
});

test('systemTags decide which tags there are', async () => {
  await run(script, { env: env(), outputs: [`csv=${path('few.csv')}`], options: { systemTags: ['status', 'vu'] } });
  const [head, ...rows] = (await readFile(path('few.csv'), 'utf8')).trimEnd().split('\n');
  assert.equal(head, 'metric_name,timestamp,metric_value,status,extra_tags,metadata');
  assert.match(rows.find((row) => row.startsWith('http_reqs')) ?? '', /^http_reqs,\d{10},1\.000000,200,.*,vu=[12]$/);
});

test('junit tells which thresholds and checks failed', async () => {
  await run(script, { env: env(), outputs: [`junit=${path('junit.xml')}`] });
  const xml = await readFile(path('junit.xml'), 'utf8');
  assert.match(xml, /<testsuites name=".*" tests="5" failures="2" time="[\d.]+">/);
  assert.match(xml, /<testcase name="http_reqs: count==6" classname="thresholds"\/>/);
  assert.match(xml, /<testcase name="own_time: max&lt;5" classname="thresholds"><failure message="threshold crossed: .*max=20/);
  assert.match(xml, /<testcase name="is &lt;ok&gt;" classname="checks.shop"\/>/);
  assert.match(xml, /<testcase name="odd" classname="checks.shop"><failure message="\d of 6 failed"\/>/);
});

test('the HTML report is one file with the course of the run and its results', async () => {
  await run(script, { env: env(), outputs: [`html=${path('report.html')}`] });
  const html = await readFile(path('report.html'), 'utf8');
  assert.ok(!/(?:src|href)="(?!data:)/.test(html), 'it refers to nothing outside');
  const data = JSON.parse(/<script type="application\/json" id="data">(.*?)<\/script>/s.exec(html)?.[1] ?? '');
  assert.equal(data.summary.totals[0][1], '6');
  assert.equal(data.summary.checks[0].name, 'is <ok>');
  assert.equal(data.summary.exitCode, 99);
  assert.ok(data.moments.length > 0);
  assert.ok(data.moments[0].requests > 0 && data.moments[0].p95 > 0);
});

test('the web dashboard shows a run while it goes on, and exports it', async () => {
  const source = `
    import http from 'k6/http';
    import { sleep } from 'k6';
    export const options = { vus: 1, duration: '1m' };
    export default function () { http.get(__ENV.URL + '/page'); sleep(0.01); }`;
  await writeFile(path('live.js'), source);
  const load = startLoad({
    script: path('live.js'),
    env: env(),
    progressMs: 50,
    outputs: [`web-dashboard=port=0&host=127.0.0.1&export=${path('live.html')}`],
    outputEnv: {},
  });
  const { outputs } = await load.plan;
  const address = /\((http.*)\)/.exec(outputs[0] ?? '')?.[1] ?? '';
  const page = await (await fetch(address)).text();
  assert.match(page, /EventSource/);
  const events = (await fetch(`${address}/events`)).body?.pipeThrough(new TextDecoderStream());
  let text = '';
  for await (const chunk of events ?? []) {
    text += chunk;
    if (/event: moment/.test(text)) load.stop();
  }
  assert.match(text, /^event: all\ndata: \{.*"isLive":true/);
  assert.match(text, /event: moment\ndata: \{"at":/);
  assert.match(text, /event: end\ndata: \{"exitCode":105/);
  await load.result;
  assert.match(await readFile(path('live.html'), 'utf8'), /"isLive":false/);
});

const { root: prom } = protobuf.parse(`syntax = "proto3";
  message WriteRequest { repeated TimeSeries timeseries = 1; }
  message TimeSeries { repeated Label labels = 1; repeated Sample samples = 2; }
  message Label { string name = 1; string value = 2; }
  message Sample { double value = 1; int64 timestamp = 2; }`);

test('prometheus gets sorted series with k6 names, seconds and stale markers', async () => {
  received.length = 0;
  const outputEnv = {
    K6_PROMETHEUS_RW_SERVER_URL: `${url}/api/v1/write`,
    K6_PROMETHEUS_RW_TREND_STATS: 'p(95),max,count',
    K6_PROMETHEUS_RW_STALE_MARKERS: 'true',
    K6_PROMETHEUS_RW_USERNAME: 'ann',
    K6_PROMETHEUS_RW_PASSWORD: 'pw',
  };
  const result = await run(script, { env: env(), outputs: ['experimental-prometheus-rw'], outputEnv });
  assert.deepEqual(
    result.lines.filter(({ source }) => source === 'output'),
    [],
  );
  assert.equal(received[0]?.headers['content-encoding'], 'snappy');
  assert.equal(received[0]?.headers.authorization, `Basic ${Buffer.from('ann:pw').toString('base64')}`);
  const type = prom.lookupType('WriteRequest');
  const decode = (body: Buffer): { labels: { name: string; value: string }[]; samples: { value: number }[] }[] =>
    (type.decode(uncompress(body)) as never as { timeseries: never[] }).timeseries;
  const series = received.slice(0, -1).flatMap(({ body }) => decode(body));
  const named = (name: string): typeof series =>
    series.filter(({ labels }) => labels.some((l) => l.name === '__name__' && l.value === name));
  assert.equal(named('k6_http_reqs_total').at(-1)?.samples[0]?.value, 6);
  assert.equal(named('k6_own_time_max').at(-1)?.samples[0]?.value, 0.02);
  assert.equal(named('k6_own_time_count').at(-1)?.samples[0]?.value, 6);
  assert.equal(named('k6_checks_rate').length > 1, true);
  const labels =
    named('k6_http_req_duration_p95')
      .at(-1)
      ?.labels.map(({ name }) => name) ?? [];
  assert.deepEqual(labels, labels.toSorted());
  assert.ok(labels.includes('kind') && labels.includes('team'));
  const stale = decode(received.at(-1)?.body ?? Buffer.alloc(0));
  assert.ok(stale.length > 0 && stale.every(({ samples }) => Number.isNaN(samples[0]?.value)));
});

for (const protocol of ['http/json', 'http/protobuf'])
  test(`opentelemetry gets sums, gauges and histograms by ${protocol}`, async () => {
    received.length = 0;
    const outputEnv = {
      K6_OTEL_EXPORTER_PROTOCOL: protocol,
      K6_OTEL_HTTP_EXPORTER_ENDPOINT: url.slice('http://'.length),
      K6_OTEL_HTTP_EXPORTER_INSECURE: 'true',
      K6_OTEL_METRIC_PREFIX: 'k6_',
      K6_OTEL_HEADERS: 'x-key=a%20b',
    };
    await run(script, { env: env(), outputs: ['opentelemetry'], outputEnv, ...reported });
    const last = received.at(-1);
    assert.equal(last?.path, '/v1/metrics');
    assert.equal(last?.headers['x-key'], 'a b');
    if (protocol === 'http/protobuf') {
      assert.equal(last?.headers['content-type'], 'application/x-protobuf');
      assert.ok(last?.body.includes('k6_http_req_duration') && last.body.includes('service.name'));
      return;
    }
    const { metrics } = JSON.parse(last?.body.toString() ?? '').resourceMetrics[0].scopeMetrics[0];
    const metric = (name: string): any => metrics.find((item: { name: string }) => item.name === name); // oxlint-disable-line typescript/no-explicit-any
    assert.equal(metric('k6_http_reqs').sum.dataPoints[0].asDouble, 6);
    assert.equal(metric('k6_http_reqs').sum.isMonotonic, true);
    const [own] = metric('k6_own_time').histogram.dataPoints;
    assert.deepEqual([own.count, own.sum, metric('k6_own_time').unit], ['6', 120, 'ms']);
    assert.equal(own.bucketCounts[own.explicitBounds.indexOf(25)], '6');
    const [failed, ...none] = metric('k6_http_req_failed.total').sum.dataPoints as Point[];
    assert.deepEqual([failed?.attributes.at(-1)?.value.stringValue, failed?.asInt, none], ['zero', '6', []]);
    assert.ok(metric('k6_vus').gauge);
  });

interface Point {
  attributes: { value: { stringValue: string } }[];
  asInt: string;
}

test('a receiver that fails is a warning, once, and the run goes on', async () => {
  const result = await run(script, {
    env: env(),
    outputs: ['experimental-prometheus-rw'],
    outputEnv: { K6_PROMETHEUS_RW_SERVER_URL: `${url}/broken`, K6_PROMETHEUS_RW_PUSH_INTERVAL: '20ms' },
  });
  assert.equal(result.requests, 6);
  const warnings = result.lines.filter(({ source }) => source === 'output');
  assert.equal(warnings.length, 1);
  assert.match(warnings[0]?.message ?? '', /status 500/);
});

const refused: [specs: string[], outputEnv: Record<string, string>, text: RegExp][] = [
  [['nope=1'], {}, /unknown output "nope": there are json, csv/],
  [['influxdb=http://x'], {}, /use opentelemetry/],
  [['junit'], {}, /junit needs a file/],
  [['json=/no/such/folder/x.json'], {}, /cannot be written/],
  [['csv=x.csv'], { K6_CSV_TIME_FORMAT: 'stardate' }, /time format/],
  [['opentelemetry'], { K6_OTEL_EXPORTER_PROTOCOL: 'grpc' }, /http\/protobuf or http\/json here, not grpc/],
  [['experimental-prometheus-rw'], { K6_PROMETHEUS_RW_TREND_AS_NATIVE_HISTOGRAM: 'true' }, /not supported/],
  [['web-dashboard=color=red'], {}, /no setting "color"/],
];
for (const [outputs, outputEnv, text] of refused)
  test(`--out ${outputs.join()} is refused: ${text.source}`, async () => {
    await assert.rejects(
      run('export default () => {};', { outputs, outputEnv }),
      (error) => error instanceof PlimsollError && error.exitCode === 255 && text.test(error.message),
    );
  });

test('the example script runs with several outputs', async () => {
  const example = fileURLToPath(new URL('../../../examples/scripts/outputs.js', import.meta.url));
  const result = await runScript(example, {
    env: { BASE_URL: url },
    options: { iterations: 3 },
    outputs: [`json=${path('example.json')}`, `html=${path('example.html')}`, `junit=${path('example.xml')}`],
    outputEnv: {},
  });
  assert.equal(result.exitCode, 0);
  assert.match(await readFile(path('example.xml'), 'utf8'), /failures="0"/);
});
