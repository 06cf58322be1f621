/** What depends on what, by name, and a walk through it in parallel. */
export class Graph {
  readonly #after = new Map<string, Set<string>>();

  add(node: string): void {
    if (!this.#after.has(node)) this.#after.set(node, new Set());
  }

  /** `node` comes after `dependency`; both are added. */
  connect(node: string, dependency: string): void {
    this.add(node);
    this.add(dependency);
    if (node !== dependency) this.#after.get(node)?.add(dependency);
  }

  has(node: string): boolean {
    return this.#after.has(node);
  }

  get nodes(): readonly string[] {
    return [...this.#after.keys()];
  }

  dependenciesOf(node: string): ReadonlySet<string> {
    return this.#after.get(node) ?? new Set();
  }

  /** Whether `node` comes after `other`, at any distance. */
  follows(node: string, other: string): boolean {
    const seen = new Set([node]);
    for (const at of seen) {
      if (at === other) return true;
      for (const dependency of this.dependenciesOf(at)) seen.add(dependency);
    }
    return false;
  }

  /** The nodes of one cycle in their order; undefined when there is none. */
  cycle(): readonly string[] | undefined {
    const settled = new Set<string>();
    for (const start of this.#after.keys()) {
      const path: { node: string; left: Iterator<string> }[] = [];
      const enter = (node: string): void => void path.push({ node, left: this.dependenciesOf(node).values() });
      if (!settled.has(start)) enter(start);
      for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
        const { value: next, done } = top.left.next();
        if (done === true) {
          settled.add(top.node);
          path.pop();
          continue;
        }
        const at = path.findIndex(({ node }) => node === next);
        if (at >= 0) return path.slice(at).map(({ node }) => node);
        if (!settled.has(next)) enter(next);
      }
    }
    return undefined;
  }

  /**
   * Visits each node once all it depends on were visited, at most `parallel` at a time. Where a visit fails, what
   * depends on it is left out and all else goes on. Gives what failed; the graph must have no cycle.
   */
  async walk(parallel: number, visit: (node: string) => Promise<void>): Promise<unknown[]> {
    const errors: unknown[] = [];
    const waiting = new Map([...this.#after].map(([node, after]) => [node, after.size]));
    const followers = new Map<string, string[]>();
    for (const [node, after] of this.#after)
      for (const dependency of after) followers.set(dependency, [...(followers.get(dependency) ?? []), node]);
    const ready = [...waiting].filter(([, count]) => count === 0).map(([node]) => node);
    const running = new Set<Promise<void>>();
    const run = async (node: string): Promise<void> => {
      try {
        await visit(node);
      } catch (error) {
        errors.push(error);
        return;
      }
      for (const follower of followers.get(node) ?? []) {
        const left = (waiting.get(follower) ?? 1) - 1;
        waiting.set(follower, left);
        if (left === 0) ready.push(follower);
      }
    };
    while (ready.length > 0 || running.size > 0) {
      for (let node = ready.shift(); node !== undefined; node = running.size < parallel ? ready.shift() : undefined) {
        const job: Promise<void> = run(node).finally(() => running.delete(job));
        running.add(job);
      }
      await Promise.race(running);
    }
    return errors;
  }
}
