import type { Event, EventSubscription as SdkEventSubscription, RDS, SourceType } from '@aws-sdk/client-rds';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import { table } from '../../state/table.ts';
import type { Operations } from '../operation.ts';
import { rdsPage } from './page.ts';
import { fault, given } from './resources.ts';
import { dropTags, setTags } from './tags.ts';

interface EventRecord extends Plain<Event> {
  readonly id: string;
  readonly Date: number;
}

interface Subscription extends Plain<SdkEventSubscription> {
  readonly CustSubscriptionId: string;
  readonly EventSubscriptionArn: string;
}

const events = table<EventRecord>('rds.event', ({ id }) => id);
const subscriptions = table<Subscription>('rds.event-subscription', ({ CustSubscriptionId }) => CustSubscriptionId);

/** RDS keeps events for 14 days (API_DescribeEvents). */
const retentionMs = 14 * 86_400_000;

/** What happens and how RDS words it. https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Events.Messages.html */
const kinds = {
  created: ['db-instance', 'creation', 'DB instance created'],
  restored: ['db-instance', 'restoration', 'Restored from snapshot'],
  deleted: ['db-instance', 'deletion', 'DB instance deleted'],
  restarted: ['db-instance', 'availability', 'DB instance restarted'],
  stopped: ['db-instance', 'notification', 'DB instance stopped'],
  started: ['db-instance', 'notification', 'DB instance started'],
  backedUp: ['db-instance', 'backup', 'Finished DB Instance backup'],
  snapshotMade: ['db-snapshot', 'creation', 'Manual snapshot created'],
  snapshotDeleted: ['db-snapshot', 'notification', 'Manual snapshot deleted'],
} as const satisfies Record<string, readonly [SourceType, string, string]>;

export function tellEvent(at: Place, kind: keyof typeof kinds, SourceIdentifier: string, SourceArn: string): void {
  const [SourceType, category, Message] = kinds[kind];
  for (const old of at.table(events).filter((one) => one.Date < at.nowMs - retentionMs)) at.table(events).delete(old.id);
  at.table(events).put({ id: at.uuid(), SourceIdentifier, SourceType, Message, EventCategories: [category], Date: at.nowMs, SourceArn });
}

function requireSubscription(at: Place, name = ''): Subscription {
  const found = at.table(subscriptions).get(name);
  if (found === undefined) throw fault('SubscriptionNotFound', `Subscription ${name} not found.`, 404);
  return found;
}

export const eventOperations: Operations<RDS> = {
  /** Of the last hour unless asked for more. */
  DescribeEvents({ SourceIdentifier, SourceType, StartTime, EndTime, Duration = 60, EventCategories, ...list }, at) {
    if (SourceIdentifier !== undefined && SourceType === undefined)
      throw fault('InvalidParameterCombination', 'Cannot specify source identifier without source type');
    const endMs = EndTime ?? at.nowMs;
    const startMs = StartTime ?? endMs - Duration * 60_000;
    const found = at
      .table(events)
      .filter(
        (one) =>
          one.Date >= startMs &&
          one.Date <= endMs &&
          (SourceType === undefined || one.SourceType === SourceType) &&
          (SourceIdentifier === undefined || one.SourceIdentifier === SourceIdentifier) &&
          (EventCategories === undefined || EventCategories.some((category) => one.EventCategories?.includes(category))),
      );
    const { items, ...tail } = rdsPage(found, list);
    return { Events: items.map(({ id: _id, ...event }) => event), ...tail };
  },

  /** Where things run a subscription would have to be delivered, and there is no SNS that could do it. */
  CreateEventSubscription({ SubscriptionName = '', Tags, SourceIds, EventCategories, ...input }, at) {
    if (at.strict) throw fault('SNSTopicArnNotFound', `SNS topic ${input.SnsTopicArn ?? ''} does not exist: Plimsoll has no SNS.`, 404);
    if (at.table(subscriptions).has(SubscriptionName))
      throw fault('SubscriptionAlreadyExist', `Subscription ${SubscriptionName} already exists.`);
    const made = at.table(subscriptions).put({
      ...given(input),
      Enabled: input.Enabled ?? false,
      CustomerAwsId: at.account,
      CustSubscriptionId: SubscriptionName,
      EventSubscriptionArn: at.arn('rds', `es:${SubscriptionName}`),
      Status: 'active',
      SubscriptionCreationTime: new Date(at.nowMs).toISOString(),
      SourceIdsList: SourceIds ?? [],
      EventCategoriesList: EventCategories ?? [],
    });
    setTags(at, made.EventSubscriptionArn, Tags);
    return { EventSubscription: made };
  },

  DescribeEventSubscriptions({ SubscriptionName, ...list }, at) {
    const asked = SubscriptionName === undefined ? at.table(subscriptions).values() : [requireSubscription(at, SubscriptionName)];
    const { items, ...tail } = rdsPage(asked, list);
    return { EventSubscriptionsList: items, ...tail };
  },

  DeleteEventSubscription({ SubscriptionName }, at) {
    const subscription = requireSubscription(at, SubscriptionName);
    at.table(subscriptions).delete(subscription.CustSubscriptionId);
    dropTags(at, subscription.EventSubscriptionArn);
    return { EventSubscription: subscription };
  },
};
