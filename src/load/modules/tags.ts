import type { TagLookup } from '../metrics/registry.ts';
import type { Vu } from '../vu/vu.ts';

/**
 * Tags that a script hands over, as text; undefined for none. As in k6 a value must be a string, a number or a boolean: any other is an
 * error that names the tag.
 */
export function readTags(value: unknown): Readonly<Record<string, string>> | undefined {
  if (value === undefined || value === null) return undefined;
  const tags: Record<string, string> = {};
  for (const name of Object.keys(value)) tags[name] = tagText('tag', name, (value as Record<string, unknown>)[name]);
  return tags;
}

/** The value of a tag, or of the metadata of a sample. */
export function tagText(kind: 'tag' | 'metadata', name: string, value: unknown): string {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new TypeError(
    `invalid value for metric ${kind} '${name}': only String, Boolean and Number types are accepted as a metric ${kind} value${kind === 'tag' ? 's' : ''}`,
  );
}

/** The tags of one sample: those that the script gave for it, then the VU's. */
export class OwnTags implements TagLookup {
  readonly #vu: Vu;
  readonly #own: Readonly<Record<string, string>>;

  constructor(vu: Vu, own: Readonly<Record<string, string>>) {
    this.#vu = vu;
    this.#own = own;
  }

  tag(name: string): string | undefined {
    return this.#own[name] ?? this.#vu.tag(name);
  }

  addNames(names: Set<string>): void {
    for (const name of Object.keys(this.#own)) names.add(name);
    this.#vu.addNames(names);
  }

  metadata(): Readonly<Record<string, string>> | undefined {
    return this.#vu.metadata();
  }
}
