import { paginateDescribeScalableTargets, paginateDescribeScalingActivities } from '@aws-sdk/client-application-auto-scaling';
import { paginateDescribeAutoScalingGroups } from '@aws-sdk/client-auto-scaling';
import { paginateDescribeAlarms } from '@aws-sdk/client-cloudwatch';
import { paginateDescribeInstances, type Instance } from '@aws-sdk/client-ec2';
import { paginateListClusters, paginateListServices } from '@aws-sdk/client-ecs';
import {
  paginateDescribeListeners,
  paginateDescribeLoadBalancers,
  paginateDescribeTargetGroups,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { paginateDescribeDBInstances } from '@aws-sdk/client-rds';
import { all, type RegionClients } from './clients.ts';

/** What `plimsoll status --json` prints. A `url` works from this computer as it stands; it is missing where nothing listens. */
export interface Status {
  readonly loadBalancers: readonly {
    readonly name: string;
    readonly arn: string;
    readonly dnsName: string;
    readonly state: string;
    readonly listeners: readonly { readonly port: number; readonly protocol: string; readonly url?: string }[];
  }[];
  readonly targetGroups: readonly {
    readonly name: string;
    readonly arn: string;
    readonly protocol: string;
    readonly port?: number;
    readonly targets: readonly { readonly id: string; readonly port?: number; readonly state: string; readonly reason?: string }[];
  }[];
  readonly instances: readonly {
    readonly id: string;
    readonly name: string;
    readonly state: string;
    readonly privateIp: string;
    readonly urls: readonly string[];
  }[];
  readonly groups: readonly Scaled[];
  readonly services: readonly (Scaled & { readonly cluster: string; readonly pending: number })[];
  readonly databases: readonly {
    readonly id: string;
    readonly engine: string;
    readonly state: string;
    readonly address?: string;
    readonly port?: number;
  }[];
  readonly alarms: readonly { readonly name: string; readonly state: string; readonly reason: string }[];
  /** Newest first, `activitiesMax` at most. */
  readonly activities: readonly { readonly at: string; readonly of: string; readonly description: string; readonly status: string }[];
}

/** A service that nothing scales has no `min` and `max`. */
interface Scaled {
  readonly name: string;
  readonly desired: number;
  readonly min?: number;
  readonly max?: number;
  readonly running: number;
}

const activitiesMax = 10;
/** DescribeServices takes ten at most. */
const servicesMax = 10;

/** Asks the region for everything, as any client would. */
export async function collect(clients: RegionClients): Promise<Status> {
  // First: a region that does not answer is told before any service is asked.
  await clients.whereabouts();
  const [loadBalancers, targetGroups, instances, groups, services, databases, alarms, activities] = await Promise.all([
    loadBalancersOf(clients),
    targetGroupsOf(clients),
    instancesOf(clients),
    groupsOf(clients),
    servicesOf(clients),
    databasesOf(clients),
    alarmsOf(clients),
    activitiesOf(clients),
  ]);
  return { loadBalancers, targetGroups, instances, groups, services, databases, alarms, activities };
}

async function loadBalancersOf({ elb: client, whereabouts }: RegionClients): Promise<Status['loadBalancers']> {
  const balancers = await all(paginateDescribeLoadBalancers({ client }, {}), (page) => page.LoadBalancers);
  return Promise.all(
    balancers.map(async ({ LoadBalancerArn: arn = '', LoadBalancerName: name = '', DNSName: dnsName = '', State }) => {
      const found = await all(paginateDescribeListeners({ client }, { LoadBalancerArn: arn }), (page) => page.Listeners);
      // Asked after the listing: what is listed as there then has its place.
      const where = await whereabouts();
      const listeners = found.map(({ ListenerArn = '', Port: port = 0, Protocol: protocol = 'HTTP' }) => {
        const bound = where.listeners[ListenerArn];
        return { port, protocol, ...(bound === undefined ? {} : { url: urlOf(protocol, bound.host, bound.port) }) };
      });
      return { name, arn, dnsName, state: State?.Code ?? '', listeners };
    }),
  );
}

const schemes: Readonly<Record<string, string>> = { HTTP: 'http', HTTPS: 'https' };
const usualPorts: Readonly<Record<string, number>> = { http: 80, https: 443 };

/** Only what curl would try by itself is left out. */
export function urlOf(protocol: string, host: string, port: number): string {
  const scheme = schemes[protocol] ?? 'tcp';
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}${usualPorts[scheme] === port ? '' : `:${port}`}`;
}

async function targetGroupsOf({ elb: client }: RegionClients): Promise<Status['targetGroups']> {
  const groups = await all(paginateDescribeTargetGroups({ client }, {}), (page) => page.TargetGroups);
  return Promise.all(
    groups.map(async ({ TargetGroupArn: arn = '', TargetGroupName: name = '', Protocol: protocol = '', Port }) => {
      const { TargetHealthDescriptions = [] } = await client.describeTargetHealth({ TargetGroupArn: arn });
      const targets = TargetHealthDescriptions.map(({ Target, TargetHealth }) => ({
        id: Target?.Id ?? '',
        ...(Target?.Port === undefined ? {} : { port: Target.Port }),
        state: TargetHealth?.State ?? '',
        ...(TargetHealth?.Reason === undefined ? {} : { reason: TargetHealth.Reason }),
      }));
      return { name, arn, protocol, ...(Port === undefined ? {} : { port: Port }), targets };
    }),
  );
}

async function instancesOf({ ec2: client, whereabouts }: RegionClients): Promise<Status['instances']> {
  const pages = paginateDescribeInstances({ client }, {});
  const found = await all(pages, (page) => page.Reservations?.flatMap(({ Instances = [] }) => Instances));
  const where = await whereabouts();
  return found
    .filter(({ State }) => State?.Name !== 'terminated')
    .map((one) => {
      const { InstanceId: id = '', State, PrivateIpAddress: privateIp = '' } = one;
      const { host, ports = [] } = where.instances[id] ?? {};
      const urls = host === undefined ? [] : ports.map((port) => urlOf('HTTP', host, port));
      return { id, name: nameOf(one), state: State?.Name ?? '', privateIp, urls };
    });
}

const nameOf = ({ Tags = [] }: Instance): string => Tags.find(({ Key }) => Key === 'Name')?.Value ?? '';

async function groupsOf({ scaling: client }: RegionClients): Promise<Status['groups']> {
  const groups = await all(paginateDescribeAutoScalingGroups({ client }, {}), (page) => page.AutoScalingGroups);
  return groups.map(({ AutoScalingGroupName: name = '', DesiredCapacity = 0, MinSize = 0, MaxSize = 0, Instances = [] }) => {
    const running = Instances.filter(({ LifecycleState }) => LifecycleState === 'InService').length;
    return { name, desired: DesiredCapacity, min: MinSize, max: MaxSize, running };
  });
}

async function servicesOf({ ecs: client, applicationScaling }: RegionClients): Promise<Status['services']> {
  const targets = await all(
    paginateDescribeScalableTargets({ client: applicationScaling }, { ServiceNamespace: 'ecs' }),
    (page) => page.ScalableTargets,
  );
  const bounds = new Map(
    targets.map(({ ResourceId, MinCapacity = 0, MaxCapacity = 0 }) => [ResourceId, { min: MinCapacity, max: MaxCapacity }]),
  );
  const clusters = await all(paginateListClusters({ client }, {}), (page) => page.clusterArns);
  const found = await Promise.all(
    clusters.map(async (clusterArn) => {
      const arns = await all(paginateListServices({ client }, { cluster: clusterArn }), (page) => page.serviceArns);
      const cluster = clusterArn.slice(clusterArn.indexOf('/') + 1);
      const batches = Array.from({ length: Math.ceil(arns.length / servicesMax) }, (_, at) =>
        arns.slice(at * servicesMax, (at + 1) * servicesMax),
      );
      const pages = await Promise.all(batches.map((services) => client.describeServices({ cluster: clusterArn, services })));
      return pages
        .flatMap(({ services = [] }) => services)
        .map(({ serviceName: name = '', desiredCount: desired = 0, runningCount: running = 0, pendingCount: pending = 0 }) => ({
          name,
          cluster,
          desired,
          ...bounds.get(`service/${cluster}/${name}`),
          running,
          pending,
        }));
    }),
  );
  return found.flat();
}

async function databasesOf({ rds: client }: RegionClients): Promise<Status['databases']> {
  const found = await all(paginateDescribeDBInstances({ client }, {}), (page) => page.DBInstances);
  return found.map(({ DBInstanceIdentifier: id = '', Engine: engine = '', DBInstanceStatus: state = '', Endpoint }) => ({
    id,
    engine,
    state,
    ...(Endpoint?.Address === undefined ? {} : { address: Endpoint.Address }),
    ...(Endpoint?.Port === undefined ? {} : { port: Endpoint.Port }),
  }));
}

async function alarmsOf({ cloudwatch: client }: RegionClients): Promise<Status['alarms']> {
  const found = await all(paginateDescribeAlarms({ client }, { AlarmTypes: ['MetricAlarm', 'CompositeAlarm'] }), (page) => [
    ...(page.MetricAlarms ?? []),
    ...(page.CompositeAlarms ?? []),
  ]);
  return found.map(({ AlarmName = '', StateValue = '', StateReason = '' }) => ({
    name: AlarmName,
    state: StateValue,
    reason: StateReason,
  }));
}

/** The first page of each is the newest. */
async function activitiesOf({ scaling, applicationScaling }: RegionClients): Promise<Status['activities']> {
  const { Activities = [] } = await scaling.describeScalingActivities({ MaxRecords: activitiesMax });
  const pages = paginateDescribeScalingActivities({ client: applicationScaling, pageSize: activitiesMax }, { ServiceNamespace: 'ecs' });
  const { ScalingActivities = [] } = (await pages.next()).value ?? {};
  const found = [
    ...Activities.map((one) => ({ ...one, of: one.AutoScalingGroupName })),
    ...ScalingActivities.map((one) => ({ ...one, of: one.ResourceId })),
  ];
  return found
    .toSorted((a, b) => (b.StartTime?.getTime() ?? 0) - (a.StartTime?.getTime() ?? 0))
    .slice(0, activitiesMax)
    .map(({ StartTime, of = '', Description = '', StatusCode = '' }) => ({
      at: StartTime?.toISOString() ?? '',
      of,
      description: Description,
      status: StatusCode,
    }));
}
