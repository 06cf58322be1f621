import type { CloudWatch } from '@aws-sdk/client-cloudwatch';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import { table } from '../../state/table.ts';
import type { Operations } from '../operation.ts';
import { alarms, insightRules } from './resources.ts';

interface CloudWatchTag {
  readonly Key: string;
  readonly Value: string;
}

const tagSets = table<{ arn: string; tags: readonly CloudWatchTag[] }>('cloudwatch.tags', (set) => set.arn);

export function setTags(at: Place, arn: string, given: readonly { Key?: string | undefined; Value?: string | undefined }[] = []): void {
  if (given.length === 0) return;
  const merged = new Map((at.table(tagSets).get(arn)?.tags ?? []).map(({ Key, Value }) => [Key, Value]));
  for (const { Key = '', Value = '' } of given) merged.set(Key, Value);
  at.table(tagSets).put({ arn, tags: [...merged].map(([Key, Value]) => ({ Key, Value })) });
}

export function dropTags(at: Place, arn: string): void {
  at.table(tagSets).delete(arn);
}

function requireTaggable(at: Place, arn: string): void {
  const name = arn.split(':').slice(6).join(':') || arn.split('/').slice(1).join('/');
  if (
    arn.includes(':alarm:') ? at.table(alarms).has(name) : at.table(insightRules).find((rule) => arn.endsWith(`insight-rule/${rule.Name}`))
  )
    return;
  throw new AwsError('ResourceNotFoundException', 'Unknown', { status: 404, details: { ResourceId: arn } });
}

export const tagOperations: Operations<CloudWatch> = {
  TagResource({ ResourceARN = '', Tags = [] }, at) {
    requireTaggable(at, ResourceARN);
    setTags(at, ResourceARN, Tags);
    return {};
  },

  UntagResource({ ResourceARN = '', TagKeys = [] }, at) {
    requireTaggable(at, ResourceARN);
    at.table(tagSets).put({
      arn: ResourceARN,
      tags: (at.table(tagSets).get(ResourceARN)?.tags ?? []).filter(({ Key }) => !TagKeys.includes(Key)),
    });
    return {};
  },

  ListTagsForResource({ ResourceARN = '' }, at) {
    return { Tags: [...(at.table(tagSets).get(ResourceARN)?.tags ?? [])] };
  },
};
