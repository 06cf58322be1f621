import { AwsError } from '../codec/error.ts';
import type { Shape, StructShape } from '../codec/shape.ts';
import table from './constraints.json' with { type: 'json' };
import type { ServiceEntry } from './services.ts';

/** What botocore's models say of a member beyond its type; lengths of texts and lists, ranges of numbers. */
interface Constraint {
  readonly enum?: readonly string[];
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: string;
  readonly item?: Constraint;
}

type ConstraintTable = Readonly<Record<string, Constraint>>;

const tables = table as unknown as Readonly<Record<string, ConstraintTable>>;
const patterns = new Map<string, RegExp>();

/** Members whose value AWS leaves out of the message. */
const unshown: ReadonlySet<string> = new Set(['logGroupIdentifier', 'logGroupIdentifiers']);

/** What is asked instead where nothing runs: docs/decisions/007-lenient-where-nothing-runs.md. */
const lenient: ConstraintTable = {
  'InstanceMetadataOptions.HttpPutResponseHopLimit': { min: 1 },
  // CloudWatch's own rule for a namespace admits a colon.
  'DescribeMetricFiltersRequest.metricNamespace': { max: 255 },
  'MetricTransformation.metricNamespace': { max: 255 },
};

const lenientTables: typeof tables = Object.fromEntries(
  Object.entries(tables).map(([service, constraints]) => [service, { ...constraints, ...lenient }]),
);

/** AWS names at most ten faults in one answer. */
const faultsMax = 10;

/** The code that a service answers a broken constraint with. */
export function validationCode(entry: ServiceEntry, input: StructShape): string {
  if (entry.name === 'logs' && input.name.includes('Delivery')) return 'ValidationException';
  if (entry.name === 'ecs' || entry.name === 'logs') return 'InvalidParameterException';
  if (entry.protocol === 'ec2Query') return 'InvalidParameterValue';
  return entry.protocol === 'awsQuery' || entry.name === 'cloudwatch' ? 'ValidationError' : 'ValidationException';
}

/** Refuses an input with values that the service's model does not allow, all faults in one message. */
export function checkConstraints(
  entry: ServiceEntry,
  shape: StructShape | undefined,
  input: Readonly<Record<string, unknown>>,
  strict: boolean,
): void {
  const constraints = strict ? tables[entry.name] : lenientTables[entry.name];
  if (constraints === undefined || shape === undefined) return;
  const faults: string[] = [];
  checkStruct(constraints, shape, input, '', faults);
  if (faults.length === 0) return;
  const shown = faults.slice(0, faultsMax);
  throw new AwsError(
    validationCode(entry, shape),
    `${shown.length} validation error${shown.length === 1 ? '' : 's'} detected: ${shown.join('; ')}`,
  );
}

function checkStruct(
  constraints: ConstraintTable,
  shape: StructShape,
  value: Readonly<Record<string, unknown>>,
  path: string,
  faults: string[],
): void {
  for (const member of shape.members) {
    const held = value[member.name];
    if (held === undefined) continue;
    const name = member.name.charAt(0).toLowerCase() + member.name.slice(1);
    const here = path === '' ? name : `${path}.${name}`;
    const constraint = constraints[`${shape.name}.${member.name}`];
    if (constraint !== undefined) check(constraint, held, here, faults);
    descend(constraints, member.shape, held, here, faults);
  }
}

function descend(constraints: ConstraintTable, shape: Shape, value: unknown, path: string, faults: string[]): void {
  if (shape.kind === 'struct') checkStruct(constraints, shape, value as Record<string, unknown>, path, faults);
  else if (shape.kind === 'list' && shape.item.kind === 'struct') {
    for (const [index, item] of (value as unknown[]).entries())
      descend(constraints, shape.item, item, `${path}.${index + 1}.member`, faults);
  }
}

function check(constraint: Constraint, value: unknown, path: string, faults: string[]): void {
  const rule = broken(constraint, value);
  if (rule !== undefined)
    faults.push(`Value ${unshown.has(path) ? '' : `'${shown(value)}' `}at '${path}' failed to satisfy constraint: Member must ${rule}`);
  if (constraint.item === undefined || !Array.isArray(value)) return;
  const inner = value.map((item) => broken(constraint.item!, item)).find((one) => one !== undefined);
  if (inner !== undefined)
    faults.push(
      `Value '${shown(value)}' at '${path}' failed to satisfy constraint: Member must satisfy constraint: [Member must ${inner}]`,
    );
}

function broken({ enum: allowed, min, max, pattern }: Constraint, value: unknown): string | undefined {
  if (allowed !== undefined && typeof value === 'string' && !allowed.includes(value))
    return `satisfy enum value set: [${allowed.join(', ')}]`;
  const size = typeof value === 'number' ? value : typeof value === 'string' || Array.isArray(value) ? value.length : undefined;
  const what = typeof value === 'number' ? 'value' : 'length';
  if (size !== undefined && min !== undefined && size < min) return `have ${what} greater than or equal to ${min}`;
  if (size !== undefined && max !== undefined && size > max) return `have ${what} less than or equal to ${max}`;
  if (pattern !== undefined && typeof value === 'string' && !expression(pattern).test(value))
    return `satisfy regular expression pattern: ${pattern}`;
  return undefined;
}

/** Java's patterns; one that JavaScript does not understand admits everything. */
function expression(pattern: string): RegExp {
  let found = patterns.get(pattern);
  if (found === undefined) {
    try {
      found = new RegExp(`^(?:${pattern})$`, 'su');
    } catch {
      found = /^/;
    }
    patterns.set(pattern, found);
  }
  return found;
}

function shown(value: unknown): string {
  return Array.isArray(value) ? `[${value.map(shown).join(', ')}]` : typeof value === 'string' ? value : JSON.stringify(value);
}
