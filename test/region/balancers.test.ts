import assert from 'node:assert/strict';
import { once } from 'node:events';
import { globSync, readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import type { Region } from '../../src/region/index.ts';
import { defaultNetwork, region, startRegion, type TestRegion } from './support.ts';
import { startTraffic } from './traffic.ts';

describe('load balancers that really run', { skip: process.platform !== 'linux' && 'reads /proc' }, () => {
  let own: TestRegion;
  let live: Region;
  let subnets: string[];
  /** Of this computer, by port of a listener. */
  const ports = new Map<number, readonly number[]>();

  before(async () => {
    // Any port will do as the region's port 8123, but both balancers ask for the same.
    own = await startRegion({ balancerWorkers: 2, portsFor: (port) => (port === 8123 ? [18_123] : (ports.get(port) ?? [0])) });
    live = own.live;
    subnets = (await defaultNetwork(live)).subnets.slice(0, 2);
  });
  after(() => own?.close());

  const says = (MessageBody: string) => ({ Type: 'fixed-response', FixedResponseConfig: { StatusCode: '200', MessageBody } }) as const;

  async function balancer(Name: string, Port: number): Promise<{ arn: string; listener: string; url: string }> {
    const { LoadBalancers = [] } = await live.endpoint.call('elbv2', 'CreateLoadBalancer', { Name, Subnets: subnets }, region);
    const arn = LoadBalancers[0]?.LoadBalancerArn ?? '';
    const { Listeners = [] } = await live.endpoint.call(
      'elbv2',
      'CreateListener',
      { LoadBalancerArn: arn, Port, Protocol: 'HTTP', DefaultActions: [says(Name)] },
      region,
    );
    const listener = Listeners[0]?.ListenerArn ?? '';
    await live.waitFor('the listener', 90_000, () => live.loadBalancing.boundTo(listener) !== undefined);
    const { host, port } = live.loadBalancing.boundTo(listener)!;
    return { arn, listener, url: `http://${host}:${port}/` };
  }

  test('two of them listen on the same port at once, each at its own address', async () => {
    const [one, two] = await Promise.all([balancer('one', 8123), balancer('two', 8123)]);
    assert.equal(new URL(one.url).port, '18123');
    assert.equal(new URL(two.url).port, '18123');
    assert.equal(await (await fetch(one.url)).text(), 'one');
    assert.equal(await (await fetch(two.url)).text(), 'two');
  });

  test('a changed rule reaches the data plane without a failed request, and requests are in the access log', async () => {
    const { arn, listener, url } = await balancer('changing', 80);
    const attributes = { 'access_logs.s3.enabled': 'true', 'access_logs.s3.bucket': 'logs', 'access_logs.s3.prefix': 'web' };
    const Attributes = Object.entries(attributes).map(([Key, Value]) => ({ Key, Value }));
    await live.endpoint.call('elbv2', 'ModifyLoadBalancerAttributes', { LoadBalancerArn: arn, Attributes }, region);
    const traffic = startTraffic(url, 2);
    for (let change = 1; change <= 20; change++) {
      const word = `version ${change}`;
      await live.endpoint.call('elbv2', 'ModifyListener', { ListenerArn: listener, DefaultActions: [says(word)] }, region);
      await live.waitFor(word, 90_000, () => traffic.answers.has(word));
    }
    await traffic.stop();
    assert.deepEqual(traffic.failures, []);
    const logged = (): string =>
      globSync(`${own.folder}/s3/logs/web/AWSLogs/*/elasticloadbalancing/${region}/*.log`)
        .map((file) => readFileSync(file, 'utf8'))
        .join('');
    await live.waitFor('the log', 90_000, () => logged().includes(`"GET ${url} HTTP/1.1"`));
    assert.match(logged(), /^http \d{4}-\d\d-\d\dT[\d:.]+Z app\/changing\/[0-9a-f]{16} 127\.[\d.]+:\d+ - /m);
  });

  test('workers that are replaced under load lose no request', async () => {
    const { url } = await balancer('lasting', 80);
    const traffic = startTraffic(url, 8);
    const before = new Set(live.balancerPids);
    assert.equal(before.size, 2);
    await live.replaceBalancerWorkers();
    assert.ok(live.balancerPids.every((pid) => !before.has(pid)));
    await traffic.stop();
    assert.deepEqual(traffic.failures, []);
    assert.ok((traffic.answers.get('lasting') ?? 0) > 100);
  });

  test('a port that is taken: the next is tried; where there is none, the listener says why and others go on', async () => {
    const taken = createServer().listen(0, '0.0.0.0');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    try {
      ports.set(81, [port, 0]);
      const { url } = await balancer('elsewhere', 81);
      assert.notEqual(new URL(url).port, String(port));
      assert.equal(await (await fetch(url)).text(), 'elsewhere');
      ports.set(82, [port]);
      const { LoadBalancerArn } = (await live.endpoint.call('elbv2', 'DescribeLoadBalancers', {}, region)).LoadBalancers?.[0] ?? {};
      const { Listeners = [] } = await live.endpoint.call(
        'elbv2',
        'CreateListener',
        { LoadBalancerArn, Port: 82, Protocol: 'HTTP', DefaultActions: [says('nowhere')] },
        region,
      );
      const arn = Listeners[0]?.ListenerArn ?? '';
      await live.waitFor('the failure', 20_000, () => live.loadBalancing.failureOf(arn) !== undefined);
      assert.match(live.loadBalancing.failureOf(arn) ?? '', new RegExp(`EADDRINUSE.*:${port}$`));
      assert.equal(live.loadBalancing.boundTo(arn), undefined);
      assert.equal(await (await fetch(url)).text(), 'elsewhere');
    } finally {
      taken.close();
    }
  });
});
