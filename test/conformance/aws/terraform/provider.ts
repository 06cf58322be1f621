/**
 * The calls that Terraform's AWS provider (5.x, 6.x) makes for a resource: what it looks up first, what it creates, the
 * waiters it polls, how it reads back, and what it does at destroy. Each function creates one and gives what
 * `terraform refresh` and `terraform destroy` would do with it.
 */
import assert from 'node:assert/strict';
import { ApplicationAutoScaling } from '@aws-sdk/client-application-auto-scaling';
import { AutoScaling } from '@aws-sdk/client-auto-scaling';
import { CloudWatch } from '@aws-sdk/client-cloudwatch';
import { EC2 } from '@aws-sdk/client-ec2';
import { ECS } from '@aws-sdk/client-ecs';
import { ElasticLoadBalancingV2 } from '@aws-sdk/client-elastic-load-balancing-v2';
import { IAM } from '@aws-sdk/client-iam';
import { RDS } from '@aws-sdk/client-rds';
import { STS } from '@aws-sdk/client-sts';
import type { Client } from '../support.ts';

export interface Provider {
  readonly ec2: EC2;
  readonly elb: ElasticLoadBalancingV2;
  readonly scaling: AutoScaling;
  readonly applicationScaling: ApplicationAutoScaling;
  readonly cloudwatch: CloudWatch;
  readonly ecs: ECS;
  readonly rds: RDS;
  readonly iam: IAM;
  readonly sts: STS;
}

/** A resource under management. */
export interface Managed {
  readonly name: string;
  readonly id: string;
  /** All that a refresh asks for; two in a row without an update between them are equal, or Terraform would see drift. */
  read(): Promise<unknown>;
  destroy(): Promise<void>;
}

export function provider(config: Client): Provider {
  return {
    ec2: new EC2(config),
    elb: new ElasticLoadBalancingV2(config),
    scaling: new AutoScaling(config),
    applicationScaling: new ApplicationAutoScaling(config),
    cloudwatch: new CloudWatch(config),
    ecs: new ECS(config),
    rds: new RDS(config),
    iam: new IAM(config),
    sts: new STS(config),
  };
}

/** Polls as the provider's waiters do; `look` says what it saw. The control plane alone reaches every state at once. */
export async function until<T>(what: string, wanted: T, look: () => Promise<T>): Promise<void> {
  let seen: T | undefined;
  for (let tries = 0; tries < 20; tries++) if ((seen = await look()) === wanted) return;
  assert.fail(`${what}: ${String(seen)}, not ${String(wanted)}`);
}

/** The code of the error that a call ends with; `found` where it does not fail. */
export async function codeOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => 'found',
    (error: Error) => error.name,
  );
}

/** An answer without what differs from call to call. */
export function stable<T extends object>(answer: T): Omit<T, '$metadata'> {
  const { $metadata: _, ...rest } = answer as T & { $metadata?: unknown };
  return rest;
}

/** What the provider and the stacks' data sources ask for before anything else. */
export async function dataSources({ sts, ec2, iam }: Provider): Promise<{ vpcId: string; subnetIds: string[]; roleArn: string }> {
  assert.equal((await sts.getCallerIdentity({})).Account, '123456789012');
  const role = await iam.getRole({ RoleName: 'LabRole' });
  const { Vpcs = [] } = await ec2.describeVpcs({ Filters: [{ Name: 'isDefault', Values: ['true'] }] });
  const vpcId = Vpcs[0]!.VpcId!;
  for (const Attribute of ['enableDnsSupport', 'enableDnsHostnames', 'enableNetworkAddressUsageMetrics'] as const)
    assert.equal((await ec2.describeVpcAttribute({ VpcId: vpcId, Attribute })).VpcId, vpcId);
  const main = [
    { Name: 'association.main', Values: ['true'] },
    { Name: 'vpc-id', Values: [vpcId] },
  ];
  assert.equal((await ec2.describeRouteTables({ Filters: main })).RouteTables?.length, 1);
  const { Subnets = [] } = await ec2.describeSubnets({ Filters: [{ Name: 'vpc-id', Values: [vpcId] }] });
  return { vpcId, subnetIds: Subnets.map(({ SubnetId }) => SubnetId!), roleArn: role.Role!.Arn! };
}
