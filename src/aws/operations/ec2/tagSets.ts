import type { Tag as SdkTag, TagSpecification } from '@aws-sdk/client-ec2';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import { table } from '../../state/table.ts';

export interface Tag {
  readonly Key: string;
  readonly Value: string;
}

export const tagSets = table<{ id: string; tags: readonly Tag[] }>('ec2.tags', (set) => set.id);

/** https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions */
const tagsMax = 50;

const untagged: readonly Tag[] = [];

const keyLengthMax = 128;

const valueLengthMax = 256;

/** The tags of an EC2 resource, the same array until they change; none for an unknown one. */
export function tagsOf(at: Place, id: string | undefined): readonly Tag[] {
  return at.table(tagSets).get(id)?.tags ?? untagged;
}

export function setTags(at: Place, id: string, tags: readonly Plain<SdkTag>[]): void {
  if (tags.length === 0) return;
  for (const { Key = '', Value = '' } of tags) {
    if (Key === '') throw new AwsError('InvalidParameterValue', 'Tag key cannot be null or empty');
    if (Key.length > keyLengthMax)
      throw new AwsError('InvalidParameterValue', `Tag key exceeds the maximum length of ${keyLengthMax} characters`);
    if (Value.length > valueLengthMax)
      throw new AwsError('InvalidParameterValue', `Tag value exceeds the maximum length of ${valueLengthMax} characters`);
    if (/^aws:/i.test(Key) && !/^aws:(autoscaling|ec2launchtemplate):/.test(Key))
      throw new AwsError('InvalidParameterValue', "Tag keys starting with 'aws:' are reserved for internal use");
  }
  const merged = new Map(tagsOf(at, id).map(({ Key, Value }) => [Key, Value]));
  for (const { Key, Value } of tags) merged.set(Key!, Value ?? '');
  const own = [...merged.keys()].filter((key) => !key.startsWith('aws:'));
  if (own.length > tagsMax) throw new AwsError('TagLimitExceeded', 'The maximum number of Tags for a resource has been reached.');
  at.table(tagSets).put({ id, tags: [...merged].map(([Key, Value]) => ({ Key, Value })) });
}

export function dropTags(at: Place, id: string): void {
  at.table(tagSets).delete(id);
}

/** The tags that a creating call asks for its new resource of `type`. */
export function specifiedTags(specifications: readonly Plain<TagSpecification>[] | undefined, type: string): Plain<SdkTag>[] {
  return (specifications ?? []).filter((one) => one.ResourceType === type).flatMap((one) => one.Tags ?? []);
}

/** Tags a new resource, refusing specifications that name another type. */
export function tagNew(at: Place, id: string, type: string, specifications: readonly Plain<TagSpecification>[] | undefined): void {
  for (const { ResourceType, Tags } of specifications ?? []) {
    if (ResourceType !== undefined && (Tags === undefined || Tags.length === 0))
      throw new AwsError('InvalidParameterValue', 'Tag specification must have at least one tag');
    if (ResourceType === type) continue;
    if (ResourceType === undefined) throw new AwsError('InvalidParameter', 'Tag specification resource type must have a value');
    throw new AwsError('InvalidParameterValue', `'${ResourceType}' is not a valid taggable resource type for this operation.`);
  }
  setTags(at, id, specifiedTags(specifications, type));
}
