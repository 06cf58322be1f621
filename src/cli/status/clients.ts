import { ApplicationAutoScaling } from '@aws-sdk/client-application-auto-scaling';
import { AutoScaling } from '@aws-sdk/client-auto-scaling';
import { CloudWatch } from '@aws-sdk/client-cloudwatch';
import { CloudWatchLogs } from '@aws-sdk/client-cloudwatch-logs';
import { EC2 } from '@aws-sdk/client-ec2';
import { ECS } from '@aws-sdk/client-ecs';
import { ElasticLoadBalancingV2 } from '@aws-sdk/client-elastic-load-balancing-v2';
import { RDS } from '@aws-sdk/client-rds';
import type { Whereabouts } from '../../aws/index.ts';
import { whereaboutsAt } from './whereabouts.ts';

/** Clients of a region's services, and what only the region itself knows. */
export interface RegionClients {
  readonly ec2: EC2;
  readonly elb: ElasticLoadBalancingV2;
  readonly scaling: AutoScaling;
  readonly applicationScaling: ApplicationAutoScaling;
  readonly cloudwatch: CloudWatch;
  readonly ecs: ECS;
  readonly rds: RDS;
  readonly logs: CloudWatchLogs;
  readonly whereabouts: () => Promise<Whereabouts>;
  close(): void;
}

export interface Target {
  /** `http://127.0.0.1:4566` */
  readonly endpoint: string;
  readonly region: string;
}

/** Any key pair will do unless the region asks for its own; then the environment must have it, as for other clients. */
export function connect({ endpoint, region }: Target, env: NodeJS.ProcessEnv = process.env): RegionClients {
  const credentials = { accessKeyId: env['AWS_ACCESS_KEY_ID'] || 'plimsoll', secretAccessKey: env['AWS_SECRET_ACCESS_KEY'] || 'plimsoll' };
  const config = { endpoint, region, credentials, maxAttempts: 2 };
  const clients = {
    ec2: new EC2(config),
    elb: new ElasticLoadBalancingV2(config),
    scaling: new AutoScaling(config),
    applicationScaling: new ApplicationAutoScaling(config),
    cloudwatch: new CloudWatch(config),
    ecs: new ECS(config),
    rds: new RDS(config),
    logs: new CloudWatchLogs(config),
  };
  return {
    ...clients,
    whereabouts: () => whereaboutsAt(endpoint),
    close: () => {
      for (const client of Object.values(clients)) client.destroy();
    },
  };
}

/** All that the pages of a list hold. */
export async function all<Page, Item>(pages: AsyncIterable<Page>, items: (page: Page) => readonly Item[] | undefined): Promise<Item[]> {
  const found: Item[] = [];
  for await (const page of pages) found.push(...(items(page) ?? []));
  return found;
}
