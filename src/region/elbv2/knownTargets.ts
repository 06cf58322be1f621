import { isIP } from 'node:net';
import { instances, networkInterfaces, targetGroups, targets, type Place, type TargetState } from '../../aws/index.ts';
import type { Target, TargetHealth } from '../../model/index.ts';
import type { Addresses } from '../addresses.ts';
import type { FoundRouting } from '../plane/protocol.ts';
import { addedLatencyOf } from '../addedLatency.ts';

/** A target that the data plane knows, or has known and still finishes requests at. */
export interface KnownTarget {
  readonly id: string;
  readonly port: number | undefined;
  readonly host: string;
  phase: 'registered' | 'draining';
  /** Security groups let the load balancer in. */
  reached: boolean;
  /** As the data plane last told it. */
  health: TargetHealth | undefined;
}

type Described = Pick<TargetState, 'state' | 'reason' | 'description'>;

/** The targets of all groups as the data plane is to see them: those in the tables, and those that have left and still drain. */
export class KnownTargets {
  readonly #addresses: Addresses;
  readonly #onTarget: (id: string, port: number) => void;
  /** Target group ARN → `id:port` → target. */
  readonly #groups = new Map<string, Map<string, KnownTarget>>();

  constructor(addresses: Addresses, onTarget: (id: string, port: number) => void) {
    this.#addresses = addresses;
    this.#onTarget = onTarget;
  }

  /** Takes on the targets that the data plane has already. */
  adopt({ snapshot, health }: FoundRouting): void {
    for (const { id: groupArn, targets: held } of snapshot.targetGroups) {
      const known = new Map<string, KnownTarget>();
      for (const { id: key, host, phase } of held) {
        const split = key.lastIndexOf(':');
        const port = key.slice(split + 1);
        known.set(key, {
          id: key.slice(0, split),
          port: port === '' ? undefined : Number(port),
          host,
          phase,
          reached: host !== nowhere,
          health: undefined,
        });
      }
      this.#groups.set(groupArn, known);
    }
    for (const each of health) this.onHealth(each);
  }

  get(groupArn: string, id: string, port: number): KnownTarget | undefined {
    return this.#groups.get(groupArn)?.get(keyOf(id, port));
  }

  of(groupArn: string): KnownTarget[] {
    return [...(this.#groups.get(groupArn)?.values() ?? [])];
  }

  /** Reads the tables of a place anew. */
  register(at: Place, isReached: (groupArn: string, id: string, port: number) => boolean): Map<string, Target[]> {
    const byGroup = Map.groupBy(at.table(targets).values(), ({ groupArn }) => groupArn);
    const own = new Set(
      at
        .table(networkInterfaces)
        .values()
        .map(({ PrivateIpAddress }) => PrivateIpAddress),
    );
    return new Map(
      at
        .table(targetGroups)
        .keys()
        .map((groupArn) => {
          const known = this.#groups.get(groupArn) ?? new Map<string, KnownTarget>();
          this.#groups.set(groupArn, known);
          const registered = new Set<string>();
          for (const { id, port } of byGroup.get(groupArn) ?? []) {
            const host = this.#hostOf(id, own);
            if (host !== undefined) registered.add(this.#note(known, id, port, host));
          }
          for (const [key, target] of known) if (!registered.has(key)) this.#leave(known, key, target, own);
          for (const target of known.values()) target.reached = isReached(groupArn, target.id, target.port ?? 0);
          const addedLatency = addedLatencyOf(at, groupArn);
          return [groupArn, [...known].map(([key, target]) => routingTarget(key, target, addedLatency(target.id)))];
        }),
    );
  }

  /** False for what changes nothing: a target that is gone, or of another that had its address before it. */
  onHealth(health: TargetHealth): boolean {
    const target = this.#groups.get(health.targetGroupId)?.get(health.targetId);
    if (target === undefined || target.phase === 'draining' || health.host !== routedHost(target)) return false;
    // A packet that a security group drops is one that nobody answers.
    target.health = target.reached || health.state !== 'unhealthy' ? health : { ...health, ...unanswered };
    return true;
  }

  /** False for one that has been registered again meanwhile. */
  onDrained(groupArn: string, key: string): boolean {
    const known = this.#groups.get(groupArn);
    return known?.get(key)?.phase === 'draining' && known.delete(key);
  }

  /** No request can be in flight to a group that no listener forwards to any more: what drains there is done. */
  endDraining(isUsed: (groupArn: string) => boolean): void {
    for (const [groupArn, known] of this.#groups) {
      if (isUsed(groupArn)) continue;
      for (const [key, { phase }] of known) if (phase === 'draining') known.delete(key);
    }
  }

  /** As DescribeTargetHealth tells them. `used`: a listener forwards to the group. */
  describe(at: Place, groupArn: string, used: boolean): TargetState[] {
    const known = this.#groups.get(groupArn) ?? new Map<string, KnownTarget>();
    const registered = at.table(targets).filter((target) => target.groupArn === groupArn);
    const states = registered.map(({ id, port }): TargetState => {
      const health = known.get(keyOf(id, port))?.health;
      return { id, port, ...(impediment(at, id) ?? (used ? healthOf(health) : notInUse)) };
    });
    const draining = [...known.values()].filter(({ phase }) => phase === 'draining');
    return [...states, ...draining.map(({ id, port }) => ({ id, port, ...leaving }))];
  }

  #note(known: Map<string, KnownTarget>, id: string, port: number | undefined, host: string): string {
    const key = keyOf(id, port);
    const before = known.get(key);
    if (before?.phase === 'registered' && before.host === host) return key;
    known.set(key, { id, port, host, phase: 'registered', reached: true, health: undefined });
    if (port !== undefined) this.#onTarget(id, port);
    return key;
  }

  /** What has left drains, unless its host is gone with it. */
  #leave(known: Map<string, KnownTarget>, key: string, target: KnownTarget, own: ReadonlySet<string>): void {
    if (this.#hostOf(target.id, own) === target.host) target.phase = 'draining';
    else known.delete(key);
  }

  /** Where a target is; an address of the region's own subnets leads nowhere unless something runs behind it. */
  #hostOf(id: string, own: ReadonlySet<string>): string | undefined {
    return this.#addresses.hostOf(id) ?? (isIP(id) !== 0 && !own.has(id) ? id : undefined);
  }
}

/** To the limited broadcast address no connection can be made, and none leaves this computer. */
const nowhere = '255.255.255.255';

const routedHost = ({ host, reached }: KnownTarget): string => (reached ? host : nowhere);

function routingTarget(key: string, target: KnownTarget, addedLatencyMs: number): Target {
  const { port, phase } = target;
  return { id: key, host: routedHost(target), port: port ?? 0, phase, ...(addedLatencyMs > 0 ? { addedLatencyMs } : {}) };
}

const keyOf = (id: string, port: number | undefined): string => `${id}:${port ?? ''}`;

const unanswered = { reason: 'Target.Timeout', description: 'Request timed out' } as const;
const registering = { state: 'initial', reason: 'Elb.RegistrationInProgress', description: 'Target registration is in progress' } as const;
const leaving = {
  state: 'draining',
  reason: 'Target.DeregistrationInProgress',
  description: 'Target deregistration is in progress',
} as const;
const notInUse = {
  state: 'unused',
  reason: 'Target.NotInUse',
  description: 'Target group is not configured to receive traffic from the load balancer',
} as const;

function healthOf(health: TargetHealth | undefined): Described {
  if (health === undefined || health.state === 'draining') return registering;
  const { state, reason, description } = health;
  return { state, ...(reason === undefined ? {} : { reason }), ...(description === undefined ? {} : { description }) };
}

/** What stands against an instance's being a target at all. */
function impediment(at: Place, id: string): Described | undefined {
  const instance = id.startsWith('i-') ? at.table(instances).get(id) : undefined;
  if (instance === undefined || instance.state === 'running' || instance.state === 'pending') return undefined;
  return { state: 'unused', reason: 'Target.InvalidState', description: `Target is in the ${instance.state} state` };
}
