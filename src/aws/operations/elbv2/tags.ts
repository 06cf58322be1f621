import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import { table } from '../../state/table.ts';

export interface ElbTag {
  readonly Key: string;
  readonly Value: string;
}

export const tagSets = table<{ arn: string; tags: readonly ElbTag[] }>('elbv2.tags', (set) => set.arn);

/** https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-tags.html */
const tagsMax = 50;

export function tagsOf(at: Place, arn: string): readonly ElbTag[] {
  return at.table(tagSets).get(arn)?.tags ?? [];
}

export function setTags(at: Place, arn: string, tags: readonly { Key?: string | undefined; Value?: string | undefined }[] = []): void {
  if (tags.length === 0) return;
  const keys = tags.map(({ Key = '' }) => Key);
  if (new Set(keys).size < keys.length) throw new AwsError('DuplicateTagKeys', 'A tag key was specified more than once.');
  const merged = new Map(tagsOf(at, arn).map(({ Key, Value }) => [Key, Value]));
  for (const { Key = '', Value = '' } of tags) merged.set(Key, Value);
  if (merged.size > tagsMax)
    throw new AwsError('TooManyTags', 'The quota for the number of tags that can be assigned to a load balancer has been reached');
  at.table(tagSets).put({ arn, tags: [...merged].map(([Key, Value]) => ({ Key, Value })) });
}

export function removeTags(at: Place, arn: string, keys: readonly string[]): void {
  at.table(tagSets).put({ arn, tags: tagsOf(at, arn).filter(({ Key }) => !keys.includes(Key)) });
}

export function dropTags(at: Place, arn: string): void {
  at.table(tagSets).delete(arn);
}
