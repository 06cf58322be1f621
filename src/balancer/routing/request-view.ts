import type { RequestHead } from '../../http1/index.ts';

/** A request as rules see it, of either HTTP version. */
export interface RequestView {
  readonly method: string;
  /** `host` or `host:port`. */
  readonly authority: string;
  readonly path: string;
  /** Without `?`. */
  readonly query: string;
  /** All values of a field by its lower-case name. */
  header(name: string): readonly string[];
  /** The connection's peer. */
  readonly address: string;
}

/** An HTTP/1.1 head as a view; strings are made when asked for. */
export class HeadView implements RequestView {
  readonly #head: RequestHead;
  readonly address: string;

  constructor(head: RequestHead, address: string) {
    this.#head = head;
    this.address = address;
  }

  get method(): string {
    return this.#head.methodName;
  }

  get authority(): string {
    return this.#head.authority;
  }

  get path(): string {
    return this.#head.path;
  }

  get query(): string {
    return this.#head.query;
  }

  header(name: string): readonly string[] {
    return this.#head.getAll(name);
  }
}

/** The host of an authority, without its port. */
export function hostOf(authority: string): string {
  return authority.replace(/:\d*$/, '');
}

/** The value of a cookie, or undefined. */
export function cookieOf(view: RequestView, name: string): string | undefined {
  for (const line of view.header('cookie')) {
    for (const pair of line.split(';')) {
      const at = pair.indexOf('=');
      if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim();
    }
  }
  return undefined;
}
