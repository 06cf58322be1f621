import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planProcesses, thisMachine, type Machine } from './limits.ts';

const machine: Machine = { cores: 4, openFiles: 20_000, ports: 28_232, memoryMb: 8000 };

test('a run takes one process less than there are cores, or what was asked for', () => {
  assert.deepEqual(planProcesses(1000, undefined, 0, machine), { processes: 3, notes: [] });
  assert.deepEqual(planProcesses(1000, undefined, 0, { ...machine, cores: 1 }), { processes: 1, notes: [] });
  assert.deepEqual(planProcesses(1000, 2, 0, machine), { processes: 2, notes: [] });
});

test('a few VUs are not spread over many processes, unless that is asked for', () => {
  const cores = { ...machine, cores: 16 };
  const processes = [1, 8, 9, 40, 1000].map((vus) => planProcesses(vus, undefined, 0, cores).processes);
  assert.deepEqual(processes, [1, 1, 2, 5, 15]);
  assert.equal(planProcesses(4, 3, 0, cores).processes, 3);
});

test('connections that do not fit into the files of so many processes take more, and it is said', () => {
  const { processes, notes } = planProcesses(100_000, undefined, 4, machine);
  assert.equal(processes, 6);
  assert.deepEqual(notes, [
    '6 load processes instead of 3: each may have 20,000 files open and every VU needs one; a higher limit (ulimit -n) takes fewer',
  ]);
});

test('more users than local ports need more addresses', () => {
  const [note = ''] = planProcesses(30_000, undefined, 0, machine).notes;
  assert.match(note, /30,000 VUs need more than the 28,232 local ports .* --local-ips/);
  assert.deepEqual(planProcesses(30_000, undefined, 2, machine).notes, []);
});

test('memory that will not suffice is told before the start', () => {
  const { notes } = planProcesses(10_000, undefined, 0, { ...machine, memoryMb: 256 });
  assert.deepEqual(notes, [
    '10,000 VUs take about 525 MB of memory with a simple script, 256 MB are available: use fewer VUs or a larger machine',
  ]);
});

test('the limits of this machine can be read', () => {
  for (const [name, value] of Object.entries(thisMachine())) assert.ok(value > 0 && Number.isFinite(value), `${name}: ${value}`);
});

test('more processes than any machine runs are refused, whether VUs or --workers ask for them', () => {
  assert.throws(() => planProcesses(1e20, undefined, 0, machine), { code: 'PL_LOAD_OPTIONS_INVALID' });
  assert.throws(() => planProcesses(1, 100_000, 0, machine), { code: 'PL_LOAD_OPTIONS_INVALID' });
});
