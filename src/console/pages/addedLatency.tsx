import type { JSX } from 'preact';
import type { DatabasePicture, TargetGroupPicture, TargetPicture } from '../contract.ts';
import { milliseconds } from '../format.ts';
import { Do } from '../widgets/aws.tsx';

const tag = 'plimsoll:latency-ms';
const latencyField = { name: 'ms', label: 'Milliseconds, 1 to 60,000', value: '250', type: 'number' } as const;

interface Given {
  readonly group: TargetGroupPicture;
  /** One of its targets; all unless given. */
  readonly target?: TargetPicture;
}

/** Adds latency to targets, or takes it away, by tags of their group. Only requests of HTTP can be held. */
export function AddLatency({ group, target }: Given): JSX.Element | null {
  const { arn, protocol, targets, addedLatencyMs: ofAll } = group;
  if (!protocol.startsWith('HTTP')) return null;
  const keyOf = ({ id }: TargetPicture): string => `${tag}:${id}`;
  const whom = target === undefined ? 'every target of this group' : target.id;
  const slowed = (target === undefined ? targets : [target]).filter(({ addedLatencyMs }) => addedLatencyMs !== undefined);
  const own = target === undefined ? slowed : slowed.filter(({ addedLatencyMs }) => addedLatencyMs !== ofAll);
  if (own.length > 0) {
    const TagKeys = [...(target === undefined ? [tag] : []), ...own.map(keyOf)];
    return (
      <Do
        label="Remove latency"
        what={`Requests go to ${whom} at once again.`}
        action={() => ({ service: 'elbv2', operation: 'RemoveTags', input: { ResourceArns: [arn], TagKeys } })}
      />
    );
  }
  const Key = target === undefined ? tag : keyOf(target);
  return (
    <Do
      label="Add latency"
      what={`Rehearses slow targets: requests and health checks wait this long before they go to ${whom}, and the wait counts as the target’s. It stays until the tag is removed; on AWS it is a tag and nothing else.`}
      fields={[latencyField]}
      action={({ ms = '' }) => ({
        service: 'elbv2',
        operation: 'AddTags',
        input: { ResourceArns: [arn], Tags: [{ Key, Value: ms }] },
      })}
    />
  );
}

/** The same for a database; what is held are its clients' statements. */
export function AddDatabaseLatency({ database }: { readonly database: DatabasePicture }): JSX.Element | null {
  const { arn, state, addedLatencyMs } = database;
  if (addedLatencyMs !== undefined)
    return (
      <Do
        label="Remove latency"
        what="Statements reach the database at once again."
        action={() => ({ service: 'rds', operation: 'RemoveTagsFromResource', input: { ResourceName: arn, TagKeys: [tag] } })}
      />
    );
  if (state !== 'available') return null;
  return (
    <Do
      label="Add latency"
      what="Rehearses a slow database: every round trip takes this much longer. The first time the database reboots for it, and connections break; on AWS it is a tag and nothing else."
      fields={[latencyField]}
      action={({ ms = '' }) => ({
        service: 'rds',
        operation: 'AddTagsToResource',
        input: { ResourceName: arn, Tags: [{ Key: tag, Value: ms }] },
      })}
    />
  );
}

/** `+ 250 ms added`; nothing where nothing is. */
export function AddedLatency({ targets }: { readonly targets: readonly Pick<TargetPicture, 'addedLatencyMs'>[] }): JSX.Element | null {
  const slowed = targets.filter(({ addedLatencyMs }) => addedLatencyMs !== undefined);
  if (slowed.length === 0) return null;
  const most = Math.max(...slowed.map(({ addedLatencyMs = 0 }) => addedLatencyMs));
  return (
    <p class="added">
      + {milliseconds(most)} added{slowed.length < targets.length ? ` to ${slowed.length} of ${targets.length}` : ''}
    </p>
  );
}
