import type { JSX } from 'preact';
import type { Json } from '../command.ts';
import type { CapacityPicture, Picture, UnitPicture } from '../contract.ts';
import { percent, seconds, text } from '../format.ts';
import { pathOf } from '../router.ts';
import { Do, Problem, useAllAws, useAws } from '../widgets/aws.tsx';
import { Card, Details, Link, Page, Tabs } from '../widgets/page.tsx';
import { Status } from '../widgets/status.tsx';
import { Table } from '../widgets/table.tsx';
import { alarmLinks } from './alarmLinks.tsx';
import { MetricCharts } from './metricCharts.tsx';
import { Missing } from './missing.tsx';
import { actionOf, type Adjustments } from './policyWords.ts';

const above = { title: 'Auto Scaling groups', to: '/auto-scaling-groups' };

export function Groups({ picture, rest }: { readonly picture: Picture | undefined; readonly rest: readonly string[] }): JSX.Element {
  const [name] = rest;
  const groups = picture?.capacities.filter(({ kind }) => kind === 'group') ?? [];
  if (name !== undefined) {
    const group = groups.find((one) => one.name === name);
    return group === undefined ? (
      <Missing what="Auto Scaling group" name={name} above={above} loaded={picture !== undefined} />
    ) : (
      <Group group={group} />
    );
  }
  return (
    <Page title="Auto Scaling groups">
      <Card>
        <Table
          caption="Auto Scaling groups"
          rows={groups}
          keyOf={({ id }) => id}
          columns={[
            { title: 'Name', cell: (one) => <Link to={pathOf('auto-scaling-groups', one.name)}>{one.name}</Link>, by: (one) => one.name },
            { title: 'Instances', cell: ({ units }) => units.length, by: ({ units }) => units.length, numeric: true },
            { title: 'In service', cell: ({ running }) => running, by: ({ running }) => running, numeric: true },
            { title: 'Desired capacity', cell: ({ desired }) => desired, by: ({ desired }) => desired, numeric: true },
            { title: 'Min', cell: ({ min }) => text(min), numeric: true },
            { title: 'Max', cell: ({ max }) => text(max), numeric: true },
          ]}
          empty="No Auto Scaling groups. Terraform's aws_autoscaling_group makes one."
        />
      </Card>
    </Page>
  );
}

function Group({ group }: { readonly group: CapacityPicture }): JSX.Element {
  const { name } = group;
  const { data, error } = useAws<{ AutoScalingGroups?: Json[] }>('autoscaling', 'DescribeAutoScalingGroups', {
    AutoScalingGroupNames: [name],
  });
  const described = data?.AutoScalingGroups?.[0] ?? {};
  return (
    <Page
      title={name}
      above={above}
      actions={
        <Do
          label="Set desired capacity"
          what="Instances are launched or terminated until there are as many; a scaling policy may change it again."
          fields={[
            { name: 'desired', label: `Desired capacity (${group.min} to ${group.max})`, value: String(group.desired), type: 'number' },
          ]}
          action={({ desired = '' }) => ({
            service: 'autoscaling',
            operation: 'SetDesiredCapacity',
            input: { AutoScalingGroupName: name, DesiredCapacity: Number(desired) },
          })}
        />
      }
    >
      <Problem error={error} />
      <Tabs
        tabs={[
          { name: 'Details', content: () => <GroupDetails group={group} described={described} /> },
          { name: 'Activity', content: () => <Activity name={name} /> },
          { name: 'Automatic scaling', content: () => <Policies name={name} /> },
          { name: 'Instance management', content: () => <Members group={group} /> },
          {
            name: 'Monitoring',
            content: () => <Monitoring name={name} collected={((described['EnabledMetrics'] as Json[] | undefined) ?? []).length > 0} />,
          },
          { name: 'Instance refresh', content: () => <Refreshes name={name} /> },
        ]}
      />
    </Page>
  );
}

const groupMetrics = [
  ['GroupDesiredCapacity', 'Average'],
  ['GroupInServiceInstances', 'Average'],
  ['GroupPendingInstances', 'Average'],
  ['GroupTerminatingInstances', 'Average'],
] as const;

/** Metrics of the group itself are collected only when they are asked for, as on AWS. */
function Monitoring({ name, collected }: { readonly name: string; readonly collected: boolean }): JSX.Element {
  return (
    <>
      <MetricCharts
        namespace="AWS/AutoScaling"
        dimensions={{ AutoScalingGroupName: name }}
        metrics={[['CPUUtilization', 'Average', 'AWS/EC2'], ...(collected ? groupMetrics : [])]}
      />
      {collected ? undefined : (
        <p class="empty">
          Metrics of the group itself are not collected.{' '}
          <Do
            label="Collect group metrics"
            what="From now on the group’s capacity and its instances by state are counted every minute."
            action={() => ({
              service: 'autoscaling',
              operation: 'EnableMetricsCollection',
              input: { AutoScalingGroupName: name, Granularity: '1Minute' },
            })}
          />
        </p>
      )}
    </>
  );
}

function GroupDetails({ group, described }: { readonly group: CapacityPicture; readonly described: Json }): JSX.Element {
  const template = described['LaunchTemplate'] as Json | undefined;
  return (
    <Card title="Group details">
      <Details
        items={[
          ['Desired capacity', group.desired],
          ['Minimum capacity', group.min],
          ['Maximum capacity', group.max],
          [
            'Launch template',
            template === undefined
              ? text(described['LaunchConfigurationName'])
              : `${text(template['LaunchTemplateName'])} ${text(template['Version'])}`,
          ],
          ['Availability Zones', ((described['AvailabilityZones'] as string[] | undefined) ?? []).join(', ')],
          ['Health check type', text(described['HealthCheckType'])],
          ['Health check grace period', `${text(described['HealthCheckGracePeriod'])} s`],
          ['Default cooldown', `${text(described['DefaultCooldown'])} s`],
          ['Termination policies', ((described['TerminationPolicies'] as string[] | undefined) ?? []).join(', ')],
          [
            'Suspended processes',
            ((described['SuspendedProcesses'] as { ProcessName: string }[] | undefined) ?? [])
              .map(({ ProcessName }) => ProcessName)
              .join(', ') || '–',
          ],
          ['Date created', seconds(described['CreatedTime'])],
          ['ARN', text(described['AutoScalingGroupARN'])],
        ]}
      />
    </Card>
  );
}

interface ActivityRow {
  readonly ActivityId: string;
  readonly StatusCode: string;
  readonly Description?: string;
  readonly Cause?: string;
  readonly StartTime?: number;
  readonly EndTime?: number;
}

function Activity({ name }: { readonly name: string }): JSX.Element {
  const { data, error } = useAllAws<{ Activities?: ActivityRow[] }>(
    'autoscaling',
    'DescribeScalingActivities',
    { AutoScalingGroupName: name, MaxRecords: 100 },
    ['Activities'],
  );
  return (
    <Card title="Activity history">
      <Problem error={error} />
      <Table
        caption="Activity history"
        rows={data?.Activities ?? []}
        keyOf={({ ActivityId }) => ActivityId}
        columns={[
          { title: 'Status', cell: ({ StatusCode }) => <Status state={StatusCode} />, by: ({ StatusCode }) => StatusCode },
          { title: 'Description', cell: ({ Description }) => text(Description) },
          { title: 'Cause', cell: ({ Cause }) => text(Cause) },
          { title: 'Start time', cell: ({ StartTime }) => seconds(StartTime), by: ({ StartTime }) => StartTime ?? 0 },
          { title: 'End time', cell: ({ EndTime }) => seconds(EndTime), by: ({ EndTime }) => EndTime ?? 0 },
        ]}
        empty="Nothing has happened to this group yet."
      />
    </Card>
  );
}

interface Policy extends Json, Adjustments {
  readonly PolicyName: string;
  readonly PolicyType: string;
  readonly Enabled?: boolean;
  readonly TargetTrackingConfiguration?: Json & { readonly TargetValue: number };
  readonly Alarms?: readonly { readonly AlarmName: string }[];
}

function Policies({ name }: { readonly name: string }): JSX.Element {
  const { data, error, again } = useAws<{ ScalingPolicies?: Policy[] }>('autoscaling', 'DescribePolicies', { AutoScalingGroupName: name });
  return (
    <Card title="Dynamic scaling policies">
      <Problem error={error} />
      <Table
        caption="Dynamic scaling policies"
        rows={data?.ScalingPolicies ?? []}
        keyOf={({ PolicyName }) => PolicyName}
        columns={[
          { title: 'Policy', cell: ({ PolicyName }) => PolicyName },
          { title: 'Policy type', cell: ({ PolicyType }) => PolicyType },
          { title: 'Enabled', cell: ({ Enabled }) => (Enabled === false ? 'No' : 'Yes') },
          { title: 'Take the action', cell: whenOf },
          { title: 'Alarms', cell: alarmLinks },
          {
            title: 'Do',
            cell: ({ PolicyName, PolicyType, TargetTrackingConfiguration }) =>
              TargetTrackingConfiguration === undefined ? undefined : (
                <Do
                  label="Change target"
                  what="The group is scaled towards the new value from now on."
                  fields={[
                    { name: 'value', label: 'Target value', value: String(TargetTrackingConfiguration.TargetValue), type: 'number' },
                  ]}
                  action={({ value }) => ({
                    service: 'autoscaling',
                    operation: 'PutScalingPolicy',
                    input: {
                      AutoScalingGroupName: name,
                      PolicyName,
                      PolicyType,
                      TargetTrackingConfiguration: { ...TargetTrackingConfiguration, TargetValue: Number(value) },
                    },
                  })}
                  onDone={again}
                />
              ),
          },
        ]}
        empty="No policies: aws autoscaling put-scaling-policy adds one."
      />
    </Card>
  );
}

function whenOf({ TargetTrackingConfiguration, ...adjustments }: Policy): string {
  if (TargetTrackingConfiguration !== undefined) {
    const predefined = TargetTrackingConfiguration['PredefinedMetricSpecification'] as Json | undefined;
    return `As required to maintain ${text(predefined?.['PredefinedMetricType'] ?? 'the metric')} at ${TargetTrackingConfiguration.TargetValue}`;
  }
  return actionOf(adjustments);
}

function Members({ group }: { readonly group: CapacityPicture }): JSX.Element {
  return (
    <Card title="Instances">
      <Table<UnitPicture>
        caption="Instances"
        rows={group.units}
        keyOf={({ id }) => id}
        columns={[
          { title: 'Instance ID', cell: ({ id }) => <Link to={pathOf('instances', id)}>{id}</Link>, by: ({ id }) => id },
          { title: 'Lifecycle', cell: ({ state }) => <Status state={state} />, by: ({ state }) => state },
          { title: 'Health status', cell: ({ health }) => <Status state={health} />, by: ({ health }) => health },
          { title: 'CPU', cell: ({ cpuPercent }) => percent(cpuPercent), by: ({ cpuPercent }) => cpuPercent ?? 0, numeric: true },
          {
            title: 'Memory',
            cell: ({ memoryPercent }) => percent(memoryPercent),
            by: ({ memoryPercent }) => memoryPercent ?? 0,
            numeric: true,
          },
          {
            title: 'Do',
            cell: ({ id }) => (
              <div class="buttons">
                <Do
                  label="Mark unhealthy"
                  danger
                  what={`The group replaces ${id}, as it would after a failed health check.`}
                  action={() => ({
                    service: 'autoscaling',
                    operation: 'SetInstanceHealth',
                    input: { InstanceId: id, HealthStatus: 'Unhealthy', ShouldRespectGracePeriod: false },
                  })}
                />
                <Do
                  label="Terminate"
                  danger
                  what={`${id} ends at once; the group launches another.`}
                  action={() => ({ service: 'ec2', operation: 'TerminateInstances', input: { InstanceIds: [id] } })}
                />
              </div>
            ),
          },
        ]}
        empty="No instances: the desired capacity is 0, or the first is on its way."
      />
    </Card>
  );
}

interface Refresh {
  readonly InstanceRefreshId: string;
  readonly Status: string;
  readonly PercentageComplete?: number;
  readonly StartTime?: number;
  readonly EndTime?: number;
  readonly StatusReason?: string;
}

function Refreshes({ name }: { readonly name: string }): JSX.Element {
  const { data, error, again } = useAws<{ InstanceRefreshes?: Refresh[] }>('autoscaling', 'DescribeInstanceRefreshes', {
    AutoScalingGroupName: name,
  });
  return (
    <Card
      title="Instance refresh history"
      actions={
        <Do
          label="Start instance refresh"
          what="All instances are replaced, a few at a time, without going below the healthy part."
          fields={[{ name: 'healthy', label: 'Minimum healthy percentage', value: '90', type: 'number' }]}
          action={({ healthy }) => ({
            service: 'autoscaling',
            operation: 'StartInstanceRefresh',
            input: { AutoScalingGroupName: name, Preferences: { MinHealthyPercentage: Number(healthy) } },
          })}
          onDone={again}
        />
      }
    >
      <Problem error={error} />
      <Table
        caption="Instance refresh history"
        rows={data?.InstanceRefreshes ?? []}
        keyOf={({ InstanceRefreshId }) => InstanceRefreshId}
        columns={[
          { title: 'Instance refresh ID', cell: ({ InstanceRefreshId }) => InstanceRefreshId },
          { title: 'Status', cell: ({ Status: state }) => <Status state={state} /> },
          { title: 'Progress', cell: ({ PercentageComplete }) => percent(PercentageComplete ?? 0), numeric: true },
          { title: 'Start time', cell: ({ StartTime }) => seconds(StartTime) },
          { title: 'End time', cell: ({ EndTime }) => seconds(EndTime) },
          { title: 'Status reason', cell: ({ StatusReason }) => text(StatusReason) },
        ]}
        empty="No instance refresh was started."
      />
    </Card>
  );
}
