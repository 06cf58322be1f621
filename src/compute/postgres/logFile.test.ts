import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { LogFile } from './logFile.ts';

test('a log goes on where it was, and is no longer than twice its limit', () => {
  const folder = mkdtempSync(join(tmpdir(), 'plimsoll-log-'));
  const path = join(folder, 'main.log');
  try {
    for (const run of ['first', 'second']) {
      const log = new LogFile(path, 1000);
      log.add(`${run} start`);
      log.close();
    }
    assert.equal(readFileSync(path, 'utf8'), 'first start\nsecond start\n');
    const log = new LogFile(path, 1000);
    for (let index = 0; index < 500; index++) log.add(`line ${index} ${'x'.repeat(20)}`);
    log.close();
    const both = readFileSync(`${path}.1`, 'utf8') + readFileSync(path, 'utf8');
    assert.ok(both.length <= 2000, `${both.length} bytes`);
    assert.match(both, /line 499 x+\n$/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a log that cannot be written costs its lines and nothing else', () => {
  const log = new LogFile('/nowhere/at/all.log');
  log.add('lost');
  log.close();
});
