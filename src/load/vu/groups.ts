/** The tree of groups and the checks in them, with counts since the last report. */

export interface CheckCount {
  passes: number;
  fails: number;
}

/** What crosses a process boundary: paths are `::outer::inner`, the root is ''. */
export interface GroupDelta {
  path: string;
  checks: [name: string, passes: number, fails: number][];
}

export class GroupNode {
  readonly name: string;
  readonly parent: GroupNode | undefined;
  readonly path: string;
  readonly groups = new Map<string, GroupNode>();
  readonly checks = new Map<string, CheckCount>();

  constructor(name: string, parent: GroupNode | undefined) {
    this.name = name;
    this.parent = parent;
    this.path = parent === undefined ? '' : `${parent.path}::${name}`;
  }

  /** As in k6 a group without a name is none when it stands in no other. */
  group(name: string): GroupNode {
    if (name === '' && !this.parent) return this;
    let node = this.groups.get(name);
    if (!node) this.groups.set(name, (node = new GroupNode(checkName(name), this)));
    return node;
  }

  check(name: string): CheckCount {
    let count = this.checks.get(name);
    if (!count) this.checks.set(checkName(name), (count = { passes: 0, fails: 0 }));
    return count;
  }

  /** The counts since the last time, of this group and those below. */
  take(out: GroupDelta[] = []): GroupDelta[] {
    const checks: GroupDelta['checks'] = [];
    for (const [name, count] of this.checks) {
      checks.push([name, count.passes, count.fails]);
      count.passes = 0;
      count.fails = 0;
    }
    out.push({ path: this.path, checks });
    for (const group of this.groups.values()) group.take(out);
    return out;
  }

  /** Adds counts of another process; called on the root. */
  merge(deltas: readonly GroupDelta[]): void {
    for (const { path, checks } of deltas) {
      const node = this.#at(path);
      for (const [name, passes, fails] of checks) {
        const count = node.check(name);
        count.passes += passes;
        count.fails += fails;
      }
    }
  }

  #at(path: string): GroupNode {
    return path
      .split('::')
      .slice(1)
      .reduce<GroupNode>((node, name) => node.group(name), this);
  }
}

function checkName(name: string): string {
  if (name.includes('::')) throw new Error("group and check names may not contain '::'");
  return name;
}
