import type { JSX } from 'preact';
import type { Picture, TargetGroupPicture, TargetPicture } from '../contract.ts';
import { count, milliseconds, text } from '../format.ts';
import { pathOf } from '../router.ts';
import { Do, Problem, useAws } from '../widgets/aws.tsx';
import { Card, Details, Link, Page, Tabs } from '../widgets/page.tsx';
import { Status } from '../widgets/status.tsx';
import { Table } from '../widgets/table.tsx';
import { AddedLatency, AddLatency } from './addedLatency.tsx';
import { Attributes } from './loadBalancers.tsx';
import { MetricCharts, suffixOf } from './metricCharts.tsx';
import { Missing } from './missing.tsx';

const above = { title: 'Target groups', to: '/target-groups' };
const healthy = ({ targets }: TargetGroupPicture): number => targets.filter(({ state }) => state === 'healthy').length;

export function TargetGroups({ picture, rest }: { readonly picture: Picture | undefined; readonly rest: readonly string[] }): JSX.Element {
  const [name] = rest;
  if (name !== undefined) {
    const group = picture?.targetGroups.find((one) => one.name === name);
    return group === undefined ? (
      <Missing what="target group" name={name} above={above} loaded={picture !== undefined} />
    ) : (
      <Group group={group} picture={picture!} />
    );
  }
  return (
    <Page title="Target groups">
      <Card>
        <Table
          caption="Target groups"
          rows={picture?.targetGroups ?? []}
          keyOf={({ arn }) => arn}
          columns={[
            { title: 'Name', cell: (one) => <Link to={pathOf('target-groups', one.name)}>{one.name}</Link>, by: (one) => one.name },
            { title: 'Protocol', cell: ({ protocol }) => protocol, by: ({ protocol }) => protocol },
            { title: 'Port', cell: ({ port }) => text(port), numeric: true },
            { title: 'Healthy', cell: (one) => `${healthy(one)} of ${one.targets.length}`, by: healthy, numeric: true },
            {
              title: 'Requests/s',
              cell: ({ traffic }) => count(traffic.requestsPerSecond),
              by: ({ traffic }) => traffic.requestsPerSecond,
              numeric: true,
            },
            { title: 'p95', cell: ({ traffic }) => milliseconds(traffic.p95Ms), by: ({ traffic }) => traffic.p95Ms ?? 0, numeric: true },
          ]}
          empty="No target groups. Terraform's aws_lb_target_group makes one."
        />
      </Card>
    </Page>
  );
}

interface DescribedGroup {
  readonly TargetGroups?: readonly {
    readonly HealthCheckProtocol?: string;
    readonly HealthCheckPath?: string;
    readonly HealthCheckPort?: string;
    readonly HealthCheckIntervalSeconds?: number;
    readonly HealthCheckTimeoutSeconds?: number;
    readonly HealthyThresholdCount?: number;
    readonly UnhealthyThresholdCount?: number;
    readonly Matcher?: { readonly HttpCode?: string; readonly GrpcCode?: string };
    readonly TargetType?: string;
  }[];
}

function Group({ group, picture }: { readonly group: TargetGroupPicture; readonly picture: Picture }): JSX.Element {
  const { arn, name, protocol, port, targets } = group;
  const { data, error } = useAws<DescribedGroup>('elbv2', 'DescribeTargetGroups', { TargetGroupArns: [arn] });
  const described = data?.TargetGroups?.[0];
  const users = picture.loadBalancers.filter(({ listeners }) =>
    listeners.some(({ rules }) => rules.some(({ targetGroupArns }) => targetGroupArns.includes(arn))),
  );
  return (
    <Page title={name} above={above} actions={<AddLatency group={group} />}>
      <AddedLatency targets={targets} />
      <Card title="Details">
        <Problem error={error} />
        <Details
          items={[
            ['Target type', described?.TargetType],
            ['Protocol : Port', `${protocol}: ${port ?? '–'}`],
            [
              'Load balancer',
              users.map((one) => (
                <Link key={one.arn} to={pathOf('load-balancers', one.name)}>
                  {one.name}
                </Link>
              )),
            ],
            ['Total targets', targets.length],
            ['Healthy', healthy(group)],
            ['Unhealthy', targets.filter(({ state }) => state === 'unhealthy').length],
          ]}
        />
      </Card>
      <Tabs
        tabs={[
          { name: 'Targets', content: () => <Targets group={group} /> },
          {
            name: 'Monitoring',
            content: () => (
              <MetricCharts
                namespace="AWS/ApplicationELB"
                dimensions={{ TargetGroup: suffixOf(arn), ...(users[0] === undefined ? {} : { LoadBalancer: suffixOf(users[0].arn) }) }}
                metrics={[
                  ['RequestCount', 'Sum'],
                  ['TargetResponseTime', 'p95'],
                  ['HealthyHostCount', 'Minimum'],
                  ['UnHealthyHostCount', 'Maximum'],
                  ['HTTPCode_Target_2XX_Count', 'Sum'],
                  ['HTTPCode_Target_5XX_Count', 'Sum'],
                  ['TargetConnectionErrorCount', 'Sum'],
                ]}
              />
            ),
          },
          {
            name: 'Health checks',
            content: () => (
              <Card title="Health check settings">
                <Details
                  items={[
                    ['Protocol', described?.HealthCheckProtocol],
                    ['Path', described?.HealthCheckPath],
                    ['Port', described?.HealthCheckPort],
                    ['Healthy threshold', described?.HealthyThresholdCount],
                    ['Unhealthy threshold', described?.UnhealthyThresholdCount],
                    ['Timeout', described === undefined ? undefined : `${described.HealthCheckTimeoutSeconds} s`],
                    ['Interval', described === undefined ? undefined : `${described.HealthCheckIntervalSeconds} s`],
                    ['Success codes', described?.Matcher?.HttpCode ?? described?.Matcher?.GrpcCode],
                  ]}
                />
              </Card>
            ),
          },
          { name: 'Attributes', content: () => <Attributes operation="DescribeTargetGroupAttributes" input={{ TargetGroupArn: arn }} /> },
        ]}
      />
    </Page>
  );
}

const keyOf = ({ id, port }: TargetPicture): string => `${id}:${port ?? ''}`;

function Targets({ group }: { readonly group: TargetGroupPicture }): JSX.Element {
  return (
    <Card title="Registered targets">
      <Table
        caption="Registered targets"
        rows={group.targets}
        keyOf={keyOf}
        columns={[
          { title: 'Target', cell: ({ id }) => id, by: ({ id }) => id },
          { title: 'Port', cell: ({ port }) => text(port), by: ({ port }) => port ?? 0, numeric: true },
          { title: 'Health status', cell: ({ state }) => <Status state={state} />, by: ({ state }) => state },
          { title: 'Reason', cell: ({ reason }) => text(reason) },
          { title: 'Health status details', cell: ({ description }) => text(description) },
          {
            title: 'Requests/s',
            cell: ({ requestsPerSecond }) => count(requestsPerSecond),
            by: ({ requestsPerSecond }) => requestsPerSecond,
            numeric: true,
          },
          { title: 'In flight', cell: ({ outstanding }) => count(outstanding), by: ({ outstanding }) => outstanding, numeric: true },
          {
            title: 'Do',
            cell: (target) => (
              <div class="buttons">
                <AddLatency group={group} target={target} />
                <Do
                  label="Deregister"
                  danger
                  what={`${target.id} gets no new requests; those in flight are finished within the deregistration delay. A service or group that registered it does not register it again.`}
                  action={() => ({
                    service: 'elbv2',
                    operation: 'DeregisterTargets',
                    input: {
                      TargetGroupArn: group.arn,
                      Targets: [{ Id: target.id, ...(target.port === undefined ? {} : { Port: target.port }) }],
                    },
                  })}
                />
              </div>
            ),
          },
        ]}
        empty="No targets: a service or an Auto Scaling group registers its own, aws elbv2 register-targets any other."
      />
    </Card>
  );
}
