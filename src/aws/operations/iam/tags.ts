import { AwsError } from '../../codec/error.ts';

export interface IamTag {
  readonly Key: string;
  readonly Value: string;
}

type TagInput = { Key?: string | undefined; Value?: string | undefined };

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html#id_tags_rules */
const tagsMax = 50;

/** Checks new tags and lays them over the held ones; keys are compared without case. */
export function mergedTags(held: readonly IamTag[], given: readonly TagInput[] | undefined): IamTag[] {
  const tags = (given ?? []).map(({ Key = '', Value = '' }) => ({ Key, Value }));
  if (tags.length > tagsMax) {
    throw new AwsError(
      'ValidationError',
      `1 validation error detected: Value '${JSON.stringify(tags.map(({ Key }) => Key))}' at 'tags' failed to satisfy constraint: Member must have length less than or equal to ${tagsMax}.`,
    );
  }
  const seen = new Set<string>();
  tags.forEach(({ Key, Value }, index) => {
    check(Key, Value, index + 1);
    if (seen.has(Key.toLowerCase()))
      throw new AwsError('InvalidInput', 'Duplicate tag keys found. Please note that Tag keys are case insensitive.');
    seen.add(Key.toLowerCase());
  });
  const byKey = new Map([...held, ...tags].map((tag) => [tag.Key.toLowerCase(), tag]));
  const merged = [...byKey.values()];
  if (merged.length > tagsMax) throw new AwsError('LimitExceeded', `The number of tags has reached the maximum limit.`, { status: 409 });
  return merged;
}

export function withoutTags(held: readonly IamTag[], keys: readonly string[] = []): IamTag[] {
  if (keys.length > tagsMax) {
    throw new AwsError(
      'ValidationError',
      `1 validation error detected: Value '${JSON.stringify(keys)}' at 'tagKeys' failed to satisfy constraint: Member must have length less than or equal to ${tagsMax}.`,
    );
  }
  keys.forEach((key, index) => checkKey(key, `tagKeys.${index + 1}.member`));
  const gone = new Set(keys.map((key) => key.toLowerCase()));
  return held.filter(({ Key }) => !gone.has(Key.toLowerCase()));
}

function check(key: string, value: string, index: number): void {
  checkKey(key, `tags.${index}.member.key`);
  if (value.length > 256) {
    throw new AwsError(
      'ValidationError',
      `1 validation error detected: Value '${value}' at 'tags.${index}.member.value' failed to satisfy constraint: Member must have length less than or equal to 256.`,
    );
  }
}

function checkKey(key: string, where: string): void {
  const fault =
    key.length > 128
      ? 'length less than or equal to 128'
      : /^[\p{L}\p{Z}\p{N}_.:/=+\-@]+$/u.test(key)
        ? undefined
        : 'satisfy regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+';
  if (fault === undefined) return;
  const must = fault.startsWith('length') ? `Member must have ${fault}` : `Member must ${fault}`;
  throw new AwsError('ValidationError', `1 validation error detected: Value '${key}' at '${where}' failed to satisfy constraint: ${must}.`);
}
