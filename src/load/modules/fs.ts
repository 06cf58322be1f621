import { assert } from '../../base/index.ts';
import type { Vu } from '../vu/vu.ts';
import { moduleOf } from './bound.ts';

export const SeekMode = { Start: 0, Current: 1, End: 2 } as const;

/** A file of `k6/experimental/fs`: its bytes are shared by all VUs of the process, its position is the VU's own. */
export class ScriptFile {
  readonly path: string;
  readonly #vu: Vu;
  readonly #bytes: Buffer;
  #at = 0;

  constructor(vu: Vu, path: string, bytes: Buffer) {
    this.#vu = vu;
    this.path = path;
    this.#bytes = bytes;
  }

  /** Fills the array; resolves with the number of bytes, null at the end. */
  read(into: unknown): unknown {
    return settled(this.#vu, () => {
      if (!(into instanceof Uint8Array)) throw new TypeError('read() failed; reason: expected a Uint8Array');
      if (this.#at >= this.#bytes.length) return null;
      const count = this.#bytes.copy(into, 0, this.#at);
      this.#at += count;
      return count;
    });
  }

  /** Resolves with the new position. */
  seek(offset: unknown, whence: unknown): unknown {
    return settled(this.#vu, () => {
      const from = { [SeekMode.Start]: 0, [SeekMode.Current]: this.#at, [SeekMode.End]: this.#bytes.length }[Number(whence)];
      if (from === undefined) throw new TypeError('seek() failed; reason: unknown SeekMode');
      const at = from + Number(offset);
      if (!Number.isInteger(at) || at < 0 || at > this.#bytes.length)
        throw new TypeError('seek() failed; reason: the position would be outside of the file');
      return (this.#at = at);
    });
  }

  stat(): unknown {
    return settled(this.#vu, () => ({ name: this.path.split('/').pop() ?? '', size: this.#bytes.length }));
  }

  /** For the csv module. */
  static bytesOf(file: ScriptFile): Buffer {
    return file.#bytes;
  }
}

/** https://grafana.com/docs/k6/latest/javascript-api/k6-experimental/fs/ */
export const FsModule = moduleOf(
  {
    open(path: unknown) {
      return settled(this, () => {
        if (this.isInitialised) throw new Error('open() failed; reason: opening a file in the VU context is not allowed');
        if (typeof path !== 'string' || path === '') throw new TypeError('open() failed; reason: the path must be a text');
        return new ScriptFile(this, path, this.engine.bytesOf(path).bytes);
      });
    },
  },
  { SeekMode: () => SeekMode },
);

/** A promise of the script's that is settled already. */
export function settled(vu: Vu, result: () => unknown): unknown {
  const { promiseClass } = vu;
  assert(promiseClass, 'a script that imports the module has promises');
  const promise = new promiseClass(undefined);
  try {
    promise.resolveWith(result());
  } catch (error) {
    promise.rejectWith(error);
  }
  return promise;
}
