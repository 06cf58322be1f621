import { main } from '../../src/cli/main.ts';
import { connectParent } from '../../src/base/index.ts';
import type { Finished } from '../support/processes.ts';

/**
 * A process that carries out one command of the command line after the other, as `bin/plimsoll.js` would each in a process of its
 * own: the code is loaded once for a whole file of tests. Gets the arguments, answers with what the command said and ended with.
 */
const start = process.cwd();
let turn = Promise.resolve();
const answer = connectParent<readonly string[], Finished>({
  onMessage: (args) => void (turn = turn.then(() => carryOut(args))),
  onEnd: () => process.exit(),
});

async function carryOut(args: readonly string[]): Promise<void> {
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    process[name].write = (text: string | Uint8Array): boolean => {
      said[name] += typeof text === 'string' ? text : Buffer.from(text).toString();
      return true;
    };
  process.argv.splice(2, Infinity, ...args);
  process.exitCode = undefined;
  await main(process.argv);
  // What each command leaves to the end of its process.
  process.stdout.removeAllListeners('error');
  process.chdir(start);
  answer({ code: process.exitCode ?? 0, signal: null, ...said });
}
