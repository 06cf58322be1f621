import { spawn } from 'node:child_process';
import { once } from 'node:events';

/**
 * Ends what we started when we die without a chance to do so ourselves (`kill -9`, a crash). The kernel's death
 * signal reaches only the first process of each tree and exists only on Linux; this covers the rest: a
 * shell outside our process group that holds the reading end of a pipe from us. It reads end-of-file the moment
 * we are gone, then ends each process group it was last told of and all that our cgroups hold.
 */
export interface Keeper {
  /** Process groups, and the signal that ends each of them. */
  keep(groups: ReadonlyMap<number, 'KILL' | 'QUIT'>): void;
  /** Lets it go; nothing is ended. */
  close(): Promise<void>;
}

/** Arguments: how many tenths of a second members of our cgroups may take to end by themselves, then what the groups' paths start with. */
const script = `
trap '' HUP INT TERM
while read -r line; do list=$line; done
for entry in $list; do kill -s "\${entry%%:*}" -- "-\${entry#*:}"; done
grace=$1; shift
tenths=0
while [ $tenths -lt 100 ]; do
  left=
  for prefix; do
    for group in "$prefix"*; do
      [ -d "$group" ] || continue
      if [ $tenths -ge $grace ]; then
        while read -r pid; do kill -s KILL "$pid"; done < "$group/cgroup.procs"
      fi
      rmdir "$group" || left=1
    done
  done
  [ "$left" ] || exit 0
  sleep 0.1
  tenths=$((tenths + 1))
done
`;

export function startKeeper(cgroupPrefixes: readonly string[], graceMs = 0): Keeper {
  const child = spawn('/bin/sh', ['-c', script, 'plimsoll-keeper', String(Math.ceil(graceMs / 100)), ...cgroupPrefixes], {
    cwd: '/',
    env: { PATH: '/usr/bin:/bin' },
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  // Without a keeper (no /bin/sh, no process left to be had) the death signal is what remains.
  const ended = once(child, 'exit').catch(() => undefined);
  child.stdin.on('error', () => undefined);
  child.unref();
  const say = (line: string): void => {
    if (child.stdin.writable) child.stdin.write(`${line}\n`);
  };
  return {
    keep: (groups) => say([...groups].map(([group, signal]) => `${signal}:${group}`).join(' ')),
    async close() {
      child.ref();
      say('');
      child.stdin.end();
      await ended;
    },
  };
}
