import type { RDS } from '@aws-sdk/client-rds';
import type { Place } from '../../state/place.ts';
import { table } from '../../state/table.ts';
import type { Operations } from '../operation.ts';
import { fault, type RdsTag } from './resources.ts';

/** `db:name`: what is left of an ARN without account and region, which its table already tells. */
const resourceOf = (arn: string): string => arn.split(':').slice(5).join(':');

export const tagSets = table<{ arn: string; tags: readonly RdsTag[] }>('rds.tags', (set) => set.arn);

export function tagsOf(at: Place, arn: string | undefined): RdsTag[] {
  return [...(at.table(tagSets).get(arn === undefined ? undefined : resourceOf(arn))?.tags ?? [])];
}

export function setTags(at: Place, arn: string, tags: readonly RdsTag[] | undefined): void {
  if (tags === undefined || tags.length === 0) return;
  const kept = tagsOf(at, arn).filter(({ Key }) => !tags.some((one) => one.Key === Key));
  at.table(tagSets).put({ arn: resourceOf(arn), tags: [...kept, ...tags] });
}

export function dropTags(at: Place, arn: string | undefined): void {
  if (arn !== undefined) at.table(tagSets).delete(resourceOf(arn));
}

/** What can be tagged, by the kind that its ARN names: its table, and the error where there is none. */
const taggable: Readonly<Record<string, readonly [kind: string, code: string]>> = {
  db: ['rds.db-instance', 'DBInstanceNotFound'],
  es: ['rds.event-subscription', 'SubscriptionNotFound'],
  og: ['rds.option-group', 'OptionGroupNotFoundFault'],
  pg: ['rds.db-parameter-group', 'DBParameterGroupNotFound'],
  secgrp: ['rds.db-security-group', 'DBSecurityGroupNotFound'],
  snapshot: ['rds.db-snapshot', 'DBSnapshotNotFound'],
  subgrp: ['rds.db-subnet-group', 'DBSubnetGroupNotFoundFault'],
};

function requireArn(at: Place, arn = ''): string {
  const [, kind = '', name = ''] = /^arn:[^:]+:rds:[^:]*:\d*:([a-z]+):(.+)$/.exec(arn) ?? [];
  const known = taggable[kind];
  if (known === undefined) throw fault('InvalidParameterValue', `Invalid resource name: ${arn}`);
  if (at.strict && !at.world.holds(at, known[0], name)) throw fault(known[1], `${arn} not found.`, 404);
  return arn;
}

export const tagOperations: Operations<RDS> = {
  AddTagsToResource: ({ ResourceName, Tags }, at) => setTags(at, requireArn(at, ResourceName), Tags),

  RemoveTagsFromResource({ ResourceName, TagKeys = [] }, at) {
    const arn = requireArn(at, ResourceName);
    at.table(tagSets).put({ arn: resourceOf(arn), tags: tagsOf(at, arn).filter(({ Key = '' }) => !TagKeys.includes(Key)) });
  },

  ListTagsForResource: ({ ResourceName }, at) => ({ TagList: tagsOf(at, requireArn(at, ResourceName)) }),
};
