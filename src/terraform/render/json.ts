import {
  compareAddresses,
  moduleText,
  terraformVersion,
  typeToJson,
  valueToJson,
  type InstanceAddress,
  type Json,
  type JsonObject,
  type OutputState,
  type Plan,
  type ResourceChange,
  type State,
} from '../engine/index.ts';
import { isKnown, isList, isRecord, isSensitive, Sensitive, typeOf, Unknown, type Value } from '../language/index.ts';

/**
 * Plans and states as JSON, as far as we have what Terraform writes: `terraform show -json`
 * (https://developer.hashicorp.com/terraform/internals/json-format).
 */
export function planToJson(plan: Plan): JsonObject {
  return {
    format_version: '1.2',
    terraform_version: terraformVersion,
    resource_drift: plan.drift.map(changeToJson),
    resource_changes: plan.changes.map(changeToJson),
    output_changes: Object.fromEntries(
      plan.outputs.map(({ name, action, before, after, sensitive }) => [name, sidesToJson([action], before, after, sensitive)]),
    ),
    checks: plan.checks.map(({ address, kind, status, messages }) => ({
      address: { kind, to_display: address },
      status,
      problems: messages.map((message) => ({ message })),
    })),
    applyable: plan.hasChanges,
    complete: plan.targets.length === 0,
    errored: false,
  };
}

const actionsOf = ({ action, createBeforeDestroy }: ResourceChange): string[] => {
  if (action !== 'replace') return [action];
  return createBeforeDestroy ? ['create', 'delete'] : ['delete', 'create'];
};

function changeToJson(change: ResourceChange): JsonObject {
  const { address, before, after, movedFrom, deposed, reason, importId, replacePaths } = change;
  return {
    address: address.toString(),
    ...(movedFrom !== undefined && { previous_address: movedFrom.toString() }),
    ...placeOf(address),
    provider_name: providerName(change.provider),
    ...(deposed !== undefined && { deposed }),
    change: {
      ...sidesToJson(actionsOf(change), before, after),
      ...(replacePaths.length > 0 && { replace_paths: replacePaths }),
      ...(importId !== undefined && { importing: { id: importId } }),
    },
    ...(reason !== undefined && { action_reason: reason }),
  };
}

function placeOf({ module, mode, type, name, key }: InstanceAddress): JsonObject {
  const path = moduleText(module);
  return { ...(path !== '' && { module_address: path }), mode, type, name, ...(key !== undefined && { index: key }) };
}

const providerName = (provider: string): string => /provider\["(.*?)"\]/.exec(provider)?.[1] ?? provider;

function sidesToJson(actions: readonly string[], before: Value | undefined, after: Value | undefined, sensitive = false): JsonObject {
  return {
    actions,
    before: known(before ?? null) ?? null,
    after: known(after ?? null) ?? null,
    after_unknown: marks(after ?? null, (value) => value instanceof Unknown, isKnown) ?? false,
    before_sensitive: sensitive || (marks(before ?? null, (value) => value instanceof Sensitive, notSensitive) ?? false),
    after_sensitive: sensitive || (marks(after ?? null, (value) => value instanceof Sensitive, notSensitive) ?? false),
  };
}

const notSensitive = (value: Value): boolean => !isSensitive(value);

/** What is known of a value: unknown parts are left out of objects, and null in lists. */
function known(value: Value): Json | undefined {
  if (value instanceof Sensitive) return known(value.value);
  if (value instanceof Unknown) return undefined;
  if (isList(value)) return value.map((item) => known(item) ?? null);
  if (!isRecord(value)) return valueToJson(value);
  return Object.fromEntries(Object.entries(value).flatMap(([key, item]) => wrapped(key, known(item))));
}

const wrapped = (key: string, json: Json | undefined): [string, Json][] => (json === undefined ? [] : [[key, json]]);

/** True where a value is marked, in the form of the value itself; undefined when nothing in it is. */
function marks(value: Value, marked: (value: Value) => boolean, clean: (value: Value) => boolean): Json | undefined {
  if (marked(value)) return true;
  if (clean(value)) return undefined;
  const open = value instanceof Sensitive ? value.value : value;
  if (isList(open)) return open.map((item) => marks(item, marked, clean) ?? false);
  if (!isRecord(open)) return undefined;
  return Object.fromEntries(Object.entries(open).flatMap(([key, item]) => wrapped(key, marks(item, marked, clean))));
}

/** `terraform show -json` of a state. */
export function stateToJson(state: State): JsonObject {
  const resources = state.records.flatMap(({ address, provider, current }) =>
    current === undefined
      ? []
      : [
          {
            address,
            json: {
              address: address.toString(),
              ...placeOf(address),
              provider_name: providerName(provider),
              schema_version: 0,
              values: current.attributes,
              ...(current.status === 'tainted' && { tainted: true }),
            },
          },
        ],
  );
  const within = (depth: number, path: string): JsonObject => {
    const own = resources
      .filter(({ address }) => moduleText(address.module) === path)
      .toSorted((a, b) => compareAddresses(a.address, b.address));
    const children = new Set(
      resources
        .map(({ address }) => address.module)
        .filter((module) => module.length > depth && moduleText(module.slice(0, depth)) === path)
        .map((module) => moduleText(module.slice(0, depth + 1))),
    );
    return {
      ...(path !== '' && { address: path }),
      ...(own.length > 0 && { resources: own.map(({ json }) => json) }),
      ...(children.size > 0 && { child_modules: [...children].map((child) => within(depth + 1, child)) }),
    };
  };
  const empty = state.isEmpty ? {} : { values: { outputs: outputsToJson(state.outputs), root_module: within(0, '') } };
  return { format_version: '1.0', terraform_version: terraformVersion, ...empty };
}

/** `terraform output -json`: sensitive values too, for this is how scripts get them. */
export function outputsToJson(outputs: ReadonlyMap<string, OutputState>): JsonObject {
  return Object.fromEntries(
    [...outputs]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, { value, sensitive }]) => [name, { sensitive, type: typeToJson(typeOf(value)), value: valueToJson(value) }]),
  );
}
