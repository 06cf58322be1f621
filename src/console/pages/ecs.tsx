import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Json } from '../command.ts';
import type { CapacityPicture, Picture, UnitPicture } from '../contract.ts';
import { countOf, lastPart, percent, seconds, text } from '../format.ts';
import { pathOf } from '../router.ts';
import { Do, Problem, useAllAws, useAws } from '../widgets/aws.tsx';
import { Card, Details, Link, Page, Tabs } from '../widgets/page.tsx';
import { Status } from '../widgets/status.tsx';
import { Table } from '../widgets/table.tsx';
import { alarmLinks } from './alarmLinks.tsx';
import { MetricCharts } from './metricCharts.tsx';
import { Missing } from './missing.tsx';
import { actionOf, type Adjustments } from './policyWords.ts';

export function Ecs({ picture, rest }: { readonly picture: Picture | undefined; readonly rest: readonly string[] }): JSX.Element {
  const [cluster, name] = rest;
  const services = picture?.capacities.filter(({ kind }) => kind === 'service') ?? [];
  if (cluster !== undefined && name !== undefined) {
    const service = services.find((one) => one.cluster === cluster && one.name === name);
    if (service !== undefined) return <Service service={service} cluster={cluster} />;
    return <Missing what="service" name={name} above={{ title: 'ECS', to: '/ecs' }} loaded={picture !== undefined} />;
  }
  return <Clusters services={cluster === undefined ? services : services.filter((one) => one.cluster === cluster)} />;
}

interface Cluster {
  readonly clusterArn: string;
  readonly clusterName: string;
  readonly status?: string;
  readonly activeServicesCount?: number;
  readonly runningTasksCount?: number;
  readonly pendingTasksCount?: number;
}

function Clusters({ services }: { readonly services: readonly CapacityPicture[] }): JSX.Element {
  const { data: listed } = useAws<{ clusterArns?: string[] }>('ecs', 'ListClusters', {});
  const arns = listed?.clusterArns ?? [];
  const { data, error } = useAws<{ clusters?: Cluster[] }>('ecs', 'DescribeClusters', arns.length === 0 ? undefined : { clusters: arns });
  return (
    <Page title="Elastic Container Service">
      <Card title="Clusters">
        <Problem error={error} />
        <Table
          caption="Clusters"
          rows={arns.length === 0 ? [] : (data?.clusters ?? [])}
          keyOf={({ clusterArn }) => clusterArn}
          columns={[
            { title: 'Cluster', cell: ({ clusterName }) => clusterName, by: ({ clusterName }) => clusterName },
            { title: 'Status', cell: ({ status = '' }) => <Status state={status} /> },
            { title: 'Services', cell: ({ activeServicesCount }) => text(activeServicesCount), numeric: true },
            { title: 'Running tasks', cell: ({ runningTasksCount }) => text(runningTasksCount), numeric: true },
            { title: 'Pending tasks', cell: ({ pendingTasksCount }) => text(pendingTasksCount), numeric: true },
          ]}
          empty="No clusters. Terraform's aws_ecs_cluster makes one."
        />
      </Card>
      <Card title="Services">
        <Table
          caption="Services"
          rows={services}
          keyOf={({ id }) => id}
          columns={[
            {
              title: 'Service name',
              cell: ({ cluster = '', name }) => <Link to={pathOf('ecs', cluster, name)}>{name}</Link>,
              by: ({ name }) => name,
            },
            { title: 'Cluster', cell: ({ cluster }) => text(cluster), by: ({ cluster = '' }) => cluster },
            { title: 'Running', cell: ({ running }) => running, by: ({ running }) => running, numeric: true },
            { title: 'Desired', cell: ({ desired }) => desired, by: ({ desired }) => desired, numeric: true },
            { title: 'Minimum', cell: ({ min }) => text(min), numeric: true },
            { title: 'Maximum', cell: ({ max }) => text(max), numeric: true },
          ]}
          empty="No services. Terraform's aws_ecs_service makes one."
        />
      </Card>
    </Page>
  );
}

interface DescribedService extends Json {
  readonly status?: string;
  readonly taskDefinition?: string;
  readonly launchType?: string;
  readonly healthCheckGracePeriodSeconds?: number;
  readonly deploymentConfiguration?: {
    readonly minimumHealthyPercent?: number;
    readonly maximumPercent?: number;
    readonly deploymentCircuitBreaker?: Json;
  };
  readonly deployments?: readonly Deployment[];
  readonly events?: readonly { readonly id: string; readonly createdAt?: number; readonly message?: string }[];
  readonly networkConfiguration?: {
    readonly awsvpcConfiguration?: { readonly subnets?: string[]; readonly securityGroups?: string[]; readonly assignPublicIp?: string };
  };
}

interface Deployment {
  readonly id: string;
  readonly status?: string;
  readonly rolloutState?: string;
  readonly rolloutStateReason?: string;
  readonly taskDefinition?: string;
  readonly desiredCount?: number;
  readonly runningCount?: number;
  readonly pendingCount?: number;
  readonly failedTasks?: number;
  readonly createdAt?: number;
}

function Service({ service, cluster }: { readonly service: CapacityPicture; readonly cluster: string }): JSX.Element {
  const { name } = service;
  const { data, error } = useAws<{ services?: DescribedService[] }>('ecs', 'DescribeServices', { cluster, services: [name] });
  const described = data?.services?.[0];
  return (
    <Page
      title={name}
      above={{ title: `ECS › ${cluster}`, to: pathOf('ecs', cluster) }}
      actions={
        <>
          <Do
            label="Set desired tasks"
            what="Tasks are started or stopped until there are as many; a scaling policy may change it again."
            fields={[{ name: 'desired', label: 'Desired tasks', value: String(service.desired), type: 'number' }]}
            action={({ desired }) => ({
              service: 'ecs',
              operation: 'UpdateService',
              input: { cluster, service: name, desiredCount: Number(desired) },
            })}
          />
          <Do
            label="Force new deployment"
            what="Every task is replaced by a new one of the same definition, without going below the minimum healthy percent."
            action={() => ({ service: 'ecs', operation: 'UpdateService', input: { cluster, service: name, forceNewDeployment: true } })}
          />
        </>
      }
    >
      <Problem error={error} />
      <Tabs
        tabs={[
          { name: 'Health and metrics', content: () => <Health service={service} cluster={cluster} described={described} /> },
          { name: 'Tasks', content: () => <Tasks service={service} cluster={cluster} /> },
          { name: 'Logs', content: () => <Logs definition={described?.taskDefinition} service={service} /> },
          { name: 'Deployments', content: () => <Deployments deployments={described?.deployments ?? []} /> },
          { name: 'Events', content: () => <Events events={described?.events ?? []} /> },
          { name: 'Configuration and networking', content: () => <Configuration described={described} /> },
          { name: 'Service auto scaling', content: () => <Scaling resourceId={`service/${cluster}/${name}`} service={service} /> },
        ]}
      />
    </Page>
  );
}

function Health({
  service,
  cluster,
  described,
}: {
  readonly service: CapacityPicture;
  readonly cluster: string;
  readonly described: DescribedService | undefined;
}): JSX.Element {
  return (
    <>
      <Card title="Status">
        <Details
          items={[
            ['Status', <Status key="status" state={described?.status ?? '–'} />],
            ['Tasks', `${service.running} running, ${service.desired} desired`],
            ['Healthy', service.units.filter(({ health }) => health === 'healthy').length],
            ['Task definition', text(described?.taskDefinition === undefined ? undefined : lastPart(described.taskDefinition))],
            ['Deployment status', text(described?.deployments?.[0]?.rolloutState)],
          ]}
        />
      </Card>
      <MetricCharts
        namespace="AWS/ECS"
        dimensions={{ ClusterName: cluster, ServiceName: service.name }}
        metrics={[
          ['CPUUtilization', 'Average'],
          ['MemoryUtilization', 'Average'],
        ]}
      />
    </>
  );
}

function Tasks({ service, cluster }: { readonly service: CapacityPicture; readonly cluster: string }): JSX.Element {
  return (
    <Card title="Tasks">
      <Table<UnitPicture>
        caption="Tasks"
        rows={service.units}
        keyOf={({ id }) => id}
        columns={[
          { title: 'Task', cell: ({ id }) => <code>{id}</code>, by: ({ id }) => id },
          {
            title: 'Last status',
            cell: ({ state, phase }) => (
              <Status state={phase === 'leaving' ? `${state} (stopping)` : state}>{phase === 'leaving' ? 'DEPROVISIONING' : state}</Status>
            ),
            by: ({ state }) => state,
          },
          { title: 'Health status', cell: ({ health }) => <Status state={health} />, by: ({ health }) => health },
          { title: 'CPU', cell: ({ cpuPercent }) => percent(cpuPercent), by: ({ cpuPercent }) => cpuPercent ?? 0, numeric: true },
          {
            title: 'Memory',
            cell: ({ memoryPercent }) => percent(memoryPercent),
            by: ({ memoryPercent }) => memoryPercent ?? 0,
            numeric: true,
          },
          {
            title: 'Started at',
            cell: ({ startedAtMs }) => (startedAtMs === undefined ? '–' : seconds(startedAtMs / 1000)),
            by: ({ startedAtMs }) => startedAtMs ?? 0,
          },
          {
            title: 'Do',
            cell: ({ id }) => (
              <Do
                label="Stop"
                danger
                what="The task ends; the service starts another in its place."
                action={() => ({ service: 'ecs', operation: 'StopTask', input: { cluster, task: id, reason: 'stopped in the console' } })}
              />
            ),
          },
        ]}
        empty="No tasks: the desired count is 0, or the first is on its way."
      />
    </Card>
  );
}

interface TaskDefinition {
  readonly taskDefinition?: {
    readonly containerDefinitions?: { readonly name: string; readonly logConfiguration?: { readonly options?: Record<string, string> } }[];
  };
}

function Logs({ definition, service }: { readonly definition: string | undefined; readonly service: CapacityPicture }): JSX.Element {
  const { data } = useAws<TaskDefinition>(
    'ecs',
    'DescribeTaskDefinition',
    definition === undefined ? undefined : { taskDefinition: definition },
  );
  const group = data?.taskDefinition?.containerDefinitions?.flatMap(
    ({ logConfiguration }) => logConfiguration?.options?.['awslogs-group'] ?? [],
  )[0];
  if (data !== undefined && group === undefined)
    return <p class="empty">The task definition keeps no logs: give its container a logConfiguration with the awslogs driver.</p>;
  return group === undefined ? <p class="empty">Looking…</p> : <LogTail group={group} tasks={service.units.length} />;
}

function LogTail({ group, tasks }: { readonly group: string; readonly tasks: number }): JSX.Element {
  const { data, error } = useAws<{ events?: { eventId?: string; timestamp?: number; message?: string; logStreamName?: string }[] }>(
    'logs',
    'FilterLogEvents',
    {
      logGroupName: group,
      startFromHead: false,
      limit: 200,
    },
  );
  const end = useRef<HTMLPreElement>(null);
  const [follows, setFollows] = useState(true);
  const events = (data?.events ?? []).toSorted((a, b) => (a.timestamp ?? 0) - (b.timestamp ?? 0)).slice(-200);
  useEffect(() => {
    if (follows && end.current !== null) end.current.scrollTop = end.current.scrollHeight;
  }, [data]);
  return (
    <Card title={`${group} · ${countOf(tasks, 'task')}`}>
      <Problem error={error} />
      <label class="choice">
        <input type="checkbox" checked={follows} onChange={(event) => setFollows(event.currentTarget.checked)} /> Follow
      </label>
      <pre class="log" ref={end} tabIndex={0} aria-label="Log lines">
        {events
          .map(
            ({ timestamp = 0, logStreamName = '', message }) =>
              `${seconds(timestamp / 1000)} ${lastPart(logStreamName).slice(0, 8)} ${message ?? ''}\n`,
          )
          .join('')}
        {events.length === 0 ? 'Nothing was written yet.' : ''}
      </pre>
    </Card>
  );
}

function Deployments({ deployments }: { readonly deployments: readonly Deployment[] }): JSX.Element {
  return (
    <Card title="Deployments">
      <Table
        caption="Deployments"
        rows={deployments}
        keyOf={({ id }) => id}
        columns={[
          { title: 'Deployment ID', cell: ({ id }) => id },
          { title: 'Status', cell: ({ status = '' }) => <Status state={status} /> },
          { title: 'Rollout', cell: ({ rolloutState = '–' }) => <Status state={rolloutState} /> },
          { title: 'Reason', cell: ({ rolloutStateReason }) => text(rolloutStateReason) },
          { title: 'Task definition', cell: ({ taskDefinition }) => (taskDefinition === undefined ? '–' : lastPart(taskDefinition)) },
          { title: 'Desired', cell: ({ desiredCount }) => text(desiredCount), numeric: true },
          { title: 'Running', cell: ({ runningCount }) => text(runningCount), numeric: true },
          { title: 'Pending', cell: ({ pendingCount }) => text(pendingCount), numeric: true },
          { title: 'Failed', cell: ({ failedTasks }) => text(failedTasks), numeric: true },
          { title: 'Created at', cell: ({ createdAt }) => seconds(createdAt) },
        ]}
        empty="No deployments."
      />
    </Card>
  );
}

function Events({ events }: { readonly events: NonNullable<DescribedService['events']> }): JSX.Element {
  return (
    <Card title="Events">
      <Table
        caption="Events"
        rows={events}
        keyOf={({ id }) => id}
        columns={[
          { title: 'Started at', cell: ({ createdAt }) => seconds(createdAt), by: ({ createdAt }) => createdAt ?? 0 },
          { title: 'Message', cell: ({ message }) => text(message) },
        ]}
        empty="No events yet."
      />
    </Card>
  );
}

function Configuration({ described }: { readonly described: DescribedService | undefined }): JSX.Element {
  const network = described?.networkConfiguration?.awsvpcConfiguration;
  return (
    <Card title="Service configuration">
      <Details
        items={[
          ['Task definition', text(described?.taskDefinition)],
          ['Launch type', text(described?.launchType)],
          ['Minimum healthy percent', text(described?.deploymentConfiguration?.minimumHealthyPercent)],
          ['Maximum percent', text(described?.deploymentConfiguration?.maximumPercent)],
          ['Deployment circuit breaker', breakerText(described?.deploymentConfiguration?.deploymentCircuitBreaker)],
          ['Health check grace period', `${described?.healthCheckGracePeriodSeconds ?? 0} s`],
          ['Subnets', network?.subnets?.join(', ')],
          ['Security groups', network?.securityGroups?.join(', ')],
          ['Auto-assign public IP', text(network?.assignPublicIp)],
        ]}
      />
    </Card>
  );
}

interface ScalingPolicy extends Json {
  readonly PolicyName: string;
  readonly PolicyType: string;
  readonly TargetTrackingScalingPolicyConfiguration?: Json & { readonly TargetValue: number };
  readonly StepScalingPolicyConfiguration?: Adjustments;
  readonly Alarms?: readonly { readonly AlarmName: string }[];
}

function Scaling({ resourceId, service }: { readonly resourceId: string; readonly service: CapacityPicture }): JSX.Element {
  const about = { ServiceNamespace: 'ecs', ResourceId: resourceId };
  const { data, error, again } = useAws<{ ScalingPolicies?: ScalingPolicy[] }>('application-autoscaling', 'DescribeScalingPolicies', about);
  const activities = useAllAws<{
    ScalingActivities?: { ActivityId: string; Description?: string; Cause?: string; StatusCode: string; StartTime?: number }[];
  }>('application-autoscaling', 'DescribeScalingActivities', about, ['ScalingActivities']);
  return (
    <>
      <Card title="Scaling policies">
        <Problem error={error} />
        <p>
          {service.min === undefined ? 'Nothing scales this service.' : `Between ${service.min} and ${service.max ?? service.min} tasks.`}
        </p>
        <Table
          caption="Scaling policies"
          rows={data?.ScalingPolicies ?? []}
          keyOf={({ PolicyName }) => PolicyName}
          columns={[
            { title: 'Policy name', cell: ({ PolicyName }) => PolicyName },
            { title: 'Policy type', cell: ({ PolicyType }) => PolicyType },
            {
              title: 'Metric',
              cell: ({ TargetTrackingScalingPolicyConfiguration: tracking }) =>
                text(
                  (tracking?.['PredefinedMetricSpecification'] as Json | undefined)?.['PredefinedMetricType'] ??
                    (tracking === undefined ? undefined : 'customized'),
                ),
            },
            { title: 'Action', cell: ({ StepScalingPolicyConfiguration: steps }) => (steps === undefined ? '–' : actionOf(steps)) },
            {
              title: 'Target value',
              cell: ({ TargetTrackingScalingPolicyConfiguration: tracking }) => text(tracking?.TargetValue),
              numeric: true,
            },
            { title: 'Alarms', cell: alarmLinks },
            {
              title: 'Do',
              cell: ({ PolicyName, PolicyType, TargetTrackingScalingPolicyConfiguration: tracking }) =>
                tracking === undefined ? undefined : (
                  <Do
                    label="Change target"
                    what="The service is scaled towards the new value from now on."
                    fields={[{ name: 'value', label: 'Target value', value: String(tracking.TargetValue), type: 'number' }]}
                    action={({ value }) => ({
                      service: 'application-autoscaling',
                      operation: 'PutScalingPolicy',
                      input: {
                        ...about,
                        ScalableDimension: 'ecs:service:DesiredCount',
                        PolicyName,
                        PolicyType,
                        TargetTrackingScalingPolicyConfiguration: { ...tracking, TargetValue: Number(value) },
                      },
                    })}
                    onDone={again}
                  />
                ),
            },
          ]}
          empty="No policies. Terraform's aws_appautoscaling_policy adds one."
        />
      </Card>
      <Card title="Scaling activities">
        <Problem error={activities.error} />
        <Table
          caption="Scaling activities"
          rows={activities.data?.ScalingActivities ?? []}
          keyOf={({ ActivityId }) => ActivityId}
          columns={[
            { title: 'Start time', cell: ({ StartTime }) => seconds(StartTime), by: ({ StartTime }) => StartTime ?? 0 },
            { title: 'Status', cell: ({ StatusCode }) => <Status state={StatusCode} /> },
            { title: 'Description', cell: ({ Description }) => text(Description) },
            { title: 'Cause', cell: ({ Cause }) => text(Cause) },
          ]}
          empty="Nothing was scaled yet."
        />
      </Card>
    </>
  );
}

function breakerText(breaker: Json | undefined): string {
  if (breaker?.['enable'] !== true) return 'Off';
  return breaker['rollback'] === true ? 'On, with rollback' : 'On';
}
