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

  report(worker: Worker, targetGroupId: string, targetId: string): void {
    const key = keyOf(targetGroupId, targetId);
    this.#reported.set(key, (this.#reported.get(key) ?? new Set()).add(worker));
  }

  /** A worker that has ended has nothing in flight, and its successor reports for itself. */
  forget(worker: Worker): void {
    for (const [key, reported] of this.#reported) if (reported.delete(worker) && reported.size === 0) this.#reported.delete(key);
  }

  /** Targets that all of `workers` have reported since the last call. */
  take(workers: readonly Worker[]): { targetGroupId: string; targetId: string }[] {
    return [...this.#reported].flatMap(([key, reported]) => {
      if (!workers.every((each) => reported.has(each))) return [];
      this.#reported.delete(key);
      const [targetGroupId, targetId] = JSON.parse(key) as [string, string];
      return [{ targetGroupId, targetId }];
    });
  }
}

const keyOf = (targetGroupId: string, targetId: string): string => JSON.stringify([targetGroupId, targetId]);
