import { resolve } from 'node:path';
import { systemClock } from '../../../base/index.ts';
import { allTypes } from '../allTypes.ts';
import { Diagnostics, DiagnosticsError, problem } from '../diagnostics.ts';
import { BlockIndex } from './blockIndex.ts';
import { checkNames } from './names.ts';
import { readModule } from './module.ts';
import { configurationGraph } from './dependencies.ts';
import type { Backend, Configuration, Types, VariableSources } from './types.ts';
import { rootVariables } from './variables.ts';

export interface LoadOptions {
  readonly variables?: VariableSources;
  readonly workspace?: string;
  /** All that there are, unless given. */
  readonly types?: Types;
  readonly nowMs?: number;
}

/**
 * Reads a folder's configuration with the modules it calls, checks it, and gives its variables their values.
 * @throws DiagnosticsError with all that is wrong
 */
export async function loadConfiguration(folder: string, options: LoadOptions = {}): Promise<Configuration> {
  const found = new Diagnostics();
  const index = new BlockIndex();
  const types = options.types ?? allTypes;
  try {
    const root = await readModule(folder, [], { types, found, index });
    warnOfBackend(root.backend, found);
    found.throwIfFailed();
    checkNames(root, found);
    found.throwIfFailed();
    const graph = configurationGraph(root);
    graph.refuseCycles();
    const variables = await rootVariables(folder, root.variables, options.variables ?? {}, found);
    found.throwIfFailed();
    return {
      root,
      variables,
      types,
      workspace: options.workspace ?? 'default',
      nowMs: options.nowMs ?? Math.floor(systemClock.nowMs() / 1000) * 1000,
      currentFolder: resolve('.'),
      backend: root.backend,
      warnings: index.locate(found.all),
      index,
      graph,
    };
  } catch (error) {
    if (!(error instanceof DiagnosticsError)) found.fail(error);
    const all = error instanceof DiagnosticsError ? error.diagnostics : found.all;
    throw new DiagnosticsError(index.locate(all), error);
  }
}

function warnOfBackend(backend: Backend | undefined, found: Diagnostics): void {
  if (backend === undefined || backend.type === 'local') return;
  const what = backend.type === 'cloud' ? 'The cloud block is' : `The backend "${backend.type}" is`;
  const detail = `${what} left alone: Plimsoll keeps the state in a file in the configuration's folder.`;
  found.add(problem('warning', 'State is kept locally', detail, backend.range));
}
