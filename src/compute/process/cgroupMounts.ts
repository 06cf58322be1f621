import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A folder in which groups with this controller can be made. */
export interface CgroupParent {
  readonly version: 1 | 2;
  readonly path: string;
}

export interface CgroupParents {
  cpu?: CgroupParent;
  cpuacct?: CgroupParent;
  memory?: CgroupParent;
}

export interface FoundParents {
  readonly parents: CgroupParents;
  /** The first obstacle met, when a controller is missing. */
  readonly reason?: string;
}

export interface CgroupMount {
  readonly version: 1 | 2;
  readonly path: string;
  /** The part of the hierarchy that is mounted here; `/` unless a container sees only its own. */
  readonly root: string;
  /** Version 1: the controllers of this hierarchy. */
  readonly controllers: readonly string[];
}

/** Tries to make and use a group below these parents; resolves with the obstacle, or undefined when it worked. */
type TryParents = (parents: CgroupParents) => Promise<string | undefined>;

/**
 * Where groups can be made. Each hierarchy is tried at our own group first, so that limits put on us from
 * outside hold for our children too, then further up.
 */
export async function findCgroupParents(tryParents: TryParents): Promise<FoundParents> {
  const mounts = parseMounts(readText('/proc/self/mountinfo'));
  const own = readText('/proc/self/cgroup');
  const obstacles: string[] = [];
  const parents: CgroupParents = {};
  const v2 = mounts.find((mount) => mount.version === 2);
  if (v2) await findVersion2(v2, own, parents, tryParents, obstacles);
  for (const controller of ['cpu', 'cpuacct', 'memory'] as const) {
    const mount = mounts.find((entry) => entry.version === 1 && entry.controllers.includes(controller));
    if (!mount || parents[controller]) continue;
    for (const path of new Set([ownGroup(mount, own), mount.path])) {
      const parent: CgroupParent = { version: 1, path };
      const obstacle = await tryParents({ [controller]: parent });
      if (obstacle === undefined) {
        parents[controller] = parent;
        break;
      }
      obstacles.push(obstacle);
    }
  }
  // Version 2 counts CPU time without any controller, and holds the tree together.
  if (v2 && !parents.cpuacct) {
    for (const path of upwards(ownGroup(v2, own), v2.path)) {
      const parent: CgroupParent = { version: 2, path };
      if ((await tryParents({ cpuacct: parent })) !== undefined) continue;
      parents.cpuacct = parent;
      break;
    }
  }
  if (mounts.length === 0) obstacles.push('no cgroup file system is mounted');
  return { parents, ...(obstacles[0] === undefined ? {} : { reason: obstacles[0] }) };
}

/**
 * One hierarchy for all controllers. A group that has processes cannot hand controllers down, and ours has at
 * least us; so the usual place is beside our own group, in a parent that is delegated to us (a systemd user
 * session) or that we may write as root.
 */
async function findVersion2(
  mount: CgroupMount,
  own: string,
  parents: CgroupParents,
  tryParents: TryParents,
  obstacles: string[],
): Promise<void> {
  for (const path of upwards(ownGroup(mount, own), mount.path)) {
    if (path === mount.path) enableControllers(path);
    const enabled = readText(join(path, 'cgroup.subtree_control')).trim().split(/\s+/);
    const parent: CgroupParent = { version: 2, path };
    const wanted: CgroupParents = {};
    if (enabled.includes('cpu')) wanted.cpu = wanted.cpuacct = parent;
    if (enabled.includes('memory')) wanted.memory = parent;
    if (!wanted.cpu && !wanted.memory) continue;
    const obstacle = await tryParents(wanted);
    if (obstacle !== undefined) {
      obstacles.push(obstacle);
      continue;
    }
    Object.assign(parents, wanted);
    if (wanted.cpu && wanted.memory) return;
  }
  if (!parents.cpu && obstacles.length === 0 && /\bcpu\b/.test(readText(join(mount.path, 'cgroup.controllers')))) {
    obstacles.push('cgroup v2 hands down no cpu controller to our part of it');
  }
}

/** Only the top may be asked: it is either the machine's, where this adds to what is there, or a container's own. */
function enableControllers(path: string): void {
  for (const controller of ['cpu', 'memory']) {
    try {
      writeFileSync(join(path, 'cgroup.subtree_control'), `+${controller}`);
    } catch {
      // Not ours to change, or it holds processes; what is enabled already is read next.
    }
  }
}

function upwards(from: string, to: string): string[] {
  const paths = [from];
  for (let path = from; path !== to && path.startsWith(`${to}/`);) {
    path = dirname(path);
    paths.push(path);
  }
  return paths;
}

/** The folder of the group that we are in ourselves; the mount's when ours is not visible from here. */
export function ownGroup(mount: CgroupMount, procSelfCgroup: string): string {
  for (const line of procSelfCgroup.split('\n')) {
    const [id, controllers, ...rest] = line.split(':');
    const group = rest.join(':');
    const matches = mount.version === 2 ? id === '0' : controllers?.split(',').some((name) => mount.controllers.includes(name));
    if (matches !== true) continue;
    const root = mount.root === '/' ? '' : mount.root;
    const inside = group === root || group.startsWith(`${root}/`) ? group.slice(root.length) : '/';
    const path = join(mount.path, inside).replace(/\/$/, '');
    return isFolder(path) ? path : mount.path;
  }
  return mount.path;
}

/** The cgroup file systems in /proc/PID/mountinfo (proc_pid_mountinfo(5)). */
export function parseMounts(mountinfo: string): CgroupMount[] {
  return mountinfo.split('\n').flatMap((line) => {
    const [before, after] = line.split(' - ');
    const [, , , root, path] = (before ?? '').split(' ');
    const [type, , options] = (after ?? '').split(' ');
    if (root === undefined || path === undefined || (type !== 'cgroup' && type !== 'cgroup2')) return [];
    return { version: type === 'cgroup2' ? 2 : 1, path, root, controllers: (options ?? '').split(',') } as const;
  });
}

function isFolder(path: string): boolean {
  try {
    readdirSync(path);
    return true;
  } catch {
    return false;
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
