import type { Place } from '../state/place.ts';
import type { ServiceName } from '../server/services.ts';
import { applicationAutoscaling } from './application-autoscaling/index.ts';
import { autoscaling } from './autoscaling/index.ts';
import { cloudwatch } from './cloudwatch/index.ts';
import { createDefaultVpc } from './ec2/vpcs.ts';
import { ec2 } from './ec2/index.ts';
import { seedLabKeyPair } from './ec2/keyPairs.ts';
import { ecs } from './ecs/index.ts';
import { elbv2 } from './elbv2/index.ts';
import { iam, seedLabRole } from './iam/index.ts';
import type { OperationTable } from './operation.ts';
import { logs } from './logs/index.ts';
import { rds } from './rds/index.ts';
import { ssm } from './ssm/index.ts';
import { sts } from './sts/index.ts';

/** Every operation that the endpoint answers, by service. */
export const operations = {
  'application-autoscaling': applicationAutoscaling as OperationTable,
  autoscaling: autoscaling as OperationTable,
  cloudwatch: cloudwatch as OperationTable,
  ec2: ec2 as OperationTable,
  ecs: ecs as OperationTable,
  elbv2: elbv2 as OperationTable,
  iam: iam as OperationTable,
  logs: logs as OperationTable,
  rds: rds as OperationTable,
  ssm: ssm as OperationTable,
  sts: sts as OperationTable,
} satisfies Record<ServiceName, OperationTable>;

/** The same with the types of each operation. */
export interface ServiceOperations {
  'application-autoscaling': typeof applicationAutoscaling;
  autoscaling: typeof autoscaling;
  cloudwatch: typeof cloudwatch;
  ec2: typeof ec2;
  ecs: typeof ecs;
  elbv2: typeof elbv2;
  iam: typeof iam;
  logs: typeof logs;
  rds: typeof rds;
  ssm: typeof ssm;
  sts: typeof sts;
}

/** What stands in an account and region before anybody asked for anything. */
export function seed(at: Place): void {
  if (at.isGlobal) {
    if (at.account !== '000000000000') seedLabRole(at);
  } else {
    createDefaultVpc(at);
    if (at.strict) seedLabKeyPair(at);
  }
}

/** `[service, operation]`, sorted: the table in docs/aws-operations.md. */
export function supportedOperations(): [ServiceName, string][] {
  return Object.entries(operations).flatMap(([service, table]) =>
    Object.keys(table)
      .toSorted()
      .map((name): [ServiceName, string] => [service as ServiceName, name]),
  );
}
