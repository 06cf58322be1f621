import { basename, extname, join, dirname } from 'node:path';
import { RunExitCode } from '../../load/index.ts';

/** What of a run names files, which each script of a suite gets for itself. */
export interface SuiteFiles {
  out?: string[];
  summaryExport?: string;
  consoleOutput?: string;
}

/**
 * Several scripts as one test, one after the other with the same flags, also after one that failed; only
 * one that cannot be run at all ends it. The exit code is that of the first that did not pass.
 */
export async function runSuite<F extends SuiteFiles>(
  scripts: readonly string[],
  flags: F,
  runScript: (script: string, flags: F) => Promise<number>,
  print: (text: string) => void = (text) => void process.stdout.write(text),
): Promise<number> {
  const codes: number[] = [];
  for (const script of scripts) {
    codes.push(await runScript(script, filesOf(script, flags)));
    // Whoever interrupts one means all.
    if (codes.at(-1) === RunExitCode.externalAbort || codes.at(-1) === RunExitCode.stoppedByRest) break;
  }
  const width = Math.max(...scripts.map((script) => script.length));
  const line = (script: string, code: number | undefined): string =>
    `    ${code === 0 ? '✓' : '✗'} ${script.padEnd(width)}  ${code === undefined ? 'not run' : code === 0 ? 'passed' : `exit code ${code}`}`;
  print(`  █ SUITE \n\n${scripts.map((script, i) => line(script, codes[i])).join('\n')}\n\n`);
  return codes.find((code) => code !== 0) ?? 0;
}

/** `results.json` of the script `login.js` is `results-login.json`. */
function filesOf<F extends SuiteFiles>(script: string, flags: F): F {
  const name = basename(script, extname(script));
  const own = (file: string): string => join(dirname(file), `${basename(file, extname(file))}-${name}${extname(file)}`);
  const files: SuiteFiles = {};
  if (flags.out)
    files.out = flags.out.map((out) =>
      out.replace(/^((?:json|csv|junit|html)=)(.+)$/, (_, kind: string, file: string) => kind + own(file)),
    );
  if (flags.summaryExport !== undefined) files.summaryExport = own(flags.summaryExport);
  if (flags.consoleOutput !== undefined) files.consoleOutput = own(flags.consoleOutput);
  return { ...flags, ...files };
}
