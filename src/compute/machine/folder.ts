import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const prefix = join(tmpdir(), 'plimsoll-machines-');

/** Where the machines of a region have their sockets and what they are built from; nobody else may list it. */
export interface MachinesFolder {
  readonly path: string;
  remove(): void;
}

/**
 * Makes the folder. Its name is short, because paths of sockets are, so it lies apart from the region's data: `record` is a
 * file there that names it, by which the folder of a run that was killed is found and removed.
 */
export function makeMachinesFolder(record: string | undefined): MachinesFolder {
  if (record !== undefined) removeMachinesFolder(record);
  const path = mkdtempSync(prefix);
  chmodSync(path, 0o711);
  if (record !== undefined) writeFileSync(record, path);
  return {
    path,
    remove() {
      rmSync(path, { recursive: true, force: true });
      if (record !== undefined) rmSync(record, { force: true });
    },
  };
}

/** Removes the folder that a record names, of a run that could not do so itself; nothing where there is none. */
export function removeMachinesFolder(record: string): void {
  let left = '';
  try {
    left = readFileSync(record, 'utf8');
  } catch {
    // None was left.
  }
  if (left.startsWith(prefix)) rmSync(left, { recursive: true, force: true });
  rmSync(record, { force: true });
}
