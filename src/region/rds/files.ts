import { existsSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { dbSnapshots, type DBInstanceResource, type Place, type World } from '../../aws/index.ts';
import { makeFolder } from '../../base/index.ts';
import { copyFolder } from './copyFolder.ts';

/** A DB instance by its name. */
interface Named {
  readonly at: Place;
  readonly id: string;
}

/** The files of databases and of their snapshots, below the data folder. Servers that they belong to do not run meanwhile. */
export class DatabaseFiles {
  readonly #world: World;
  readonly #dataDir: string;

  constructor(world: World, dataDir: string) {
    this.#world = world;
    this.#dataDir = dataDir;
  }

  folder({ at, id }: Named): string {
    return resolve(this.#dataDir, 'rds', at.account, at.region, id);
  }

  /** Beside its folder: it outlives a restore, and is no part of a snapshot. */
  logFile(database: Named): string {
    return `${this.folder(database)}.log`;
  }

  /** Copies the files for each of the database's snapshots that waits for them. */
  snapshot(database: Named): void {
    const { at, id } = database;
    const waiting = at.table(dbSnapshots).filter((one) => one.DBInstanceIdentifier === id && one.Status === 'creating');
    for (const snapshot of waiting) {
      const folder = this.#snapshotFolder(at, snapshot.DBSnapshotIdentifier);
      rmSync(folder, { recursive: true, force: true });
      if (existsSync(this.folder(database))) copyFolder(this.folder(database), folder);
      this.#world.transaction(() => at.table(dbSnapshots).patch(snapshot, { Status: 'available', PercentProgress: 100 }));
    }
  }

  /** A new instance that comes from a snapshot begins with its files. */
  restore(database: Named, { sourceSnapshot }: DBInstanceResource): void {
    const folder = this.folder(database);
    if (sourceSnapshot === undefined || existsSync(folder)) return;
    const files = this.#snapshotFolder(database.at, sourceSnapshot);
    if (!existsSync(files)) return;
    makeFolder(dirname(folder));
    copyFolder(files, folder);
  }

  remove(database: Named): void {
    rmSync(this.folder(database), { recursive: true, force: true });
    for (const file of [this.logFile(database), `${this.logFile(database)}.1`]) rmSync(file, { force: true });
  }

  #snapshotFolder(at: Place, id: string): string {
    return join(this.#dataDir, 'rds-snapshots', at.account, at.region, id.replaceAll(/[^a-z0-9-]/g, '_'));
  }
}
