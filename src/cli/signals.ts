import { ExitCode } from '../base/index.ts';

export interface Interruption {
  readonly signal: AbortSignal;
  /** What the command ends with when it was interrupted. */
  readonly exitCode: () => number;
  readonly dispose: () => void;
}

/**
 * Turns Ctrl-C and SIGTERM into an abort, so that a command ends in order. A second Ctrl-C ends it at once:
 * the children notice that their parent is gone and end themselves.
 */
export function interruptible(names: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP']): Interruption {
  const abort = new AbortController();
  let code: number = ExitCode.interrupted;
  const onSignal = (name: NodeJS.Signals): void => {
    code = name === 'SIGTERM' ? ExitCode.terminated : ExitCode.interrupted;
    if (abort.signal.aborted) process.exit(code);
    abort.abort(new Error(`interrupted by ${name}`));
  };
  for (const name of names) process.on(name, onSignal);
  return {
    signal: abort.signal,
    exitCode: () => code,
    dispose: () => {
      for (const name of names) process.off(name, onSignal);
    },
  };
}
