import type { DBInstance as SdkDBInstance } from '@aws-sdk/client-rds';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import { table } from '../../state/table.ts';
import { dropTags } from './tags.ts';

export interface DBInstance extends Plain<Omit<SdkDBInstance, 'TagList'>> {
  readonly DBInstanceIdentifier: string;
  readonly DBInstanceArn: string;
  readonly DBInstanceStatus: string;
  readonly Engine: string;
  /** Kept for the server that a running region starts; never answered. */
  readonly masterPassword: string;
  /** The snapshot that its data come from. */
  readonly sourceSnapshot?: string | undefined;
}

export const dbInstances = table<DBInstance>('rds.db-instance', (instance) => instance.DBInstanceIdentifier);

/** A region that really runs things has PostgreSQL alone: any other engine is refused rather than pretended. */
export function requireRunnable(at: Place, engine: string): void {
  if (!at.world.machinery.live || engine === 'postgres') return;
  throw new AwsError('InvalidParameterCombination', `Plimsoll runs DB instances of the engine postgres only, not ${engine}.`);
}

/** The record of an instance that is gone for good. */
export function removeDBInstance(at: Place, identifier: string): void {
  const instance = at.table(dbInstances).get(identifier);
  if (instance === undefined) return;
  at.table(dbInstances).delete(identifier);
  dropTags(at, instance.DBInstanceArn);
}

/** Moves an instance to a state that the machinery behind it leads on from. */
export function pass(at: Place, instance: DBInstance, status: string): DBInstance {
  return at.world.machinery.live ? at.table(dbInstances).patch(instance, { DBInstanceStatus: status }) : instance;
}
