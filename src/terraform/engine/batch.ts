import { codeOf, type Clients } from './provider.ts';

interface Asked<Found> {
  readonly id: string;
  readonly answer: (found: Found | undefined) => void;
  readonly fail: (error: unknown) => void;
}

/**
 * Looks single things up, and asks for all that are looked up at the same moment in one call: a plan reads every resource
 * that there is. `fetch` gives what it finds by id; `most` is how many one call may ask for. Where a call for several fails, each is
 * asked for alone, since AWS refuses the whole call when one thing is gone: with one of the codes `gone` it is undefined.
 */
export function batched<Found>(
  most: number,
  fetch: (aws: Clients, ids: string[]) => Promise<Iterable<readonly [string, Found]>>,
  ...gone: readonly string[]
): (aws: Clients, id: string) => Promise<Found | undefined> {
  const waiting = new WeakMap<Clients, Asked<Found>[]>();
  return (aws, id) =>
    new Promise((answer, fail) => {
      let queue = waiting.get(aws);
      if (queue === undefined) {
        waiting.set(aws, (queue = []));
        setImmediate(() => void flush(aws));
      }
      queue.push({ id, answer, fail });
    });

  async function flush(aws: Clients): Promise<void> {
    const all = waiting.get(aws) ?? [];
    waiting.delete(aws);
    await Promise.all(
      Array.from({ length: Math.ceil(all.length / most) }, async (_, index) => ask(aws, all.slice(index * most, (index + 1) * most))),
    );
  }

  async function ask(aws: Clients, asked: readonly Asked<Found>[]): Promise<void> {
    try {
      const found = new Map(await fetch(aws, [...new Set(asked.map(({ id }) => id))]));
      for (const { id, answer } of asked) answer(found.get(id));
    } catch (error) {
      if (asked.length > 1) await Promise.all(asked.map(async (one) => ask(aws, [one])));
      else if (gone.includes(codeOf(error))) asked[0]?.answer(undefined);
      else asked[0]?.fail(error);
    }
  }
}
