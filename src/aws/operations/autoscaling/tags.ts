import type { AutoScaling, Filter, Tag as SdkTag, TagDescription } from '@aws-sdk/client-auto-scaling';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import { table } from '../../state/table.ts';
import type { Operations } from '../operation.ts';
import { page } from '../page.ts';
import { groups } from './resources.ts';

export interface GroupTag {
  readonly Key: string;
  readonly Value: string;
  readonly PropagateAtLaunch: boolean;
}

const tagSets = table<{ group: string; tags: readonly GroupTag[] }>('autoscaling.tags', (set) => set.group);

export function tagsOf(at: Place, group: string): readonly GroupTag[] {
  return at.table(tagSets).get(group)?.tags ?? [];
}

export function setTags(at: Place, group: string, given: readonly Plain<SdkTag>[]): void {
  if (given.length === 0) return;
  const merged = new Map(tagsOf(at, group).map((tag) => [tag.Key, tag]));
  for (const { Key = '', Value = '', PropagateAtLaunch = false } of given) merged.set(Key, { Key, Value, PropagateAtLaunch });
  at.table(tagSets).put({ group, tags: [...merged.values()] });
}

export function dropTags(at: Place, group: string): void {
  at.table(tagSets).delete(group);
}

export function describeTags(at: Place, group: string): Plain<TagDescription>[] {
  return tagsOf(at, group).map((tag) => ({ ...tag, ResourceId: group, ResourceType: 'auto-scaling-group' }));
}

export function filterByTags<T extends { AutoScalingGroupName: string }>(
  at: Place,
  items: readonly T[],
  filters: readonly Plain<Filter>[] | undefined,
): T[] {
  return items.filter((item) =>
    (filters ?? []).every(({ Name = '', Values = [] }) => {
      const tags = tagsOf(at, item.AutoScalingGroupName);
      if (Name === 'tag-key') return tags.some(({ Key }) => Values.includes(Key));
      if (Name === 'tag-value') return tags.some(({ Value }) => Values.includes(Value));
      if (Name.startsWith('tag:')) return tags.some(({ Key, Value }) => Key === Name.slice(4) && Values.includes(Value));
      throw new AwsError('ValidationError', `Filter name '${Name}' is not valid`);
    }),
  );
}

function requireGroupOf({ ResourceId = '' }: Plain<SdkTag>, at: Place): string {
  if (!at.table(groups).has(ResourceId))
    throw new AwsError('ValidationError', `AutoScalingGroup name not found - AutoScalingGroup '${ResourceId}' not found`);
  return ResourceId;
}

const filterFields: Readonly<Record<string, (row: Plain<TagDescription>) => string>> = {
  'auto-scaling-group': (row) => row.ResourceId ?? '',
  key: (row) => row.Key ?? '',
  value: (row) => row.Value ?? '',
  'propagate-at-launch': (row) => String(row.PropagateAtLaunch),
};

export const tagOperations: Operations<AutoScaling> = {
  CreateOrUpdateTags({ Tags = [] }, at) {
    for (const tag of Tags) setTags(at, requireGroupOf(tag, at), [tag]);
  },

  DeleteTags({ Tags = [] }, at) {
    for (const tag of Tags) {
      const group = requireGroupOf(tag, at);
      at.table(tagSets).put({
        group,
        tags: tagsOf(at, group).filter(
          ({ Key, Value }) => Key !== tag.Key || (tag.Value !== undefined && tag.Value !== '' && Value !== tag.Value),
        ),
      });
    }
  },

  DescribeTags({ Filters = [], NextToken, MaxRecords }, at) {
    const rows = at
      .table(groups)
      .values()
      .flatMap((group) => describeTags(at, group.AutoScalingGroupName));
    const found = rows.filter((row) =>
      Filters.every(({ Name = '', Values = [] }) => {
        const values = Name === 'propagate-at-launch' ? Values.map((value) => value.toLowerCase()) : Values;
        return values.includes(filterFields[Name]?.(row) ?? '');
      }),
    );
    const { items, next } = page(found, { token: NextToken, max: MaxRecords });
    return { Tags: items, NextToken: next };
  },
};
