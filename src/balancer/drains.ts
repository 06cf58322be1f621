import type { RoutingSnapshot } from '../model/index.ts';

/**
 * Which workers have reported that the last request of a draining target is done. What was reported counts for as long as the
 * target drains without a break: one that was registered again meanwhile has new requests in flight when it drains the next time.
 */
export class Drains<Worker> {
  readonly #reported = new Map<string, Set<Worker>>();
  #draining: ReadonlySet<string> = new Set();

  /** Another snapshot is in force. */
  follow(snapshot: RoutingSnapshot): void {
    const draining = new Set(
      snapshot.targetGroups.flatMap(({ id, targets }) =>
        targets.flatMap((target) => (target.phase === 'draining' ? [keyOf(id, target.id)] : [])),
      ),
    );
    for (const key of this.#reported.keys()) if (!draining.has(key) || !this.#draining.has(key)) this.#reported.delete(key);
    this.#draining = draining;
  }

  /** True when the last of `workers` has reported. */
  report(worker: Worker, targetGroupId: string, targetId: string, workers: readonly Worker[]): boolean {
    const key = keyOf(targetGroupId, targetId);
    const reported = this.#reported.get(key) ?? new Set();
    this.#reported.set(key, reported.add(worker));
    if (!workers.every((each) => reported.has(each))) return false;
    this.#reported.delete(key);
    return true;
  }

  /** A worker that has ended has nothing in flight, and its successor reports for itself. */
  forget(worker: Worker): void {
    for (const reported of this.#reported.values()) reported.delete(worker);
  }
}

const keyOf = (targetGroupId: string, targetId: string): string => `${targetGroupId} ${targetId}`;
