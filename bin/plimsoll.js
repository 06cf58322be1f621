#!/usr/bin/env node
// Plain JavaScript that every Node since 12 can parse, so that an old one gets a sentence and not a syntax error.
import { existsSync } from 'node:fs';
import module from 'node:module';

const needed = 24;
const major = Number(process.versions.node.split('.')[0]);

if (major < needed) {
  console.error(
    `plimsoll: Node ${needed} or newer is needed, this is Node ${process.versions.node} (${process.execPath}); install a newer one, or run it through npm in the repository (npm run demo), which brings its own`,
  );
  process.exitCode = 3;
} else {
  // Compiled code is kept between runs: the second start takes a third of the time.
  module.enableCompileCache();
  const source = new URL('../src/cli/main.ts', import.meta.url);
  const { main } = await import(existsSync(source) ? source.href : new URL('../dist/src/cli/main.js', import.meta.url).href);
  await main(process.argv);
}
