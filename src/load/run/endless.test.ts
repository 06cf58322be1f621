import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { systemClock } from '../../base/index.ts';
import { runScript } from '../testkit.ts';
import { linuxFlags } from '../vu/linux.ts';

let folder: string;
let script: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plimsoll-endless-'));
  script = join(folder, 'endless.js');
  await writeFile(
    script,
    `export const options = { scenarios: { one: { executor: 'constant-vus', vus: 1, duration: '1s', gracefulStop: '0s' } } };
    export function setup() { return 'set up'; }
    export default function () { for (;;); }
    export function teardown(data) { console.log('torn down what was ' + data); }
    export function handleSummary() { console.log('summarised'); return {}; }`,
  );
});

after(() => rm(folder, { recursive: true }));

test(
  'a script that computes without end is ended when its time is over, and the run with all that comes then',
  { timeout: 60_000 },
  async () => {
    const { exitCode, lines, distortions } = await runScript(script, { progressMs: 100 });
    assert.equal(exitCode, 0);
    assert.match(distortions.join(), /1 load process had to be ended: the script computed on/);
    const said = lines.map(({ message }) => message);
    assert.match(said[0] ?? '', /load process \d+ computes without end/);
    assert.deepEqual(
      said.filter((message) => /torn down|summarised/.test(message)),
      ['torn down what was set up', 'summarised'],
    );
  },
);

const skip = linuxFlags.length === 0 && 'needs Linux, and a Node that can call it';
test('not even a script that computes without end outlives a run that is killed', { skip, timeout: 60_000 }, async () => {
  const code = `import { startLoad } from ${JSON.stringify(new URL('../index.ts', import.meta.url).href)};
    const run = startLoad({ script: ${JSON.stringify(script)}, options: { duration: '1h' } });
    await run.plan;
    setTimeout(() => console.log(run.pids.join()), 1000);`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [text] = (await once(parent.stdout, 'data')) as [Buffer];
  const pids = text.toString().trim().split(',');
  assert.ok(pids.length > 0 && pids.every((pid) => existsSync(`/proc/${pid}`)), 'there are load processes');
  parent.kill('SIGKILL');
  while (pids.some((pid) => existsSync(`/proc/${pid}`))) await systemClock.sleep(20);
});
