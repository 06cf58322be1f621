import type { JSX } from 'preact';
import type { Json } from '../command.ts';
import type { Picture } from '../contract.ts';
import { seconds, text } from '../format.ts';
import { pathOf } from '../router.ts';
import { Do, Problem, useAws } from '../widgets/aws.tsx';
import { Card, Details, Link, Page, Tabs } from '../widgets/page.tsx';
import { Status } from '../widgets/status.tsx';
import { Table } from '../widgets/table.tsx';
import { MetricCharts } from './metricCharts.tsx';
import { Missing } from './missing.tsx';

interface Instance extends Json {
  readonly InstanceId: string;
  readonly InstanceType?: string;
  readonly State?: { readonly Name?: string };
  readonly PrivateIpAddress?: string;
  readonly Placement?: { readonly AvailabilityZone?: string };
  readonly LaunchTime?: number;
  readonly Tags?: readonly { readonly Key: string; readonly Value: string }[];
  readonly SecurityGroups?: readonly { readonly GroupId: string; readonly GroupName: string }[];
}

const nameOf = ({ Tags = [] }: Instance): string => Tags.find(({ Key }) => Key === 'Name')?.Value ?? '–';
const stateOf = ({ State }: Instance): string => State?.Name ?? '';
const above = { title: 'EC2', to: '/instances' };

export function Instances({ rest }: { readonly picture: Picture | undefined; readonly rest: readonly string[] }): JSX.Element {
  const [id] = rest;
  const { data, error } = useAws<{ Reservations?: { Instances?: Instance[] }[] }>('ec2', 'DescribeInstances', {});
  const instances = (data?.Reservations ?? []).flatMap(({ Instances = [] }) => Instances);
  if (id !== undefined) {
    const found = instances.find(({ InstanceId }) => InstanceId === id);
    return found === undefined ? <Missing what="instance" name={id} above={above} loaded={data !== undefined} /> : <One instance={found} />;
  }
  return (
    <Page title="Elastic Compute Cloud">
      <Problem error={error} />
      <Tabs
        tabs={[
          { name: 'Instances', content: () => <List instances={instances} /> },
          { name: 'Launch templates', content: () => <Templates /> },
          { name: 'Security groups', content: () => <SecurityGroups /> },
        ]}
      />
    </Page>
  );
}

function List({ instances }: { readonly instances: readonly Instance[] }): JSX.Element {
  return (
    <Card title="Instances">
      <Table
        caption="Instances"
        rows={instances}
        keyOf={({ InstanceId }) => InstanceId}
        columns={[
          { title: 'Name', cell: nameOf, by: nameOf },
          {
            title: 'Instance ID',
            cell: ({ InstanceId }) => <Link to={pathOf('instances', InstanceId)}>{InstanceId}</Link>,
            by: ({ InstanceId }) => InstanceId,
          },
          { title: 'Instance state', cell: (one) => <Status state={stateOf(one)} />, by: stateOf },
          { title: 'Instance type', cell: ({ InstanceType }) => text(InstanceType), by: ({ InstanceType = '' }) => InstanceType },
          { title: 'Availability Zone', cell: ({ Placement }) => text(Placement?.AvailabilityZone) },
          { title: 'Private IPv4 address', cell: ({ PrivateIpAddress }) => text(PrivateIpAddress) },
          { title: 'Launch time', cell: ({ LaunchTime }) => seconds(LaunchTime), by: ({ LaunchTime }) => LaunchTime ?? 0 },
        ]}
        empty="No instances. Terraform's aws_instance makes one, an Auto Scaling group as many as it is to have."
      />
    </Card>
  );
}

function One({ instance }: { readonly instance: Instance }): JSX.Element {
  const { InstanceId: id } = instance;
  const state = stateOf(instance);
  const change =
    (operation: string): (() => { service: 'ec2'; operation: string; input: Json }) =>
    () => ({
      service: 'ec2',
      operation,
      input: { InstanceIds: [id] },
    });
  return (
    <Page
      title={id}
      above={above}
      actions={
        <>
          {state === 'running' ? (
            <Do label="Reboot" what={`${id} starts anew with its disk.`} action={change('RebootInstances')} />
          ) : undefined}
          {state === 'running' ? (
            <Do label="Stop" danger what={`${id} stops; its targets turn unused.`} action={change('StopInstances')} />
          ) : undefined}
          {state === 'stopped' ? <Do label="Start" what={`${id} starts again.`} action={change('StartInstances')} /> : undefined}
          {state === 'terminated' ? undefined : (
            <Do label="Terminate" danger what={`${id} ends for good; a group launches another.`} action={change('TerminateInstances')} />
          )}
        </>
      }
    >
      <Tabs
        tabs={[
          {
            name: 'Details',
            content: () => (
              <Card title="Instance summary">
                <Details
                  items={[
                    ['Name', nameOf(instance)],
                    ['Instance state', <Status key="state" state={state} />],
                    ['Instance type', text(instance.InstanceType)],
                    ['Private IPv4 address', text(instance.PrivateIpAddress)],
                    ['Availability Zone', text(instance.Placement?.AvailabilityZone)],
                    [
                      'Security groups',
                      (instance.SecurityGroups ?? []).map(({ GroupName, GroupId }) => `${GroupName} (${GroupId})`).join(', '),
                    ],
                    ['AMI ID', text(instance['ImageId'])],
                    ['Launch time', seconds(instance.LaunchTime)],
                    ...(instance.Tags ?? []).map(({ Key, Value }) => [`Tag ${Key}`, Value] as const),
                  ]}
                />
              </Card>
            ),
          },
          { name: 'Console output', content: () => <Console id={id} /> },
          {
            name: 'Monitoring',
            content: () => (
              <MetricCharts
                namespace="AWS/EC2"
                dimensions={{ InstanceId: id }}
                metrics={[
                  ['CPUUtilization', 'Average'],
                  ['NetworkIn', 'Sum'],
                  ['NetworkOut', 'Sum'],
                  ['mem_used_percent', 'Average', 'CWAgent'],
                ]}
              />
            ),
          },
        ]}
      />
    </Page>
  );
}

function Console({ id }: { readonly id: string }): JSX.Element {
  const { data, error } = useAws<{ Output?: string }>('ec2', 'GetConsoleOutput', { InstanceId: id, Latest: true });
  return (
    <Card title="System log">
      <Problem error={error} />
      <pre class="log" tabIndex={0} aria-label="Console output">
        {data?.Output === undefined || data.Output === '' ? 'Nothing was written yet.' : decoded(data.Output)}
      </pre>
    </Card>
  );
}

/** GetConsoleOutput answers in base64. */
function decoded(output: string): string {
  return new TextDecoder().decode(Uint8Array.from(atob(output), (character) => character.charCodeAt(0)));
}

function Templates(): JSX.Element {
  const { data, error } = useAws<{ LaunchTemplates?: Json[] }>('ec2', 'DescribeLaunchTemplates', {});
  return (
    <Card title="Launch templates">
      <Problem error={error} />
      <Table
        caption="Launch templates"
        rows={data?.LaunchTemplates ?? []}
        keyOf={(one) => text(one['LaunchTemplateId'])}
        columns={[
          { title: 'Launch template ID', cell: (one) => text(one['LaunchTemplateId']) },
          { title: 'Launch template name', cell: (one) => text(one['LaunchTemplateName']), by: (one) => text(one['LaunchTemplateName']) },
          { title: 'Default version', cell: (one) => text(one['DefaultVersionNumber']), numeric: true },
          { title: 'Latest version', cell: (one) => text(one['LatestVersionNumber']), numeric: true },
          { title: 'Create time', cell: (one) => seconds(one['CreateTime']) },
        ]}
        empty="No launch templates. Terraform's aws_launch_template makes one."
      />
    </Card>
  );
}

interface Permission {
  readonly IpProtocol?: string;
  readonly FromPort?: number;
  readonly ToPort?: number;
  readonly IpRanges?: readonly { readonly CidrIp: string }[];
  readonly UserIdGroupPairs?: readonly { readonly GroupId: string }[];
}

function SecurityGroups(): JSX.Element {
  const { data, error } = useAws<{ SecurityGroups?: (Json & { IpPermissions?: Permission[] })[] }>('ec2', 'DescribeSecurityGroups', {});
  return (
    <Card title="Security groups">
      <Problem error={error} />
      <Table
        caption="Security groups"
        rows={data?.SecurityGroups ?? []}
        keyOf={(one) => text(one['GroupId'])}
        columns={[
          { title: 'Security group ID', cell: (one) => text(one['GroupId']) },
          { title: 'Security group name', cell: (one) => text(one['GroupName']), by: (one) => text(one['GroupName']) },
          { title: 'Description', cell: (one) => text(one['Description']) },
          { title: 'Inbound rules', cell: ({ IpPermissions = [] }) => IpPermissions.map(ruleText).join('; ') || 'none' },
        ]}
        empty="No security groups."
      />
    </Card>
  );
}

function ruleText({ IpProtocol, FromPort, ToPort, IpRanges = [], UserIdGroupPairs = [] }: Permission): string {
  const ports = FromPort === undefined ? '' : ` ${FromPort === ToPort ? FromPort : `${FromPort}-${ToPort}`}`;
  const from = [...IpRanges.map(({ CidrIp }) => CidrIp), ...UserIdGroupPairs.map(({ GroupId }) => GroupId)].join(', ');
  return `${IpProtocol === '-1' ? 'all' : text(IpProtocol)}${ports} from ${from}`;
}
