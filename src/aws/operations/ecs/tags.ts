import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import { table } from '../../state/table.ts';

export interface EcsTag {
  readonly key?: string | undefined;
  readonly value?: string | undefined;
}

const tagSets = table<{ arn: string; tags: readonly EcsTag[] }>('ecs.tags', (set) => set.arn);

/** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-using-tags.html */
const tagsMax = 50;

export function tagsOf(at: Place, arn: string): EcsTag[] {
  return [...(at.table(tagSets).get(arn)?.tags ?? [])];
}

export function setTags(at: Place, arn: string, given: readonly EcsTag[] | undefined): void {
  if (given === undefined || given.length === 0) return;
  const merged = new Map(tagsOf(at, arn).map(({ key, value }) => [key, value]));
  for (const { key, value } of given) merged.set(key, value ?? '');
  if (merged.size > tagsMax)
    throw new AwsError('InvalidParameterException', 'The maximum number of tags that can be applied to a resource is 50.');
  at.table(tagSets).put({ arn, tags: [...merged].map(([key, value]) => ({ key, value })) });
}

export function removeTags(at: Place, arn: string, keys: readonly string[]): void {
  at.table(tagSets).put({ arn, tags: tagsOf(at, arn).filter(({ key = '' }) => !keys.includes(key)) });
}

export function dropTags(at: Place, arn: string): void {
  at.table(tagSets).delete(arn);
}
