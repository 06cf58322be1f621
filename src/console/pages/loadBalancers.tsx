import type { JSX } from 'preact';
import type { Json } from '../command.ts';
import type { ListenerPicture, LoadBalancerPicture, Picture } from '../contract.ts';
import { count, milliseconds, text } from '../format.ts';
import { pathOf } from '../router.ts';
import { Problem, useAws } from '../widgets/aws.tsx';
import { Card, Details, Link, Page, Tabs } from '../widgets/page.tsx';
import { Status } from '../widgets/status.tsx';
import { Table } from '../widgets/table.tsx';
import { AccessLogTail } from './accessLog.tsx';
import { MetricCharts, suffixOf } from './metricCharts.tsx';
import { Missing } from './missing.tsx';

export function LoadBalancers({ picture, rest }: { readonly picture: Picture | undefined; readonly rest: readonly string[] }): JSX.Element {
  const [name] = rest;
  if (name !== undefined) {
    const balancer = picture?.loadBalancers.find((one) => one.name === name);
    return balancer === undefined ? (
      <Missing what="load balancer" name={name} above={above} loaded={picture !== undefined} />
    ) : (
      <Balancer balancer={balancer} picture={picture!} />
    );
  }
  return (
    <Page title="Load balancers">
      <Card>
        <Table
          caption="Load balancers"
          rows={picture?.loadBalancers ?? []}
          keyOf={({ arn }) => arn}
          columns={[
            { title: 'Name', cell: (one) => <Link to={pathOf('load-balancers', one.name)}>{one.name}</Link>, by: (one) => one.name },
            { title: 'State', cell: ({ state }) => <Status state={state} />, by: ({ state }) => state },
            { title: 'Type', cell: ({ type }) => type, by: ({ type }) => type },
            { title: 'DNS name', cell: ({ dnsName }) => dnsName },
            {
              title: 'Requests/s',
              cell: ({ traffic }) => count(traffic.requestsPerSecond),
              by: ({ traffic }) => traffic.requestsPerSecond,
              numeric: true,
            },
            { title: 'p95', cell: ({ traffic }) => milliseconds(traffic.p95Ms), by: ({ traffic }) => traffic.p95Ms ?? 0, numeric: true },
            {
              title: 'Errors/s',
              cell: ({ traffic }) => count(traffic.errorsPerSecond),
              by: ({ traffic }) => traffic.errorsPerSecond,
              numeric: true,
            },
            { title: 'Connections', cell: ({ connections }) => count(connections), by: ({ connections }) => connections, numeric: true },
          ]}
          empty="No load balancers. Terraform's aws_lb makes one, or aws elbv2 create-load-balancer."
        />
      </Card>
    </Page>
  );
}

const above = { title: 'Load balancers', to: '/load-balancers' };

function Balancer({ balancer, picture }: { readonly balancer: LoadBalancerPicture; readonly picture: Picture }): JSX.Element {
  const { arn, name, type, state, dnsName, listeners } = balancer;
  return (
    <Page title={name} above={above}>
      <Card title="Details">
        <Details
          items={[
            ['Load balancer type', type],
            ['Status', <Status key="state" state={state} />],
            ['DNS name', dnsName],
            ['Load balancer ARN', arn],
            ...listeners.flatMap(({ arn: key, port, protocol, url }) =>
              url === undefined
                ? []
                : [
                    [
                      `${protocol}:${port} on this machine`,
                      <a key={key} href={url} rel="noreferrer" target="_blank">
                        {url}
                      </a>,
                    ] as const,
                  ],
            ),
          ]}
        />
      </Card>
      <Tabs
        tabs={[
          { name: 'Listeners and rules', content: () => <Listeners listeners={listeners} picture={picture} /> },
          {
            name: 'Monitoring',
            content: () => (
              <MetricCharts
                namespace={type === 'network' ? 'AWS/NetworkELB' : 'AWS/ApplicationELB'}
                dimensions={{ LoadBalancer: suffixOf(arn) }}
                metrics={type === 'network' ? networkMetrics : applicationMetrics}
              />
            ),
          },
          ...(type === 'application' ? [{ name: 'Access log', content: () => <AccessLogTail name={name} arn={arn} /> }] : []),
          { name: 'Attributes', content: () => <Attributes operation="DescribeLoadBalancerAttributes" input={{ LoadBalancerArn: arn }} /> },
        ]}
      />
    </Page>
  );
}

const applicationMetrics = [
  ['RequestCount', 'Sum'],
  ['HTTPCode_ELB_5XX_Count', 'Sum'],
  ['HTTPCode_ELB_4XX_Count', 'Sum'],
  ['ActiveConnectionCount', 'Sum'],
  ['NewConnectionCount', 'Sum'],
  ['RejectedConnectionCount', 'Sum'],
  ['ProcessedBytes', 'Sum'],
] as const;

const networkMetrics = [
  ['ActiveFlowCount', 'Sum'],
  ['NewFlowCount', 'Sum'],
  ['ProcessedBytes', 'Sum'],
  ['TCP_Target_Reset_Count', 'Sum'],
] as const;

function Listeners({ listeners, picture }: { readonly listeners: readonly ListenerPicture[]; readonly picture: Picture }): JSX.Element {
  const nameOf = (arn: string): string => picture.targetGroups.find((group) => group.arn === arn)?.name ?? arn;
  return (
    <>
      {listeners.map(({ arn, port, protocol, rules }) => (
        <Card key={arn} title={`${protocol}:${port}`}>
          <Table
            caption={`Rules of ${protocol}:${port}`}
            rows={rules}
            keyOf={({ priority }) => priority}
            columns={[
              { title: 'Priority', cell: ({ priority }) => priority, numeric: true },
              {
                title: 'Conditions (If)',
                cell: ({ conditions }) => (conditions.length === 0 ? 'If no other rule applies' : conditions.join(' and ')),
              },
              { title: 'Actions (Then)', cell: ({ action }) => action },
              {
                title: 'Target groups',
                cell: ({ targetGroupArns }) =>
                  targetGroupArns.map((one) => <Link key={one} to={pathOf('target-groups', nameOf(one))}>{`${nameOf(one)} `}</Link>),
              },
            ]}
            empty="No rules"
          />
        </Card>
      ))}
      {listeners.length === 0 ? <p class="empty">No listeners: aws elbv2 create-listener adds one.</p> : undefined}
    </>
  );
}

export function Attributes({ operation, input }: { readonly operation: string; readonly input: Json }): JSX.Element {
  const { data, error } = useAws<{ Attributes?: { Key: string; Value: string }[] }>('elbv2', operation, input);
  return (
    <Card title="Attributes">
      <Problem error={error} />
      <Details items={(data?.Attributes ?? []).map(({ Key, Value }) => [Key, text(Value === '' ? undefined : Value)] as const)} />
    </Card>
  );
}
