import type { RDS } from '@aws-sdk/client-rds';
import type { Place } from '../../state/place.ts';
import { table } from '../../state/table.ts';
import type { Operations } from '../operation.ts';

export interface RdsTag {
  readonly Key?: string | undefined;
  readonly Value?: string | undefined;
}

/** `db:name`: what is left of an ARN without account and region, which its table already tells. */
const resourceOf = (arn: string): string => arn.split(':').slice(5).join(':');

const tagSets = table<{ arn: string; tags: readonly RdsTag[] }>('rds.tags', (set) => set.arn);

export function tagsOf(at: Place, arn: string | undefined): RdsTag[] {
  return [...(at.table(tagSets).get(arn === undefined ? undefined : resourceOf(arn))?.tags ?? [])];
}

export function setTags(at: Place, arn: string, given: readonly RdsTag[] | undefined): void {
  if (given === undefined || given.length === 0) return;
  const kept = tagsOf(at, arn).filter(({ Key }) => !given.some((one) => one.Key === Key));
  at.table(tagSets).put({ arn: resourceOf(arn), tags: [...kept, ...given] });
}

export function dropTags(at: Place, arn: string | undefined): void {
  if (arn !== undefined) at.table(tagSets).delete(resourceOf(arn));
}

export const tagOperations: Operations<RDS> = {
  AddTagsToResource: ({ ResourceName = '', Tags }, at) => setTags(at, ResourceName, Tags),

  RemoveTagsFromResource({ ResourceName = '', TagKeys = [] }, at) {
    at.table(tagSets).put({
      arn: resourceOf(ResourceName),
      tags: tagsOf(at, ResourceName).filter(({ Key = '' }) => !TagKeys.includes(Key)),
    });
  },

  ListTagsForResource: ({ ResourceName }, at) => ({ TagList: tagsOf(at, ResourceName) }),
};
