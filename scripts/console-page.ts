/** For the published package: bundles the console's page into dist/, where src/cli/console/assets.ts looks first. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bundle } from '../src/cli/console/assets.ts';

const folder = fileURLToPath(new URL('../dist/src/console/built/', import.meta.url));
mkdirSync(folder, { recursive: true });
for (const { name, body } of await bundle()) writeFileSync(folder + name, body);
