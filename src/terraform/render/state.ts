import {
  objectFromJson,
  resourceTypes,
  dataSources,
  valueFromJson,
  type Path,
  type InstanceObject,
  type InstanceRecord,
  type ResourceObject,
  type Schema,
  type State,
} from '../engine/index.ts';
import { isList, isRecord, record, Sensitive, type Value } from '../language/index.ts';
import { diffBlock } from './diff.ts';
import type { Paint } from './paint.ts';
import { renderOutputValues } from './text.ts';
import { renderDiff } from './value.ts';

/** A state as `terraform show` prints it. */
export function renderState(state: State, paint: Paint): string {
  const records = state.records.filter(({ current }) => current !== undefined);
  if (state.isEmpty) return 'The state is empty. No resources are represented.\n';
  const blocks = records.map((found) => renderRecord(found, paint));
  const outputs = state.outputs.size === 0 ? '' : `\nOutputs:\n\n${renderOutputValues(state.outputs)}`;
  return `${blocks.join('\n')}${outputs}`;
}

/** One object of a state, as `terraform state show` prints it. */
export function renderRecord({ address, current }: InstanceRecord, paint: Paint): string {
  if (current === undefined) return '';
  const { type, name, mode } = address;
  const schema = (mode === 'data' ? dataSources : resourceTypes)[type]?.schema ?? {};
  const object = valuesOf(schema, current);
  const head = `${mode === 'data' ? 'data' : 'resource'} ${JSON.stringify(type)} ${JSON.stringify(name)}`;
  const body = renderDiff(diffBlock(schema, object, object), 0, { paint, whole: true });
  // A plan has four columns for its marks; here is nothing to mark.
  const text = `${head} ${body}`.replace(/^ {4}/gm, '');
  return `# ${address.toString()}:${current.status === 'tainted' ? ' (tainted)' : ''}\n${text}\n`;
}

function valuesOf(schema: Schema, object: InstanceObject): ResourceObject {
  const values =
    Object.keys(schema).length > 0 ? objectFromJson(schema, object.attributes) : (valueFromJson(object.attributes) as ResourceObject);
  return object.sensitive.reduce<ResourceObject>((marked, path) => markAt(marked, path) as ResourceObject, values);
}

function markAt(value: Value, path: Path): Value {
  const [step, ...rest] = path;
  if (step === undefined) return value === null || value instanceof Sensitive ? value : new Sensitive(value);
  if (isList(value)) return value.map((item, index) => (index === step ? markAt(item, rest) : item));
  if (!isRecord(value)) return value;
  return record(Object.entries(value).map(([key, item]) => [key, key === step ? markAt(item, rest) : item]));
}
