import { NormalizedSchema } from '@smithy/core/schema';

/**
 * The wire shape of a value, compiled once from the schemas that the AWS SDK's clients export, with the
 * names that each protocol uses resolved. Recursive shapes refer to themselves.
 */
export type Shape = StructShape | ListShape | MapShape | ScalarShape;

export interface StructShape {
  readonly kind: 'struct';
  readonly name: string;
  readonly members: readonly Member[];
}

export interface Member {
  readonly name: string;
  readonly shape: Shape;
  readonly required: boolean;
  /** Key in an awsQuery form, e.g. `TargetGroupArn`. */
  readonly queryName: string;
  /** Key in an ec2Query form: `ec2QueryName`, or the XML name with its first letter raised. */
  readonly ec2Name: string;
  /** Element name in an XML answer. */
  readonly xmlName: string;
}

export interface ListShape {
  readonly kind: 'list';
  readonly item: Shape;
  /** Element name of an item, `member` unless the schema says otherwise. */
  readonly itemName: string;
  readonly flattened: boolean;
}

export interface MapShape {
  readonly kind: 'map';
  readonly value: Shape;
  readonly keyName: string;
  readonly valueName: string;
  readonly flattened: boolean;
}

export interface ScalarShape {
  readonly kind: 'string' | 'boolean' | 'number' | 'timestamp' | 'blob' | 'document';
  /** Timestamps only; undefined leaves it to the protocol. */
  readonly format?: 'date-time' | 'http-date' | 'epoch-seconds';
}

const timestampFormats: Readonly<Record<number, NonNullable<ScalarShape['format']>>> = {
  5: 'date-time',
  6: 'http-date',
  7: 'epoch-seconds',
};

/** Structs by their schema, so that recursion ends and every use shares one shape. */
const structs = new WeakMap<object, StructShape>();

/** The shape of a schema of `@aws-sdk/client-*`; undefined for `Unit`, an operation without input or output. */
export function shapeOf(schema: unknown): StructShape | undefined {
  const normalized = NormalizedSchema.of(schema as Parameters<typeof NormalizedSchema.of>[0]);
  return normalized.isUnitSchema() ? undefined : (compile(normalized) as StructShape);
}

function compile(schema: NormalizedSchema): Shape {
  if (schema.isStructSchema()) return compileStruct(schema);
  if (schema.isListSchema()) {
    const item = schema.getValueSchema();
    return {
      kind: 'list',
      item: compile(item),
      itemName: item.getMergedTraits().xmlName ?? 'member',
      flattened: Boolean(schema.getMergedTraits().xmlFlattened),
    };
  }
  if (schema.isMapSchema()) {
    return {
      kind: 'map',
      value: compile(schema.getValueSchema()),
      keyName: schema.getKeySchema().getMergedTraits().xmlName ?? 'key',
      valueName: schema.getValueSchema().getMergedTraits().xmlName ?? 'value',
      flattened: Boolean(schema.getMergedTraits().xmlFlattened),
    };
  }
  return compileScalar(schema);
}

function compileScalar(schema: NormalizedSchema): ScalarShape {
  if (schema.isBooleanSchema()) return { kind: 'boolean' };
  if (schema.isNumericSchema()) return { kind: 'number' };
  if (schema.isBlobSchema()) return { kind: 'blob' };
  if (schema.isDocumentSchema()) return { kind: 'document' };
  if (!schema.isTimestampSchema()) return { kind: 'string' };
  const format = timestampFormats[schema.getSchema() as number];
  return format === undefined ? { kind: 'timestamp' } : { kind: 'timestamp', format };
}

function compileStruct(schema: NormalizedSchema): StructShape {
  const source = schema.getSchema() as unknown as readonly unknown[];
  const known = structs.get(source);
  if (known !== undefined) return known;
  const members: Member[] = [];
  const struct: StructShape = { kind: 'struct', name: schema.getName() ?? '', members };
  structs.set(source, struct);
  // A static structure lists its required members first and says how many they are.
  const requiredCount = typeof source[6] === 'number' ? source[6] : 0;
  for (const [name, member] of schema.structIterator()) {
    const traits = member.getMergedTraits();
    const queryName = traits.xmlName ?? name;
    members.push({
      name,
      shape: compile(member),
      required: members.length < requiredCount,
      queryName,
      ec2Name: (traits as { ec2QueryName?: string }).ec2QueryName ?? queryName.charAt(0).toUpperCase() + queryName.slice(1),
      xmlName: member.getMemberTraits().xmlName ?? name,
    });
  }
  return struct;
}
