import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { startLoad, type LoadRequest, type LoadResult, type LogLine } from './index.ts';

export type ScriptResult = LoadResult & { lines: LogLine[]; failedChecks: string[] };

/** Runs scripts that tests hold as text, in load processes of their own; the files go when the tests are over. */
export function scriptRunner(): (source: string, request?: Partial<LoadRequest>) => Promise<ScriptResult> {
  let folder: Promise<string> | undefined;
  let count = 0;
  after(async () => {
    if (folder) await rm(await folder, { recursive: true });
  });
  return async (source, request = {}) => {
    const path = join(await (folder ??= mkdtemp(join(tmpdir(), 'plimsoll-load-'))), `script-${++count}.js`);
    await writeFile(path, source);
    return runScript(path, request);
  };
}

export async function runScript(script: string, request: Partial<LoadRequest> = {}): Promise<ScriptResult> {
  const lines: LogLine[] = [];
  const result = await startLoad({ script, log: (line) => lines.push(line), ...request }).result;
  return { ...result, lines, failedChecks: result.checks.filter(({ fails }) => fails > 0).map(({ name }) => name) };
}
