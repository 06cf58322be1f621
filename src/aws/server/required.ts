import { AwsError } from '../codec/error.ts';
import type { Shape, StructShape } from '../codec/shape.ts';
import { validationCode } from './constraints.ts';
import type { ServiceEntry } from './services.ts';

/** Refuses an input that lacks a required member, at any depth, in the service's words. */
export function requireMembers(entry: ServiceEntry, shape: StructShape | undefined, input: Readonly<Record<string, unknown>>): void {
  if (shape === undefined) return;
  const missing = firstMissing(shape, input, '');
  if (missing === undefined) return;
  if (entry.protocol === 'ec2Query') throw ec2Missing(shape.name, missing);
  const member = missing.charAt(0).toLowerCase() + missing.slice(1);
  throw new AwsError(
    validationCode(entry, shape),
    `1 validation error detected: Value null at '${member}' failed to satisfy constraint: Member must not be null`,
  );
}

/** Where EC2's words for a missing member differ from its name. */
const ec2Words: Readonly<Record<string, AwsError>> = {
  'CreateTagsRequest.Resources': new AwsError('MissingParameter', 'The request must contain the parameter resourceIdSet'),
  'DeleteTagsRequest.Resources': new AwsError('MissingParameter', 'The request must contain the parameter resourceIdSet'),
  'TerminateInstancesRequest.InstanceIds': new AwsError('InvalidParameterCombination', 'No instances specified'),
};

function ec2Missing(shape: string, member: string): AwsError {
  return ec2Words[`${shape}.${member}`] ?? new AwsError('MissingParameter', `The request must contain the parameter ${member}`);
}

function firstMissing(shape: StructShape, value: Readonly<Record<string, unknown>>, path: string): string | undefined {
  for (const member of shape.members) {
    const held = value[member.name];
    const here = path === '' ? member.name : `${path}.${member.name}`;
    if (held === undefined) {
      if (member.required) return here;
      continue;
    }
    const found = firstMissingIn(member.shape, held, here);
    if (found !== undefined) return found;
  }
  return undefined;
}

function firstMissingIn(shape: Shape, value: unknown, path: string): string | undefined {
  if (shape.kind === 'struct') return firstMissing(shape, value as Record<string, unknown>, path);
  if (shape.kind === 'list') {
    for (const [index, item] of (value as unknown[]).entries()) {
      const found = firstMissingIn(shape.item, item, `${path}.${index + 1}.member`);
      if (found !== undefined) return found;
    }
  }
  if (shape.kind === 'map') {
    for (const [key, item] of Object.entries(value as object)) {
      const found = item === undefined ? undefined : firstMissingIn(shape.value, item, `${path}.${key}`);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}
