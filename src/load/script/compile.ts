import { TraceMap } from '@jridgewell/trace-mapping';
import { parse } from 'acorn';
import { analyse, untouched } from './blocking.ts';
import { bundleScript, type BundleOptions } from './bundle.ts';
import { emit } from './emit.ts';
import { loadScript, placeIn, type CompiledScript } from './loaded.ts';

export interface CompileOptions extends BundleOptions {
  /** Leaves the script as it is, for threads, even if it could be rewritten; why. */
  forThreads?: string | undefined;
}

export async function compileScript(options: CompileOptions): Promise<CompiledScript> {
  const bundle = await bundleScript(options);
  const program = parse(bundle.code, { sourceType: 'module', ecmaVersion: 'latest', preserveParens: true });
  const analysis = analyse(program);
  const [first] = analysis.refusals;
  const refusal = first
    ? { reason: first.reason, where: placeIn(bundle, new TraceMap(bundle.map), first.node.start, options.file) }
    : options.forThreads !== undefined
      ? { reason: options.forThreads, where: options.file }
      : undefined;
  const emitted = emit(bundle.code, program, refusal ? untouched(analysis) : analysis);
  return loadScript({
    file: options.file,
    bundle,
    code: emitted.code,
    map: JSON.stringify(emitted.map),
    guardedAt: emitted.guardedAt,
    awaits: emitted.awaits,
    refusal,
  });
}
