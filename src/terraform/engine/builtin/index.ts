import { systemRandom, uuid } from '../../../base/index.ts';
import { unknown } from '../../language/index.ts';
import { isSame } from '../plan/values.ts';
import type { ResourceType } from '../provider.ts';
import { anything, computed, forceNew, optional, text, textMap } from '../schema.ts';

/** Keeps a value in the state: what is given as `input` is `output` once applied. */
const terraformData: ResourceType = {
  schema: { id: text(computed), input: anything(optional), output: anything(computed), triggers_replace: anything(optional, forceNew) },
  customize(planned, before) {
    const { input = null } = planned;
    if (before === undefined || !isSame(before['input'] ?? null, input)) planned['output'] = input === null ? null : unknown;
  },
  async create() {
    return uuid();
  },
  async read(_aws, id, known) {
    return { id, output: known.values['input'] ?? null };
  },
  async update() {},
  async delete() {},
};

/** Stands for nothing; made again when its triggers change. */
const nullResource: ResourceType = {
  schema: { id: text(computed), triggers: textMap(optional, forceNew) },
  async create() {
    return String(systemRandom.int(2 ** 32)) + String(systemRandom.int(10 ** 9));
  },
  async read(_aws, id) {
    return { id };
  },
  async delete() {},
};

/** The resource types that need no endpoint. */
export const builtinTypes: Readonly<Record<string, ResourceType>> = { null_resource: nullResource, terraform_data: terraformData };
