/** Which of a resource's or module's instances: a number with `count`, a text with `for_each`, undefined without either. */
export type InstanceKey = string | number | undefined;

/** One step of the way from the root module to another: `module.name[key]`. */
export interface ModuleStep {
  readonly name: string;
  readonly key: InstanceKey;
}

export type ModulePath = readonly ModuleStep[];

export type Mode = 'managed' | 'data';

/** One instance of a resource or data source: `module.web["a"].aws_instance.this[0]`. */
export class InstanceAddress {
  readonly module: ModulePath;
  readonly mode: Mode;
  readonly type: string;
  readonly name: string;
  readonly key: InstanceKey;
  readonly #text: string;

  constructor(module: ModulePath, mode: Mode, type: string, name: string, key?: InstanceKey) {
    this.module = module;
    this.mode = mode;
    this.type = type;
    this.name = name;
    this.key = key;
    this.#text = `${within(moduleText(module))}${mode === 'data' ? 'data.' : ''}${type}.${name}${keyText(key)}`;
  }

  /** As it is written in Terraform, and the key under which maps of instances hold it. */
  toString(): string {
    return this.#text;
  }

  /** The block that declares it: without any key, `module.web.aws_instance.this`. */
  get block(): string {
    const module = this.module.map(({ name }) => `module.${name}`).join('.');
    return `${within(module)}${this.mode === 'data' ? 'data.' : ''}${this.type}.${this.name}`;
  }

  /** All instances of the resource in this module instance: without its own key. */
  get resource(): string {
    return this.#text.slice(0, this.#text.length - keyText(this.key).length);
  }

  withKey(key: InstanceKey): InstanceAddress {
    return new InstanceAddress(this.module, this.mode, this.type, this.name, key);
  }
}

const within = (module: string): string => (module === '' ? '' : `${module}.`);

/** `[0]`, `["a"]`, or nothing. */
export function keyText(key: InstanceKey): string {
  return key === undefined ? '' : `[${JSON.stringify(key)}]`;
}

/** `module.a[0].module.b`; empty for the root module. */
export function moduleText(path: ModulePath): string {
  return path.map(({ name, key }) => `module.${name}${keyText(key)}`).join('.');
}

/** What `--target`, `--replace`, `moved` and `removed` name: a module, a resource, or one instance of either. */
export interface Target {
  readonly module: ModulePath;
  /** Undefined: the module with all that is in it. */
  readonly resource?: { readonly mode: Mode; readonly type: string; readonly name: string; readonly key: InstanceKey };
}

/** Undefined when the text is no address. */
export function parseTarget(text: string): Target | undefined {
  const names = stepsOf(text);
  if (names === undefined || names.length === 0) return undefined;
  const module: ModuleStep[] = [];
  while (names[0]?.name === 'module' && names[0].key === undefined && names[1] !== undefined) {
    module.push(names[1]);
    names.splice(0, 2);
  }
  if (names.length === 0) return { module };
  const data = names[0]?.name === 'data' && names[0].key === undefined;
  const [type, resource, ...more] = data ? names.slice(1) : names;
  if (type === undefined || type.key !== undefined || resource === undefined || more.length > 0) return undefined;
  return { module, resource: { mode: data ? 'data' : 'managed', type: type.name, name: resource.name, key: resource.key } };
}

/** Undefined when the text is not the address of one resource instance. */
export function parseAddress(text: string): InstanceAddress | undefined {
  const target = parseTarget(text);
  if (target?.resource === undefined) return undefined;
  const { mode, type, name, key } = target.resource;
  return new InstanceAddress(target.module, mode, type, name, key);
}

/** `a.b[0].c["x"]` as names with their keys. */
function stepsOf(text: string): ModuleStep[] | undefined {
  const steps: ModuleStep[] = [];
  const step = /([\p{ID_Start}_][\p{ID_Continue}-]*)(?:\[(?:(\d+)|("(?:[^"\\]|\\.)*"))\])?(\.(?=.)|$)/uy;
  while (step.lastIndex < text.length) {
    const found = step.exec(text);
    if (found === null) return undefined;
    const [, name = '', index, quoted] = found;
    steps.push({ name, key: index !== undefined ? Number(index) : quoted !== undefined ? (JSON.parse(quoted) as string) : undefined });
  }
  return steps;
}

/** Whether a target means the instance: it is it, or holds it. */
export function targets(target: Target, address: InstanceAddress): boolean {
  const { module, resource } = target;
  const holds = module.every(
    ({ name, key }, index) => address.module[index]?.name === name && (key === undefined || address.module[index].key === key),
  );
  if (!holds || resource === undefined) return holds;
  if (module.length !== address.module.length) return false;
  const { mode, type, name, key } = resource;
  return mode === address.mode && type === address.type && name === address.name && (key === undefined || key === address.key);
}

/** Terraform's order: modules by depth and name, data sources first, then type, name and key. */
export function compareAddresses(a: InstanceAddress, b: InstanceAddress): number {
  if (a.module.length !== b.module.length) return a.module.length - b.module.length;
  for (const [index, step] of a.module.entries()) {
    const other = b.module[index] as ModuleStep;
    const order = compareText(step.name, other.name) || compareKeys(step.key, other.key);
    if (order !== 0) return order;
  }
  if (a.mode !== b.mode) return a.mode === 'data' ? -1 : 1;
  return compareText(a.type, b.type) || compareText(a.name, b.name) || compareKeys(a.key, b.key);
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

export function compareKeys(a: InstanceKey, b: InstanceKey): number {
  if (a === b) return 0;
  if (a === undefined || b === undefined) return a === undefined ? -1 : 1;
  if (typeof a === 'number') return typeof b === 'number' ? a - b : -1;
  return typeof b === 'number' ? 1 : compareText(a, b);
}
