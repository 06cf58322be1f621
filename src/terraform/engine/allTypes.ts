import { dataSources, notSupported, resourceTypes } from './aws/index.ts';
import { builtinTypes } from './builtin/index.ts';
import type { Types } from './configuration/types.ts';
import { forceNew, optional, text, type Schema } from './schema.ts';

/** Since version 6 of the AWS provider everything may stand in another region than the provider's. */
function withRegion<Type extends { readonly schema: Schema }>(types: Readonly<Record<string, Type>>): Record<string, Type> {
  const entries = Object.entries(types).map(([name, type]): [string, Type] =>
    !name.startsWith('aws_') || type.schema['region']
      ? [name, type]
      : [name, { ...type, schema: { ...type.schema, region: text(optional, forceNew) } }],
  );
  return Object.fromEntries(entries);
}

/** All types of resources and data sources that there are. */
export const allTypes: Types = {
  resources: { ...builtinTypes, ...withRegion(resourceTypes) },
  data: withRegion(dataSources),
  notSupported,
};
