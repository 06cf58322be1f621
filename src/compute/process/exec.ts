import type { Clock } from '../../base/index.ts';
import { childEnvironment, findProgram, launch } from './launch.ts';
import { exitOf, killTree } from './tree.ts';
import type { Workload } from './workload.ts';

interface ExecOptions {
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly setpriv: string | undefined;
}

/**
 * Runs a command in a workload's environment, folder and limits; see `ComputeDriver.exec`. A workload of this driver
 * has no network of its own but an address, so `localhost` and 127.0.0.1 of the command are that address.
 */
export async function runBeside(
  { spec, memberFiles }: Workload,
  command: readonly string[],
  { timeoutMs, clock, setpriv }: ExecOptions,
): Promise<number | undefined> {
  const env = childEnvironment(spec.env);
  const [program = '', ...args] = command.map((part) => part.replaceAll(/\b(?:localhost|127\.0\.0\.1)\b/g, spec.address));
  try {
    const file = findProgram(program, spec.cwd, env['PATH'] ?? '');
    const child = await launch({ file, args, cwd: spec.cwd, env, memberFiles, deathSignal: 'KILL' }, setpriv);
    child.stdout?.resume();
    child.stderr?.resume();
    const pid = child.pid as number;
    const tree = { pid, cgroup: undefined };
    let late = false;
    const timer = clock.after(timeoutMs, () => {
      late = true;
      void killTree(tree, clock);
    });
    const { code } = await exitOf(child);
    timer.cancel();
    return late ? undefined : (code ?? undefined);
  } catch {
    return undefined;
  }
}
