import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { Endpoint } from '../../../aws/index.ts';
import { Store } from '../../../state/index.ts';
import { isRecord, type Value } from '../../language/index.ts';
import { Arguments, plain } from '../arguments.ts';
import { createClients } from '../clients.ts';
import type { Clients } from '../provider.ts';
import type { Attributes } from '../schema.ts';
import { dataSources, resourceTypes } from './index.ts';

/** Resources by their types alone, against a control plane of their own. */

const store = new Store();
const endpoint = new Endpoint({ store, port: 0 });
export let aws: Clients;

before(async () => {
  await endpoint.listen();
  const signal = new AbortController().signal;
  aws = createClients({ endpoint: endpoint.url, region: 'us-east-1', accessKeyId: 'x', secretAccessKey: 'x', signal });
});
after(async () => {
  await endpoint.close();
  store.close();
});

const typeOf = (name: string) => {
  const type = resourceTypes[name];
  assert.ok(type, name);
  return type;
};

export interface Made {
  readonly type: string;
  readonly id: string;
  /** As given, and as read since. */
  readonly values: Attributes;
  /** Changes it in place and reads it back: what was asked for, or `expected`, is there, as far as AWS tells. Gives what was read. */
  change(patch: Attributes, expected?: Attributes): Promise<Attributes>;
  /** Deletes it, and again: it is gone. */
  remove(): Promise<void>;
}

export async function make(name: string, given: Attributes): Promise<Made> {
  const type = typeOf(name);
  const fallbacks = Object.entries(type.schema).flatMap(([key, { fallback }]) => (fallback === undefined ? [] : [[key, fallback]]));
  const planned = new Arguments({ ...(Object.fromEntries(fallbacks) as Attributes), ...given });
  const id = await type.create(aws, planned);
  await type.settle?.(aws, id, planned);
  const read = async (known: Attributes): Promise<Attributes | undefined> => {
    const found = await type.read(aws, id, new Arguments(known));
    for (const [key, value] of Object.entries(found ?? {}))
      assert.ok(key in type.schema, `${name}: ${key} (${plain(value)}) is in the schema`);
    return found;
  };
  const first = await read(planned.values);
  assert.ok(first, `${name} is there once made`);
  const made = {
    type: name,
    id,
    values: { ...planned.values, ...first } as Attributes,
    async change(patch: Attributes, expected = patch): Promise<Attributes> {
      const wanted = { ...made.values, ...patch };
      assert.ok('update' in type, `${name} can be changed`);
      for (const key of Object.keys(patch))
        assert.ok(type.schema[key] && !type.schema[key].forceNew, `${name}: ${key} can be changed in place`);
      await type.update?.(aws, id, new Arguments(wanted), new Set(Object.keys(patch)), new Arguments(made.values));
      const found = await read(wanted);
      assert.ok(found, `${name} is there once changed`);
      for (const [key, value] of Object.entries(expected))
        if (key in found)
          assert.ok(covers(found[key] ?? null, value), `${name}: ${key} is ${plain(found[key] ?? null)}, asked was ${plain(value)}`);
      made.values = { ...wanted, ...found };
      return found;
    },
    async remove(): Promise<void> {
      await type.delete(aws, id, new Arguments(made.values));
      assert.equal(await read(made.values), undefined, `${name} is gone once deleted`);
      await type.delete(aws, id, new Arguments(made.values));
    },
  };
  return made;
}

/** Whether what is there is what was asked for; AWS may say more, and lists in another order. */
function covers(there: Value, asked: Value): boolean {
  if (Array.isArray(asked))
    return (
      Array.isArray(there) &&
      there.length === asked.length &&
      asked.every((item: Value) => there.some((other: Value) => covers(other, item)))
    );
  if (asked !== null && isRecord(asked))
    return there !== null && isRecord(there) && Object.entries(asked).every(([key, item]) => covers(there[key] ?? null, item));
  const nothing = (value: Value): boolean => value === null || value === '';
  return plain(there) === plain(asked) || (nothing(there) && nothing(asked));
}

export async function data(name: string, given: Attributes = {}): Promise<Attributes> {
  const source = dataSources[name];
  assert.ok(source, name);
  return source.read(aws, new Arguments(given));
}

export async function removeAll(...made: readonly Made[]): Promise<void> {
  for (const one of made) await one.remove();
}
