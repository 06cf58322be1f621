import type { RuleCondition } from '@aws-sdk/client-elastic-load-balancing-v2';
import { AwsError } from '../../codec/error.ts';
import type { Plain } from '../../state/plain.ts';

type Condition = Plain<RuleCondition>;

const configs = {
  'host-header': 'HostHeaderConfig',
  'path-pattern': 'PathPatternConfig',
  'http-header': 'HttpHeaderConfig',
  'http-request-method': 'HttpRequestMethodConfig',
  'query-string': 'QueryStringConfig',
  'source-ip': 'SourceIpConfig',
} as const;

type Field = keyof typeof configs;

/** Longest value of a field. https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_RuleCondition.html */
const lengthMax: Readonly<Record<Field, number>> = {
  'host-header': 128,
  'path-pattern': 128,
  'http-header': 128,
  'http-request-method': 40,
  'query-string': 128,
  'source-ip': 128,
};

/** Quota "Condition values per rule". */
const valuesMax = 5;

const invalid = (message: string): AwsError => new AwsError('ValidationError', message);

/** Checks a rule's conditions as AWS does and gives them back as they were asked for. */
export function checkConditions(conditions: readonly Condition[]): Condition[] {
  const count = conditions.reduce((sum, condition) => sum + check(condition), 0);
  if (count > valuesMax) throw new AwsError('TooManyConditionValues', `A rule can have at most ${valuesMax} condition values`);
  return [...conditions];
}

/** How many values the condition has. */
function check(condition: Condition): number {
  const field = condition.Field ?? '';
  if (field === '') throw invalid('A condition must specify a field');
  if (!(field in configs)) {
    throw invalid(
      `Condition field '${field}' must be one of '[path-pattern, host-header, http-header, http-request-method, query-string, source-ip]'`,
    );
  }
  const key = configs[field as Field];
  const config = condition[key] as { Values?: unknown[] | undefined; RegexValues?: string[] | undefined } | undefined;
  const plain = field === 'host-header' || field === 'path-pattern';
  if (!plain && config === undefined) throw invalid(`A '${key}' must be specified with '${field}'`);
  const values = [...(config?.Values ?? (plain ? condition.Values : undefined) ?? []), ...(config?.RegexValues ?? [])];
  if (values.length === 0) throw invalid(plain ? 'A condition value must be specified' : `A '${field}' value must be specified`);
  if (plain && config === undefined && values.length > 1) throw invalid(`The '${field}' field contains too many values; the limit is '1'`);
  if (field === 'query-string') checkPairs(values as { Key?: string; Value?: string }[]);
  else checkTexts(field as Field, values as string[], condition);
  return values.length;
}

function checkTexts(field: Field, values: readonly string[], condition: Condition): void {
  const header = condition.HttpHeaderConfig?.HttpHeaderName ?? '';
  if (field === 'http-header' && header.length > 40) throw invalid("The 'HttpHeaderName' value is too long; the limit is '40'");
  const max = lengthMax[field];
  if (values.some((value) => value.length > max)) throw invalid(`The '${field}' value is too long; the limit is '${max}'`);
  if (field === 'http-request-method' && values.some((value) => !/^[A-Z_-]+$/.test(value))) {
    throw invalid("The 'http-request-method' value is invalid; the allowed characters are A-Z, hyphen and underscore");
  }
}

function checkPairs(pairs: readonly { Key?: string; Value?: string }[]): void {
  for (const { Key: key = '', Value: value } of pairs) {
    if (value === undefined) throw invalid("A 'Value' must be specified in 'QueryStringKeyValuePair'");
    if (key.length > 128) throw invalid("The 'Key' value is too long; the limit is '128'");
    if (value.length > 128) throw invalid("The 'Value' value is too long; the limit is '128'");
  }
}
