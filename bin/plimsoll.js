#!/usr/bin/env node
// Plain JavaScript that every Node since 12 can parse, so that an old one gets a sentence and not a syntax error.
import { accessSync, constants, existsSync } from 'node:fs';
import module from 'node:module';
import { fileURLToPath } from 'node:url';

const needed = 24;
const major = Number(process.versions.node.split('.')[0]);

if (major < needed) {
  console.error(
    `plimsoll: Node ${needed} or newer is needed, this is Node ${process.versions.node} (${process.execPath}); install a newer one, or run it through npm in the repository (npm run demo), which brings its own`,
  );
  process.exitCode = 3;
} else {
  keepCompiledCode();
  const source = new URL('../src/cli/main.ts', import.meta.url);
  const { main } = await import(existsSync(source) ? source.href : new URL('../dist/src/cli/main.js', import.meta.url).href);
  await main(process.argv);
}

/** Compiled code is kept between runs, in node_modules where that is ours to write: the second start takes a third of the time. */
function keepCompiledCode() {
  const modules = fileURLToPath(new URL('../node_modules', import.meta.url));
  try {
    accessSync(modules, constants.W_OK);
    module.enableCompileCache(`${modules}/.cache/plimsoll`);
  } catch {
    // Nothing is left behind elsewhere: it only starts more slowly.
  }
}
