import { chmod, open, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errorMessage, PlimsollError, systemErrorCode } from '../../../base/index.ts';
import { terraformErrors } from '../../errors.ts';
import { stateFromText, stateToText } from './format.ts';
import { State } from './state.ts';

/** Passwords stand in states as they are: nobody else is to read them. */
const mode = 0o600;

/**
 * A state in a file. A write is whole or has not been: a new file is written and forced to the disk beside the old one, and
 * takes its name then. Before the first write the state as it was found goes to `FILE.backup`.
 */
export class StateFile {
  readonly file: string;
  /** As found and as last written; undefined when there is no file. */
  #text: string | undefined;
  #backedUp = false;

  constructor(file: string) {
    this.file = file;
  }

  /**
   * An empty state when there is no file, or an empty one.
   * @throws PL_TERRAFORM_STATE_INVALID, PL_TERRAFORM_STATE_NEWER
   */
  async read(): Promise<State> {
    this.#text = await textOf(this.file);
    return this.#text === undefined ? new State() : stateFromText(this.#text, this.file);
  }

  /**
   * Nothing when it is in the file already; otherwise the state gets its next serial.
   * @throws PL_TERRAFORM_STATE_WRITE; the file is as it was.
   */
  async write(state: State): Promise<void> {
    const text = stateToText(state);
    if (text === this.#text || (this.#text === undefined && state.isEmpty)) return;
    const serial = state.serial;
    state.serial = serial + 1;
    try {
      if (!this.#backedUp && this.#text !== undefined) await replaceFile(`${this.file}.backup`, this.#text);
      this.#backedUp = true;
      const next = stateToText(state);
      await replaceFile(this.file, next);
      this.#text = next;
    } catch (error) {
      state.serial = serial;
      throw new PlimsollError(terraformErrors.PL_TERRAFORM_STATE_WRITE, {
        what: `the state cannot be written: ${errorMessage(error)}`,
        where: this.file,
        fix: 'make room or give the folder its rights; the file itself is as it was',
        cause: error,
      });
    }
  }
}

async function textOf(file: string): Promise<string | undefined> {
  try {
    const text = await readFile(file, 'utf8');
    return text.trim() === '' ? undefined : text;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw new PlimsollError(terraformErrors.PL_TERRAFORM_STATE_INVALID, {
      what: `the state cannot be read: ${errorMessage(error)}`,
      where: file,
      cause: error,
    });
  }
}

/** Writes a file as a whole or not at all; what stood there before stays until then. For one writer at a time. */
export async function replaceFile(file: string, text: string): Promise<void> {
  const folder = dirname(file);
  // One name: what a killed process has left of it, the next write takes over.
  const scratch = join(folder, `.${basename(file)}.tmp`);
  try {
    const handle = await open(scratch, 'w', mode);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await chmod(scratch, mode);
    await rename(scratch, file);
  } catch (error) {
    await rm(scratch, { force: true });
    throw error;
  }
  await syncFolder(folder);
}

/** Makes the new name durable; not all systems let a folder be opened. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (!['EISDIR', 'EPERM', 'EINVAL', 'EACCES'].includes(systemErrorCode(error) ?? '')) throw error;
  }
}
