/** `npm run check`: what must hold before a commit, in the order in which it fails fastest. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { tidy } from './tidy.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const bin = (name: string): string => fileURLToPath(new URL(`../node_modules/.bin/${name}`, import.meta.url));

const steps: { name: string; run: () => boolean }[] = [
  { name: 'types', run: () => run(bin('tsc'), ['-b']) },
  { name: 'lint', run: () => run(bin('oxlint'), ['--quiet', '--max-warnings=0']) },
  { name: 'format', run: () => run(bin('oxfmt'), ['--check', '.']) },
  { name: 'tidy', run: runTidy },
  { name: 'tests', run: () => run(process.execPath, ['scripts/test.ts']) },
];

for (const step of steps) {
  const startedMs = Date.now();
  const ok = step.run();
  console.log(`${ok ? 'ok  ' : 'FAIL'} ${step.name} (${((Date.now() - startedMs) / 1000).toFixed(1)} s)`);
  if (!ok) process.exit(1);
}

function run(command: string, args: string[]): boolean {
  return spawnSync(command, args, { cwd: root, stdio: 'inherit' }).status === 0;
}

function runTidy(): boolean {
  const findings = tidy(root);
  for (const finding of findings) console.error(finding);
  return findings.length === 0;
}
