import type { CloudWatchLogs } from '@aws-sdk/client-cloudwatch-logs';
import type { Place } from '../../state/place.ts';
import type { TableSpec } from '../../state/table.ts';
import type { Operations } from '../operation.ts';
import { deliveries, deliveryDestinations, deliverySources } from './deliveries.ts';
import { destinations } from './destinations.ts';
import { logGroups, missing, requireLogGroup } from './resources.ts';

type Tags = Readonly<Record<string, string>>;

interface Tagged {
  readonly arn: string;
  readonly tags: Tags;
}

const kinds: readonly TableSpec<Tagged>[] = [logGroups, destinations, deliverySources, deliveryDestinations, deliveries];

/** Gives the tags of a resource to `change` and keeps what it returns. */
function retag(at: Place, arn: string, change: (tags: Tags) => Tags): Tags {
  for (const kind of kinds) {
    const held = at.table(kind);
    const found = held.find((one) => one.arn === arn || `${one.arn}:*` === arn);
    if (found === undefined) continue;
    const tags = change(found.tags);
    return tags === found.tags ? tags : held.patch(found, { tags }).tags;
  }
  throw missing('resource');
}

const without =
  (keys: readonly string[]) =>
  (tags: Tags): Tags =>
    Object.fromEntries(Object.entries(tags).filter(([key]) => !keys.includes(key)));

export const tagOperations: Operations<CloudWatchLogs> = {
  TagResource({ resourceArn = '', tags = {} }, at) {
    retag(at, resourceArn, (held) => ({ ...held, ...tags }));
  },

  UntagResource({ resourceArn = '', tagKeys = [] }, at) {
    retag(at, resourceArn, without(tagKeys));
  },

  ListTagsForResource: ({ resourceArn = '' }, at) => ({ tags: { ...retag(at, resourceArn, (held) => held) } }),

  TagLogGroup({ logGroupName, tags = {} }, at) {
    retag(at, requireLogGroup(at, logGroupName).arn, (held) => ({ ...held, ...tags }));
  },

  UntagLogGroup({ logGroupName, tags = [] }, at) {
    retag(at, requireLogGroup(at, logGroupName).arn, without(tags));
  },

  ListTagsLogGroup: ({ logGroupName }, at) => ({ tags: { ...requireLogGroup(at, logGroupName).tags } }),
};
