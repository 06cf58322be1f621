/**
 * `node scripts/aws-tables.ts FOLDER`: writes the facts that the SDK's schemas lack, read from the service models
 * of botocore (FOLDER is its `data`): src/aws/server/constraints.json and src/aws/operations/ec2/instanceTypes.json.
 */
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { supportedOperations } from '../src/aws/index.ts';

interface ShapeModel {
  type: string;
  enum?: string[];
  min?: number;
  max?: number;
  pattern?: string;
  members?: Record<string, { shape: string }>;
  member?: { shape: string };
  value?: { shape: string };
}
interface Model {
  metadata: { apiVersion: string };
  operations: Record<string, { input?: { shape: string } }>;
  shapes: Record<string, ShapeModel>;
}

/** Services whose published limits AWS checks in one uniform way before an operation sees the request. */
const checked: Record<string, string> = {
  autoscaling: 'autoscaling',
  'application-autoscaling': 'application-autoscaling',
  cloudwatch: 'cloudwatch',
  logs: 'logs',
  ssm: 'ssm',
  sts: 'sts',
};

const data = process.argv[2];
if (data === undefined) {
  console.error('usage: node scripts/aws-tables.ts BOTOCORE_DATA_FOLDER');
  process.exit(2);
}
const version = /__version__ = '([^']+)'/.exec(readFileSync(join(data, '..', '__init__.py'), 'utf8'))?.[1];

function model(service: string): Model {
  const newest = readdirSync(join(data!, service)).toSorted().at(-1)!;
  return JSON.parse(gunzipSync(readFileSync(join(data!, service, newest, 'service-2.json.gz'))).toString('utf8')) as Model;
}

/** `Struct.member` → `[kind, enum]`, or minimum, maximum, pattern; only what an input can reach. */
function constraints({ operations, shapes }: Model, supported: ReadonlySet<string>): Record<string, unknown> {
  const table: Record<string, unknown> = {};
  const seen = new Set<string>();
  const visit = (name: string): void => {
    if (seen.has(name)) return;
    seen.add(name);
    const shape = shapes[name]!;
    if (shape.member !== undefined) visit(shape.member.shape);
    if (shape.value !== undefined) visit(shape.value.shape);
    for (const [member, { shape: target }] of Object.entries(shape.members ?? {})) {
      const found = constraint(shapes, target);
      if (found !== undefined) table[`${name}.${member}`] = found;
      visit(target);
    }
  };
  for (const [name, { input }] of Object.entries(operations)) if (input !== undefined && supported.has(name)) visit(input.shape);
  return Object.fromEntries(Object.entries(table).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function constraint(shapes: Record<string, ShapeModel>, name: string): unknown {
  const shape = shapes[name]!;
  if (shape.type === 'structure') return undefined;
  const own: Record<string, unknown> = {};
  if (shape.enum !== undefined) own['enum'] = shape.enum;
  if (shape.min !== undefined && shape.min > 0) own['min'] = shape.min;
  if (shape.max !== undefined && shape.max < 1e6) own['max'] = shape.max;
  if (shape.pattern !== undefined && shape.pattern.length < 200 && !anything(shape.pattern)) own['pattern'] = shape.pattern;
  if (shape.type === 'list') {
    const item = constraint(shapes, shape.member!.shape);
    if (item !== undefined) own['item'] = item;
  }
  return Object.keys(own).length === 0 ? undefined : own;
}

/** Patterns that admit all printable text say nothing. */
function anything(pattern: string): boolean {
  return pattern.startsWith('[\\u0020-\\uD7FF') || pattern === '.*' || pattern === '[\\s\\S]*' || pattern === '.+';
}

/** One entry a line, so that a newer botocore shows as a small difference. */
function write(file: string, sections: Record<string, Record<string, unknown>>): void {
  const lines = Object.entries(sections).map(([name, entries]) => {
    const rows = Object.entries(entries).map(([key, value]) => `    ${JSON.stringify(key)}: ${JSON.stringify(value)}`);
    return `  ${JSON.stringify(name)}: {\n${rows.join(',\n')}\n  }`;
  });
  const source = `  "source": ${JSON.stringify(`botocore ${version ?? 'unknown'}, service-2.json`)}`;
  writeFileSync(fileURLToPath(new URL(`../${file}`, import.meta.url)), `{\n${[source, ...lines].join(',\n')}\n}\n`);
}

const supported = Map.groupBy(supportedOperations(), ([service]) => service as string);
const tables = Object.entries(checked).map(([ours, theirs]): [string, Record<string, unknown>] => [
  ours,
  constraints(model(theirs), new Set((supported.get(ours) ?? []).map(([, name]) => name))),
]);
write('src/aws/server/constraints.json', Object.fromEntries(tables));

const types = model('ec2').shapes['InstanceType']!.enum!;
const families = Object.entries(Object.groupBy(types, (type) => type.split('.')[0]!)).toSorted(([a], [b]) => (a < b ? -1 : 1));
write('src/aws/operations/ec2/instanceTypes.json', {
  families: Object.fromEntries(families.map(([family, all]) => [family, all!.map((type) => type.split('.')[1]).join(' ')])),
});
