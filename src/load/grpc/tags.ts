import type { TagLookup } from '../metrics/registry.ts';
import type { Vu } from '../vu/vu.ts';

/** Tags of the samples of one call: `service`, `method`, `url`, `name` (the path of the method), `status` (the gRPC code). */
export class CallTags implements TagLookup {
  readonly #vu: Vu;
  readonly #address: string;
  readonly #path: string;
  readonly #own: Readonly<Record<string, string>> | undefined;
  status: number | undefined;

  constructor(vu: Vu, address: string, path: string, own: Readonly<Record<string, string>> | undefined) {
    this.#vu = vu;
    this.#address = address;
    this.#path = path;
    this.#own = own;
  }

  tag(name: string): string | undefined {
    const [, service, method] = this.#path.split('/');
    switch (name) {
      case 'service':
        return service;
      case 'method':
        return method;
      case 'url':
        return `${this.#address}${this.#path}`;
      case 'name':
        return this.#own?.['name'] ?? this.#path;
      case 'status':
        return this.status === undefined ? undefined : String(this.status);
      default:
        return this.#own?.[name] ?? this.#vu.tag(name);
    }
  }

  addNames(names: Set<string>): void {
    for (const name of Object.keys(this.#own ?? {})) names.add(name);
    this.#vu.addNames(names);
  }

  metadata(): Readonly<Record<string, string>> | undefined {
    return this.#vu.metadata();
  }
}
