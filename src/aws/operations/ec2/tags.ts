import type { EC2 } from '@aws-sdk/client-ec2';
import type { Operations } from '../operation.ts';
import { describedMax, page } from '../page.ts';
import { applyFilters } from './filter.ts';
import { knownResource, notFound } from './ids.ts';
import { setTags, type Tag, tagSets, tagsOf } from './tagSets.ts';

interface TagRow extends Tag {
  readonly id: string;
  readonly type: string;
}

export const tagOperations: Operations<EC2> = {
  CreateTags({ Resources = [], Tags = [] }, at) {
    for (const id of Resources) {
      if (knownResource(at, id) === undefined) throw notFound(id);
      setTags(at, id, Tags);
    }
  },

  DeleteTags({ Resources = [], Tags }, at) {
    for (const id of Resources) {
      if (knownResource(at, id) === undefined) throw notFound(id);
      const remove = (tag: Tag): boolean =>
        Tags === undefined
          ? !tag.Key.startsWith('aws:')
          : Tags.some(({ Key, Value }) => Key === tag.Key && (Value === undefined || Value === tag.Value));
      at.table(tagSets).put({ id, tags: tagsOf(at, id).filter((tag) => !remove(tag)) });
    }
  },

  DescribeTags({ Filters, NextToken, MaxResults }, at) {
    const rows: TagRow[] = at
      .table(tagSets)
      .values()
      .flatMap(({ id, tags }) => tags.map((tag) => ({ ...tag, id, type: knownResource(at, id)?.type ?? 'unknown' })));
    const valueFilters = (Filters ?? []).map((filter) =>
      filter.Name?.startsWith('tag:')
        ? { Name: 'tag', Values: (filter.Values ?? []).map((value) => `${filter.Name!.slice(4)}=${value}`) }
        : filter,
    );
    const found = applyFilters(
      at,
      rows,
      valueFilters.map((filter) => ({ ...filter, Name: rowFilterNames[filter.Name ?? ''] ?? filter.Name })),
      (row) => row.id,
      {
        key: (row) => row.Key,
        value: (row) => row.Value,
        tag: (row) => `${row.Key}=${row.Value}`,
        'resource-id': (row) => row.id,
        'resource-type': (row) => row.type,
      },
    );
    const { items, next } = page(found, { token: NextToken, max: MaxResults }, { defaultMax: describedMax });
    return {
      Tags: items.map(({ Key, Value, id, type }) => ({ Key, Value, ResourceId: id, ResourceType: type as never })),
      NextToken: next,
    };
  },
};

const rowFilterNames: Readonly<Record<string, string>> = { 'tag-key': 'key', 'tag-value': 'value' };
