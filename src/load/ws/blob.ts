import type { Vu } from '../vu/vu.ts';
import { settleLater } from '../modules/later.ts';
import { arrayBufferOf, bytesOf } from '../modules/encoding.ts';

export interface BlobLike {
  readonly size: number;
  readonly type: string;
}

const contents = new WeakMap<object, Buffer>();

/** The bytes of a Blob of a script, or undefined when it is none. */
export function blobBytes(value: unknown): Buffer | undefined {
  return typeof value === 'object' && value !== null ? contents.get(value) : undefined;
}

/** The `Blob` of one VU (https://w3c.github.io/FileAPI/#blob-section), with promises of the script's. */
export function blobClass(vu: Vu): new (parts?: unknown, options?: { type?: string }) => BlobLike {
  return class Blob implements BlobLike {
    readonly size: number;
    readonly type: string;

    constructor(parts?: unknown, options?: { type?: string }) {
      if (parts !== undefined && !Array.isArray(parts)) throw new TypeError('the parts of a Blob must be an array');
      const bytes = Buffer.concat(((parts as unknown[] | undefined) ?? []).map((part) => blobBytes(part) ?? bytesOf(part)));
      contents.set(this, bytes);
      this.size = bytes.length;
      this.type = (options?.type ?? '').toLowerCase();
    }

    arrayBuffer(): unknown {
      return settleLater(vu, Promise.resolve(arrayBufferOf(this.#bytes())));
    }

    bytes(): unknown {
      return settleLater(vu, Promise.resolve(new Uint8Array(arrayBufferOf(this.#bytes()))));
    }

    text(): unknown {
      return settleLater(vu, Promise.resolve(this.#bytes().toString('utf8')));
    }

    slice(start?: number, end?: number, type?: string): Blob {
      return new Blob([arrayBufferOf(this.#bytes().subarray(start ?? 0, end))], { type: type ?? '' });
    }

    stream(): never {
      throw new Error('Blob.stream() is not supported: use arrayBuffer() or text()');
    }

    #bytes(): Buffer {
      return blobBytes(this) ?? Buffer.alloc(0);
    }
  };
}
