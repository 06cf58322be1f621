import type { ApplicationAutoScaling } from '@aws-sdk/client-application-auto-scaling';
import type { AutoScaling } from '@aws-sdk/client-auto-scaling';
import type { CloudWatch } from '@aws-sdk/client-cloudwatch';
import type { CloudWatchLogs } from '@aws-sdk/client-cloudwatch-logs';
import type { EC2 } from '@aws-sdk/client-ec2';
import type { ECS } from '@aws-sdk/client-ecs';
import type { ElasticLoadBalancingV2 } from '@aws-sdk/client-elastic-load-balancing-v2';
import type { IAM } from '@aws-sdk/client-iam';
import type { RDS } from '@aws-sdk/client-rds';
import type { SSM } from '@aws-sdk/client-ssm';
import type { STS } from '@aws-sdk/client-sts';
import { PlimsollError, systemClock } from '../../base/index.ts';
import { terraformErrors } from '../errors.ts';
import type { Value } from '../language/index.ts';
import type { Arguments } from './arguments.ts';
import type { Attributes, Schema } from './schema.ts';

/** AWS's clients for one region, each loaded when it is first asked for: their code is large. */
export interface Clients {
  readonly region: string;
  readonly signal: AbortSignal;
  ec2(): Promise<EC2>;
  autoscaling(): Promise<AutoScaling>;
  elb(): Promise<ElasticLoadBalancingV2>;
  rds(): Promise<RDS>;
  ecs(): Promise<ECS>;
  scaling(): Promise<ApplicationAutoScaling>;
  cloudwatch(): Promise<CloudWatch>;
  logs(): Promise<CloudWatchLogs>;
  iam(): Promise<IAM>;
  ssm(): Promise<SSM>;
  sts(): Promise<STS>;
}

/**
 * A type of resource: its arguments, and the AWS calls that make, read, change and delete one.
 * What `read` leaves out keeps the value that it had: AWS does not tell passwords, and knows nothing of `skip_final_snapshot`.
 */
export interface ResourceType {
  readonly schema: Schema;
  /**
   * Says more of a plan than the schema can: may replace values of `planned` by others or by `unknown`. `before` is undefined
   * of an object to be made; what `config` does not say is null.
   */
  customize?(planned: Record<string, Value>, before: Attributes | undefined, config: Attributes): void;
  /** Makes it and gives its id at once, so that what follows can fail without losing it. */
  create(aws: Clients, planned: Arguments): Promise<string>;
  /** Waits until it can be used. */
  settle?(aws: Clients, id: string, planned: Arguments): Promise<void>;
  /** What it is now; undefined when it is gone. */
  read(aws: Clients, id: string, known: Arguments): Promise<Attributes | undefined>;
  /** `changed` names the top-level arguments that differ. */
  update?(aws: Clients, id: string, planned: Arguments, changed: ReadonlySet<string>, before: Arguments): Promise<void>;
  /** Deletes it and waits until it is gone; no error when it is gone already. */
  delete(aws: Clients, id: string, known: Arguments): Promise<void>;
}

export interface DataSource {
  readonly schema: Schema;
  read(aws: Clients, given: Arguments): Promise<Attributes>;
}

/** The endpoint may be another machine's: no caller waits for good. */
const waitLimitMs = 20 * 60_000;

/** Asks again until `look` gives something other than undefined. */
export async function waitUntil<Found>(what: string, signal: AbortSignal, look: () => Promise<Found | undefined>): Promise<Found> {
  const endMs = systemClock.nowMs() + waitLimitMs;
  for (let pauseMs = 25; ; pauseMs = Math.min(pauseMs * 1.5, 1000)) {
    const found = await look();
    if (found !== undefined) return found;
    if (systemClock.nowMs() > endMs)
      throw new PlimsollError(terraformErrors.PL_TERRAFORM_APPLY, { what: `waiting for ${what}: not within ${waitLimitMs / 60_000} min` });
    await systemClock.sleep(pauseMs, signal);
  }
}

/** What `call` gives; undefined when it fails with one of AWS's codes for a thing that is not there. */
export async function unlessGone<Found>(call: Promise<Found>, ...codes: readonly string[]): Promise<Found | undefined> {
  try {
    return await call;
  } catch (error) {
    if (codes.includes(codeOf(error))) return undefined;
    throw error;
  }
}

/** Tries again while AWS says that something still uses it. */
export async function whileInUse(what: string, signal: AbortSignal, call: () => Promise<unknown>, ...codes: string[]): Promise<void> {
  await waitUntil(what, signal, async () => {
    try {
      await call();
      return true;
    } catch (error) {
      if (codes.includes(codeOf(error))) return undefined;
      throw error;
    }
  });
}

/** AWS's code of an error of its clients: `InvalidGroup.NotFound`. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  const code = (error as { Code?: unknown }).Code;
  return typeof code === 'string' ? code : error.name;
}

/** Tags as most services take them. */
export function tagList(values: Arguments): { Key: string; Value: string }[] {
  return Object.entries(values.map('tags_all')).map(([Key, Value]) => ({ Key, Value }));
}

export function tagMap(tags: readonly { Key?: string | undefined; Value?: string | undefined }[] = []): Record<string, string> {
  return Object.fromEntries(tags.filter(({ Key }) => Key?.startsWith('aws:') !== true).map(({ Key = '', Value = '' }) => [Key, Value]));
}

/** Which tags to set and which to take away, to come from `before` to `after`. */
export function tagChanges(before: Arguments, after: Arguments): { set: { Key: string; Value: string }[]; removed: string[] } {
  const [old, now] = [before.map('tags_all'), after.map('tags_all')];
  const set = Object.entries(now).filter(([key, value]) => old[key] !== value);
  return { set: set.map(([Key, Value]) => ({ Key, Value })), removed: Object.keys(old).filter((key) => !(key in now)) };
}
