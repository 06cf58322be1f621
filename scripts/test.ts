/**
 * `npm test [-- PATTERN…]`: every *.test.ts of the repository on Node's own runner, several files at once.
 * A pattern keeps the files whose path contains it.
 */
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const patterns = process.argv.slice(2);
const files = ['src', 'examples', 'scripts', 'test', 'bench']
  .flatMap((folder) => globSync(`${folder}/**/*.test.ts`, { cwd: root }))
  .filter((file) => patterns.length === 0 || patterns.some((pattern) => file.includes(pattern)))
  .toSorted();

if (files.length === 0) {
  console.error(`no test file matches ${patterns.join(' ')}`);
  process.exit(2);
}

const concurrency = Math.max(2, availableParallelism());
// Each file is a process, and many start others: that they share compiled code saves a good part of the CPU time.
const compiled = fileURLToPath(new URL('../node_modules/.cache/plimsoll', import.meta.url));
const result = spawnSync(process.execPath, ['--test', `--test-concurrency=${concurrency}`, '--test-timeout=180000', ...files], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, PLIMSOLL_TEST: '1', NODE_COMPILE_CACHE: compiled },
});
process.exit(result.status ?? 1);
