import { PlimsollError } from '../../../base/index.ts';
import { terraformErrors } from '../../errors.ts';
import { Mismatch, convertTo, typeOf } from '../../language/index.ts';
import { moduleText, parseAddress, type InstanceAddress, type InstanceKey } from '../address.ts';
import { typeFromJson, typeToJson, valueFromJson, valueToJson } from './json.ts';
import { State, type InstanceObject, type InstanceRecord, type Json, type JsonObject, type OutputState, type Path } from './state.ts';

/**
 * The version of Terraform whose language and file formats these are; state files and plans in JSON name it
 * (https://github.com/hashicorp/terraform/releases/tag/v1.11.4).
 */
export const terraformVersion = '1.11.4';

/** The only version of the format that Terraform has written since 0.12. */
const formatVersion = 4;

/** The text of a state file, format version 4 (https://developer.hashicorp.com/terraform/language/state). */
export function stateToText(state: State): string {
  const outputs = Object.fromEntries(
    [...state.outputs].toSorted(byName).map(([name, { value, sensitive }]) => {
      const shown = { value: valueToJson(value), type: typeToJson(typeOf(value)) };
      return [name, sensitive ? { ...shown, sensitive } : shown];
    }),
  );
  const file = {
    version: formatVersion,
    terraform_version: terraformVersion,
    serial: state.serial,
    lineage: state.lineage,
    outputs,
    resources: resourcesOf(state),
    check_results: null,
  };
  return `${JSON.stringify(file, undefined, 2)}\n`;
}

const byName = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => (a < b ? -1 : 1);

/** Instances of one resource stand together; the state's order has them so. */
function resourcesOf(state: State): JsonObject[] {
  const resources = new Map<string, { head: JsonObject; instances: JsonObject[] }>();
  for (const { address, provider, current, deposed } of state.records) {
    const key = `${address.resource} ${provider}`;
    let resource = resources.get(key);
    if (resource === undefined) {
      const { mode, type, name } = address;
      const module = moduleText(address.module);
      const each = typeof address.key === 'number' ? 'list' : 'map';
      const repeated = address.key === undefined ? {} : { each };
      resources.set(
        key,
        (resource = { head: { ...(module !== '' && { module }), mode, type, name, ...repeated, provider }, instances: [] }),
      );
    }
    if (current !== undefined) resource.instances.push(instanceToJson(address.key, current));
    for (const [id, object] of deposed) resource.instances.push(instanceToJson(address.key, object, id));
  }
  return [...resources.values()].map(({ head, instances }) => ({ ...head, instances }));
}

function instanceToJson(key: InstanceKey, object: InstanceObject, deposed?: string): JsonObject {
  return {
    ...(key !== undefined && { index_key: key }),
    ...(object.status === 'tainted' && { status: 'tainted' }),
    ...(deposed !== undefined && { deposed }),
    schema_version: 0,
    attributes: object.attributes,
    sensitive_attributes: object.sensitive.map(pathToJson),
    ...(object.dependencies.length > 0 && { dependencies: object.dependencies }),
    ...(object.createBeforeDestroy && { create_before_destroy: true }),
  };
}

/** A name is an attribute at the start and within the objects of a list; elsewhere it is the key of a map. */
function pathToJson(path: Path): Json {
  return path.map((step, index): JsonObject => {
    const before = path[index - 1];
    if (typeof step === 'string' && typeof before !== 'string') return { type: 'get_attr', value: step };
    return { type: 'index', value: { value: step, type: typeof step } };
  });
}

/**
 * A state from the text of its file.
 * @throws PL_TERRAFORM_STATE_INVALID when it is none; PL_TERRAFORM_STATE_NEWER when a newer version of Terraform changed the format.
 */
export function stateFromText(text: string, file: string): State {
  let json: Json;
  try {
    json = JSON.parse(text) as Json;
  } catch (error) {
    throw invalid(file, `it is no JSON: ${(error as Error).message}`);
  }
  const top = objectOf(json, 'the file', file);
  const version = top['version'];
  if (typeof version !== 'number') throw invalid(file, 'it has no format version');
  if (version > formatVersion)
    throw new PlimsollError(terraformErrors.PL_TERRAFORM_STATE_NEWER, {
      what: `the state has format version ${version}, and ${formatVersion} is the newest that is known here`,
      where: file,
      fix: 'use the program that wrote it, or name another state with --state',
    });
  if (version < formatVersion)
    throw invalid(file, `format version ${version} is that of Terraform before 0.12; apply once with Terraform 0.12`);
  const { lineage, serial, outputs, resources } = top;
  if (typeof lineage !== 'string' || typeof serial !== 'number' || !Number.isSafeInteger(serial) || serial < 0)
    throw invalid(file, 'its lineage or serial is missing');
  try {
    return new State(lineage, serial, outputsFrom(outputs, file), recordsFrom(resources, file));
  } catch (error) {
    if (error instanceof Mismatch) throw invalid(file, error.message);
    throw error;
  }
}

function invalid(file: string, why: string): PlimsollError {
  return new PlimsollError(terraformErrors.PL_TERRAFORM_STATE_INVALID, {
    what: `the state cannot be read: ${why}`,
    where: file,
    fix: `go back to ${file}.backup, or name another state with --state`,
  });
}

function objectOf(json: Json | undefined, what: string, file: string): JsonObject {
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as JsonObject;
  throw invalid(file, `${what} is no object`);
}

function listOf(json: Json | undefined, what: string, file: string): readonly Json[] {
  if (json === undefined || json === null) return [];
  if (Array.isArray(json)) return json as readonly Json[];
  throw invalid(file, `${what} is no list`);
}

const textOf = (json: Json | undefined): string => (typeof json === 'string' ? json : '');

function outputsFrom(json: Json | undefined, file: string): [string, OutputState][] {
  if (json === undefined || json === null) return [];
  return Object.entries(objectOf(json, 'outputs', file)).map(([name, output]) => {
    const { value, type, sensitive } = objectOf(output, `output ${name}`, file);
    return [name, { value: convertTo(valueFromJson(value), typeFromJson(type)), sensitive: sensitive === true }];
  });
}

function recordsFrom(json: Json | undefined, file: string): InstanceRecord[] {
  const records = new Map<string, { record: InstanceRecord; deposed: Map<string, InstanceObject> }>();
  for (const item of listOf(json, 'resources', file)) {
    const resource = objectOf(item, 'a resource', file);
    for (const found of listOf(resource['instances'], 'instances', file)) {
      const instance = objectOf(found, 'an instance', file);
      const address = addressOf(resource, instance['index_key'], file);
      const key = address.toString();
      let entry = records.get(key);
      if (entry === undefined) {
        const deposed = new Map<string, InstanceObject>();
        entry = { record: { address, provider: textOf(resource['provider']), current: undefined, deposed }, deposed };
        records.set(key, entry);
      }
      const object = instanceFrom(instance, file);
      const deposed = textOf(instance['deposed']);
      if (deposed === '') entry.record = { ...entry.record, current: object };
      else entry.deposed.set(deposed, object);
    }
  }
  return [...records.values()].map(({ record }) => record);
}

function addressOf(resource: JsonObject, key: Json | undefined, file: string): InstanceAddress {
  const [module, type, name] = ['module', 'type', 'name'].map((part) => textOf(resource[part]));
  const mode = resource['mode'] === 'data' ? 'data.' : '';
  const found = parseAddress(`${module ? `${module}.` : ''}${mode}${type}.${name}`);
  if (found === undefined) throw invalid(file, `${JSON.stringify(`${module} ${type}.${name}`)} is no resource`);
  return found.withKey(typeof key === 'string' || typeof key === 'number' ? key : undefined);
}

function instanceFrom(instance: JsonObject, file: string): InstanceObject {
  return {
    attributes: objectOf(instance['attributes'] ?? {}, 'attributes', file),
    status: instance['status'] === 'tainted' ? 'tainted' : 'ready',
    sensitive: listOf(instance['sensitive_attributes'], 'sensitive_attributes', file).map((path) => pathFrom(path, file)),
    dependencies: listOf(instance['dependencies'], 'dependencies', file).map(textOf),
    createBeforeDestroy: instance['create_before_destroy'] === true,
  };
}

function pathFrom(json: Json, file: string): Path {
  return listOf(json, 'a sensitive attribute', file).map((item) => {
    const step = objectOf(item, 'a step', file);
    const value = step['type'] === 'index' ? objectOf(step['value'], 'an index', file)['value'] : step['value'];
    if (typeof value === 'string' || typeof value === 'number') return value;
    throw invalid(file, 'a sensitive attribute has no path');
  });
}
