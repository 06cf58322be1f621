import { AwsError } from '../../codec/error.ts';

/**
 * What IAM checks of a policy before anything of it is evaluated, in the order and words in which it refuses.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
 */
export function checkPolicyDocument(document: string, kind: 'identity' | 'trust'): void {
  const policy = parsed(document);
  const version = policy['Version'];
  if (version !== undefined && version !== '2012-10-17' && version !== '2008-10-17') throw malformed(syntax);
  checkKeys(policy, policyKeys);
  if (policy['Id'] !== undefined && typeof policy['Id'] !== 'string') throw malformed(syntax);
  const statements = listOf(policy['Statement']).map(asObject);
  if (statements.length === 0) throw malformed(syntax);
  for (const statement of statements) checkStructure(statement);
  if (kind === 'trust') {
    for (const statement of statements) checkTrust(statement);
    return;
  }
  if (version !== '2012-10-17') throw malformed('Policy document must be version 2012-10-17 or greater.');
  for (const statement of statements) checkLegacy(statement);
  for (const statement of statements) checkResourceForm(statement);
  for (const statement of statements) checkActions(statement);
  checkSids(statements);
  for (const statement of statements) checkPresence(statement);
  for (const statement of statements) checkRegions(statement);
}

type Fields = Readonly<Record<string, unknown>>;

const syntax = 'Syntax errors in policy.';
const legacy = 'The policy failed legacy parsing';
const policyKeys = ['Version', 'Id', 'Statement'];
const statementKeys = ['Sid', 'Effect', 'Action', 'NotAction', 'Resource', 'NotResource', 'Condition', 'Principal', 'NotPrincipal'];
const partitions = new Set(['aws', 'aws-cn', 'aws-us-gov', 'aws-iso', 'aws-iso-b', 'aws-iso-e', 'aws-iso-f', 'aws-eusc']);

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html */
const operators = new RegExp(
  `^(?:(?:ForAllValues|ForAnyValue):)?(?:${[
    'String(?:Not)?Equals(?:IgnoreCase)?',
    'String(?:Not)?Like',
    'Numeric(?:(?:Not)?Equals|(?:Less|Greater)Than(?:Equals)?)',
    'Date(?:(?:Not)?Equals|(?:Less|Greater)Than(?:Equals)?)',
    'Bool',
    'BinaryEquals',
    '(?:Not)?IpAddress',
    'Arn(?:Not)?(?:Equals|Like)',
  ].join('|')})(?:IfExists)?$|^Null$`,
);

/** Paths of IAM's own resources. */
const iamPaths = [
  'user/',
  'federated-user/',
  'role/',
  'group/',
  'instance-profile/',
  'mfa/',
  'server-certificate/',
  'policy/',
  'sms-mfa/',
  'saml-provider/',
  'oidc-provider/',
  'report/',
  'access-report/',
];

function malformed(message: string): AwsError {
  return new AwsError('MalformedPolicyDocument', message);
}

function parsed(document: string): Fields {
  try {
    return asObject(JSON.parse(document));
  } catch {
    throw malformed(syntax);
  }
}

function asObject(value: unknown): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed(syntax);
  return value as Fields;
}

function listOf(value: unknown): unknown[] {
  return value === undefined ? [] : Array.isArray(value) ? value : [value];
}

function textsOf(value: unknown): string[] {
  // IAM reads over a null among the texts.
  const list = listOf(value).filter((one) => one !== null);
  if (!list.every((one) => typeof one === 'string')) throw malformed(syntax);
  return list;
}

function checkKeys(value: Fields, allowed: readonly string[]): void {
  if (Object.keys(value).some((key) => !allowed.includes(key))) throw malformed(syntax);
}

/** The grammar alone: names, types, and what excludes each other. */
function checkStructure(statement: Fields): void {
  checkKeys(statement, statementKeys);
  const { Sid, Effect, Action, NotAction, Resource, NotResource, Principal, NotPrincipal, Condition } = statement;
  if (Sid !== undefined && typeof Sid !== 'string') throw malformed(syntax);
  if (typeof Effect !== 'string' || !/^(allow|deny)$/i.test(Effect)) throw malformed(syntax);
  for (const [one, other] of [
    [Action, NotAction],
    [Resource, NotResource],
    [Principal, NotPrincipal],
  ])
    if (one !== undefined && other !== undefined) throw malformed(syntax);
  for (const texts of [Action, NotAction, Resource, NotResource]) textsOf(texts);
  if (Condition === undefined) return;
  for (const [operator, keys] of Object.entries(asObject(Condition))) {
    const tests = Object.values(asObject(keys));
    if (tests.length > 0 && !operators.test(operator)) throw malformed(syntax);
    for (const values of tests)
      if (!listOf(values).every((one) => ['string', 'number', 'boolean'].includes(typeof one))) throw malformed(syntax);
  }
}

const trustActions = /^sts:(AssumeRole|AssumeRoleWithSAML|AssumeRoleWithWebIdentity|TagSession|SetSourceIdentity|SetContext)$/i;

function checkTrust({ Action, NotAction, Resource, NotResource, Effect }: Fields): void {
  if (Effect !== 'Allow' && Effect !== 'Deny') throw malformed(syntax);
  if (Resource !== undefined || NotResource !== undefined) throw malformed('Has prohibited field Resource.');
  const actions = [...textsOf(Action), ...textsOf(NotAction)];
  if (actions.length === 0) throw malformed('Policy statement must contain actions.');
  if (!actions.every((action) => trustActions.test(action))) {
    throw malformed(
      'Trust Policy statement actions can only be sts:AssumeRole, sts:AssumeRoleWithSAML,  and sts:AssumeRoleWithWebIdentity',
    );
  }
}

/** Spelling, dates and the number of an ARN's parts, which IAM reads with an older parser first. */
function checkLegacy({ Effect, Resource, NotResource, Condition = {} }: Fields): void {
  if (Effect !== 'Allow' && Effect !== 'Deny') throw malformed(legacy);
  for (const [operator, keys] of Object.entries(Condition as Fields)) {
    if (!operator.includes('Date')) continue;
    for (const value of Object.values(keys as Fields).flatMap(listOf)) if (!isDate(String(value))) throw malformed(legacy);
  }
  for (const resource of [...textsOf(Resource), ...textsOf(NotResource)]) {
    const [arn, partition = '', service = '', ...rest] = resource.split(':');
    if (arn !== 'arn' || !partitions.has(partition)) continue;
    const short = rest.length === 1 || rest.length === 2;
    if (short || (rest.length > 2 && service === '')) throw malformed(legacy);
  }
}

/** Epoch seconds that fit 64 bits, or the profile of ISO 8601 that the condition operators take. */
function isDate(text: string): boolean {
  if (/^-?\d+$/.test(text)) return BigInt.asIntN(64, BigInt(text)) === BigInt(text);
  const [date = '', ...time] = text.split(/t/i);
  const day = /^\d{1,4}(-(0?[1-9]|1[0-2])(-(0?[1-9]|[12]\d|3[01]))?)?$/.test(date);
  const rest = time.join('T');
  return day && time.length < 2 && /^(([01]?\d|2[0-3])(:[0-5]\d(:[0-5]\d(\.\d{1,9})?)?)?)?(Z|[+-]\d\d(:?\d\d)?)?$/i.test(rest);
}

function checkResourceForm({ Resource, NotResource }: Fields): void {
  for (const resource of [...textsOf(Resource), ...textsOf(NotResource)]) {
    if (resource === '*') continue;
    if (!resource.includes(':')) throw malformed(`Resource ${resource} must be in ARN format or "*".`);
    const [, partition = '', ...rest] = resource.split(':');
    if (!partitions.has(partition) && partition !== '*') {
      const shown = ['arn', partition, ...rest, ...Array.from({ length: 4 - Math.min(4, rest.length) }, () => '*')].join(':');
      throw malformed(`Partition "${partition}" is not valid for resource "${shown}".`);
    }
    if (rest.length === 0) throw malformed('Resource vendor must be fully qualified and cannot contain regexes.');
  }
}

function checkActions({ Action, NotAction }: Fields): void {
  for (const action of [...textsOf(Action), ...textsOf(NotAction)]) {
    if (action === '*') continue;
    const [vendor = '', ...rest] = action.split(':');
    if (rest.length === 0) throw malformed('Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.');
    if (rest.length > 1) throw malformed('Actions/Condition can contain only one colon.');
    if (!/^[a-zA-Z0-9\-.]+$/.test(vendor)) throw malformed(`Vendor ${vendor} is not valid`);
  }
}

function checkSids(statements: readonly Fields[]): void {
  const sids = statements.map(({ Sid }) => Sid).filter((sid) => sid !== undefined && sid !== '');
  if (new Set(sids).size < sids.length) throw malformed('Statement IDs (SID) in a single policy must be unique.');
}

function checkPresence(statement: Fields): void {
  if (statement['Principal'] !== undefined || statement['NotPrincipal'] !== undefined)
    throw malformed('Policy document should not specify a principal.');
  if (listOf(statement['Action'] ?? statement['NotAction']).length === 0) throw malformed('Policy statement must contain actions.');
  if (listOf(statement['Resource'] ?? statement['NotResource']).length === 0) throw malformed('Policy statement must contain resources.');
}

function checkRegions({ Resource, NotResource }: Fields): void {
  for (const resource of [...textsOf(Resource), ...textsOf(NotResource)]) {
    const [, , service, region = '', , path = ''] = resource.split(':');
    if (service === 's3' && region !== '' && !path.startsWith('accesspoint/'))
      throw malformed(`Resource ${resource} can not contain region information.`);
    if (service !== 'iam') continue;
    if (region !== '') throw malformed(`IAM resource ${resource} cannot contain region information.`);
    if (path !== '*' && !iamPaths.some((prefix) => path.startsWith(prefix))) {
      const named = `${iamPaths.slice(0, -1).join(', ')}, ${iamPaths.at(-1)!}`;
      throw malformed(`IAM resource path must either be "*" or start with ${named}.`);
    }
  }
}
