import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { renderValue, reveal } from '../language/index.ts';
import { plain } from './arguments.ts';
import { applyPlan } from './apply/apply.ts';
import type { ApplyOptions, ApplyResult } from './apply/types.ts';
import { builtinTypes } from './builtin/index.ts';
import { loadConfiguration, type LoadOptions } from './configuration/load.ts';
import type { Configuration, Types } from './configuration/types.ts';
import { DiagnosticsError } from './diagnostics.ts';
import type { Connect } from './evaluation/providers.ts';
import { planChanges } from './plan/plan.ts';
import { knownPart } from './plan/refresh.ts';
import type { Plan, PlanOptions, ResourceChange } from './plan/types.ts';
import type { Clients, DataSource, ResourceType } from './provider.ts';
import {
  type Attributes,
  anything,
  block,
  blockSet,
  blocks,
  computed,
  flag,
  forceNew,
  number,
  optional,
  required,
  settled,
  tagged,
  text,
  texts,
  textMap,
} from './schema.ts';
import { State } from './state/state.ts';

/** A cloud of things in memory, with one type of resource and one data source, for the engine's tests. */
export class FakeCloud {
  /** What there is, by id. */
  readonly things = new Map<string, Attributes>();
  /** `create web`, `delete web`, in the order in which they began. */
  readonly calls: string[] = [];
  /** Called at the start of each call; may reject, or wait. */
  before: (call: string) => Promise<void> | void = () => {};
  #next = 1;

  readonly types: Types = {
    resources: { ...builtinTypes, fake_thing: this.#thing(), fake_fixed: this.#thing(false) },
    data: { fake_thing: this.#lookup() },
  };
  readonly connect: Connect = () => ({ region: 'here', signal: new AbortController().signal }) as unknown as Clients;

  async #call(what: string): Promise<void> {
    this.calls.push(what);
    await this.before(what);
  }

  #thing(updates = true): ResourceType {
    const type: ResourceType = {
      schema: {
        id: text(computed),
        address: text(computed),
        revision: number(computed, { changing: true }),
        name: text(required, forceNew),
        size: number(optional),
        public: flag(optional, { fallback: true }),
        kind: text(settled),
        zone: text(settled, forceNew),
        note: text(optional, { same: (before, after) => plain(before).toLowerCase() === plain(after).toLowerCase() }),
        old_note: text(optional, { oldNameOf: 'note' }),
        secret: text(optional, { sensitive: true }),
        links: texts(optional),
        labels: textMap(optional),
        anything: anything(optional),
        disk: block({ gib: number(required), type: text(settled), encrypted: flag(optional, forceNew) }, optional),
        step: blocks({ run: text(required) }, optional),
        rule: blockSet({ port: number(required), from: texts(optional), id: text(computed) }, settled),
        ...tagged,
      },
      create: async (_clients, planned) => {
        await this.#call(`create ${planned.sure('name')}`);
        const id = `thing-${this.#next++}`;
        this.things.set(id, { ...knownPart(planned.values), id, revision: 1 });
        return id;
      },
      settle: async (_clients, _id, planned) => this.#call(`settle ${planned.sure('name')}`),
      read: async (_clients, id, known) => {
        await this.#call(`read ${known.sure('name')}`);
        const thing = this.things.get(id);
        if (thing === undefined) return undefined;
        const told = ['name', 'size', 'public', 'labels', 'disk', 'step', 'rule', 'tags_all', 'kind', 'zone', 'revision', 'note', 'links'];
        // What nobody gave AWS tells as empty, not as null.
        const empty: Attributes = { size: 0, note: '', links: [], labels: {} };
        const values = Object.fromEntries(told.map((key) => [key, thing[key] ?? empty[key] ?? null]));
        return {
          ...values,
          id,
          address: `${id}.example`,
          kind: thing['kind'] ?? 'plain',
          zone: thing['zone'] ?? 'a',
          tags_all: thing['tags_all'] ?? {},
          rule: thing['rule'] ?? [],
        };
      },
      delete: async (_clients, id, known) => {
        await this.#call(`delete ${known.sure('name')}`);
        this.things.delete(id);
      },
    };
    if (!updates) return type;
    return {
      ...type,
      update: async (_clients, id, planned, changed, before) => {
        await this.#call(`update ${planned.sure('name')}: ${[...changed].toSorted().join(', ')}`);
        this.things.set(id, { ...knownPart(planned.values), id, revision: (before.number('revision') ?? 0) + 1 });
      },
    };
  }

  /** Finds a thing by its name. */
  #lookup(): DataSource {
    return {
      schema: { id: text(computed), name: text(required), address: text(computed) },
      read: async (_clients, given) => {
        await this.#call(`look up ${given.sure('name')}`);
        const found = [...this.things.values()].find(({ name }) => name === given.text('name'));
        const id = plain(found?.['id'] ?? 'none');
        return { id, address: found === undefined ? null : `${id}.example` };
      },
    };
  }
}

export type Files = Readonly<Record<string, string>> | string;

/** A folder of these files while `work` runs; a text alone is `main.tf`. */
export async function inFolder<Result>(files: Files, work: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'plimsoll-engine-'));
  try {
    for (const [name, content] of Object.entries(typeof files === 'string' ? { 'main.tf': files } : files)) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), content);
    }
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** A configuration and a state over a fake cloud: what a person would do with them. */
export class Desk {
  readonly cloud = new FakeCloud();
  state = new State();

  load(files: Files, options: LoadOptions = {}): Promise<Configuration> {
    return inFolder(files, (folder) => loadConfiguration(folder, { types: this.cloud.types, nowMs: 0, ...options }));
  }

  async plan(files: Files, options: PlanOptions & { readonly load?: LoadOptions } = {}): Promise<Plan> {
    return planChanges(await this.load(files, options.load), this.state, this.cloud.connect, options);
  }

  /** Plans and applies; the state is the new one. */
  async apply(files: Files, options: PlanOptions & ApplyOptions & { readonly load?: LoadOptions } = {}): Promise<ApplyResult> {
    const result = await applyPlan(await this.plan(files, options), this.cloud.connect, options);
    this.state = result.state;
    return result;
  }

  /** The same, and errors are thrown. */
  async applied(files: Files, options: PlanOptions & ApplyOptions = {}): Promise<ApplyResult> {
    const result = await this.apply(files, options);
    if (result.diagnostics.some(({ severity }) => severity === 'error')) throw new DiagnosticsError(result.diagnostics);
    return result;
  }

  /** The addresses in the state. */
  get addresses(): string[] {
    return this.state.records.map(({ address }) => address.toString());
  }
}

/** `create fake_thing.a`, with the reason where there is one; what stays as it is is left out. */
export function changesOf({ changes }: Pick<Plan, 'changes'>): string[] {
  return changes.filter(({ action }) => action !== 'no-op').map(describe);
}

function describe({ action, address, reason, createBeforeDestroy, deposed }: ResourceChange): string {
  const how = action === 'replace' && createBeforeDestroy ? 'replace, create first,' : action;
  return [how, address.toString(), deposed && '(deposed)', reason && `(${reason})`].filter(Boolean).join(' ');
}

/** What differs between the two sides of a change, as `name: before -> after`. */
export function differences({ before = {}, after = {} }: ResourceChange): string[] {
  const show = (value: Parameters<typeof renderValue>[0] | undefined): string => renderValue(reveal(value ?? null)).replaceAll(/\s+/g, ' ');
  return Object.keys({ ...before, ...after })
    .filter((name) => show(before[name]) !== show(after[name]))
    .map((name) => `${name}: ${show(before[name])} -> ${show(after[name])}`);
}

/** The errors of a promise that must reject, as `line: summary: detail`, without the folder's name. */
export async function errorsOf(work: Promise<unknown>): Promise<string[]> {
  const error: unknown = await work.then(() => undefined, (reason: unknown) => reason); // prettier-ignore
  if (!(error instanceof DiagnosticsError)) throw error ?? new Error('there was no error');
  return error.diagnostics
    .filter(({ severity }) => severity === 'error')
    .map(({ summary, detail, range }) =>
      `${range === undefined ? '' : `${range.line}: `}${summary}${detail === '' ? '' : `: ${detail}`}`.replaceAll(
        /\/[^ "]*plimsoll-engine-[^/]*\//g,
        '',
      ),
    );
}
