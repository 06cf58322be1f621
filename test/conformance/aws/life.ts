import assert from 'node:assert/strict';
import { test } from 'node:test';

type Tags = readonly { readonly Key?: string | undefined; readonly Value?: string | undefined }[] | undefined;

/** What clients do with a resource of one kind, from its making to the error of what is gone. */
export interface Life {
  /** Makes one more; resolves to what it is known by. */
  make(number: number): Promise<string | undefined>;
  /** One that exists, as the service tells it; rejects with `gone` after `remove`, or finds nothing without it. */
  read(id: string): Promise<unknown>;
  readonly gone?: string;
  /** Changes one, and says what of `read` must then be so. */
  change?(id: string): Promise<(found: never) => unknown>;
  /** All of this kind by a paginator, two to a page. */
  pages?(): AsyncIterable<{ readonly [key: string]: unknown }>;
  /** The member of a page that lists them. */
  readonly listed?: string;
  readonly tags?: {
    add(id: string): Promise<unknown>;
    read(id: string): Promise<Tags>;
    remove(id: string): Promise<unknown>;
  };
  remove(id: string): Promise<unknown>;
}

const madeCount = 3;

/** A test of a whole life: three are made, read, changed, listed in pages, tagged and removed. */
export function life(name: string, resource: Life): void {
  test(`${name}: made, read, changed, listed in pages, tagged, removed`, async () => {
    const ids: string[] = [];
    for (let number = 0; number < madeCount; number++) ids.push((await resource.make(number))!);
    const id = ids[0]!;
    const holds = await resource.change?.(id);
    const found = await resource.read(id);
    assert.ok(found !== undefined, `${id} is read`);
    if (holds !== undefined) assert.ok(holds(found as never), `${id} was changed: ${JSON.stringify(found)}`);
    if (resource.pages !== undefined) {
      const sizes: number[] = [];
      for await (const page of resource.pages()) sizes.push(((page[resource.listed!] ?? []) as unknown[]).length);
      const total = sizes.reduce((sum, size) => sum + size, 0);
      assert.ok(total >= madeCount, `${total} are listed`);
      assert.deepEqual(sizes.filter((size) => size > 0).slice(0, -1), Array(Math.ceil(total / 2) - 1).fill(2));
    }
    if (resource.tags !== undefined) {
      const team = async (): Promise<string | undefined> => (await resource.tags!.read(id))?.find(({ Key }) => Key === 'team')?.Value;
      await resource.tags.add(id);
      assert.equal(await team(), 'blue');
      await resource.tags.remove(id);
      assert.equal(await team(), undefined);
    }
    for (const one of ids) await resource.remove(one);
    if (resource.gone === undefined) assert.equal(await resource.read(id), undefined);
    else await assert.rejects(resource.read(id), { name: resource.gone });
  });
}

/** The tags of services that write `key` and `value`, or a record, as `Life` reads them. */
export function capital(
  tags: readonly { key?: string | undefined; value?: string | undefined }[] | Record<string, string> | undefined,
): Tags {
  if (Array.isArray(tags)) return (tags as { key?: string; value?: string }[]).map(({ key, value }) => ({ Key: key, Value: value }));
  return Object.entries((tags ?? {}) as Record<string, string>).map(([Key, Value]) => ({ Key, Value }));
}
