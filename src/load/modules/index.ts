import { assert } from '../../base/index.ts';
import type { Vu } from '../vu/vu.ts';
import { DataModule } from './data.ts';
import { ExecutionModule } from './execution.ts';
import { HttpModule } from './http.ts';
import { K6Module } from './k6.ts';
import { lazyModuleNames, loadedModule } from './lazy.ts';
import { MetricsModule } from './metrics.ts';

const modules: Readonly<Record<string, new (vu: Vu) => object>> = {
  k6: K6Module,
  'k6/http': HttpModule,
  'k6/metrics': MetricsModule,
  'k6/data': DataModule,
  'k6/execution': ExecutionModule,
};

/** Every k6 module that a script may import. */
export const hostModuleNames: ReadonlySet<string> = new Set([...Object.keys(modules), ...lazyModuleNames]);

export { loadModules } from './lazy.ts';

/** The instance of a module for one VU. */
export function hostModule(vu: Vu, name: string): object {
  const module = modules[name] ?? loadedModule(name);
  assert(module, `the bundler lets only known modules through, not ${name}`);
  return new module(vu);
}
