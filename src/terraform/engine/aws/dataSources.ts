import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { errorMessage, PlimsollError } from '../../../base/index.ts';
import { terraformErrors } from '../../errors.ts';
import type { Arguments } from '../arguments.ts';
import { tagMap, unlessGone, type DataSource } from '../provider.ts';
import { blocks, blockSet, computed, flag, number, optional, required, settled, tagged, text, textMap, texts, textSet } from '../schema.ts';

const filter = blockSet({ name: text(required), values: textSet(required) }, optional);

/** What EC2's calls take for `filter` blocks, `tags` and arguments of a filter's own name. */
function filtersOf(given: Arguments, own: Readonly<Record<string, string>> = {}) {
  const filters = [
    ...given.blocks('filter').map((item) => ({ Name: item.sure('name'), Values: item.texts('values') ?? [] })),
    ...Object.entries(given.map('tags')).map(([key, value]) => ({ Name: `tag:${key}`, Values: [value] })),
    ...Object.entries(own).flatMap(([name, filter]) => {
      const value = given.text(name);
      return value === undefined ? [] : [{ Name: filter, Values: [value] }];
    }),
  ];
  return filters.length === 0 ? {} : { Filters: filters };
}

function none(what: string): PlimsollError {
  return new PlimsollError(terraformErrors.PL_TERRAFORM_APPLY, { what });
}

/** The only one of what was found. */
function only<Item>(found: readonly Item[] | undefined, what: string): Item {
  const [first, second] = found ?? [];
  if (first === undefined) throw none(`no matching ${what} found`);
  if (second !== undefined) throw none(`multiple ${what}s matched; use additional constraints to reduce matches to a single ${what}`);
  return first;
}

const vpc: DataSource = {
  schema: {
    id: text(settled),
    arn: text(computed),
    default: flag(settled),
    cidr_block: text(settled),
    state: text(settled),
    owner_id: text(computed),
    filter,
    tags: textMap(settled),
  },
  async read(aws, given) {
    const id = given.text('id');
    const { Vpcs } = await (
      await aws.ec2()
    ).describeVpcs({
      ...(id !== undefined && { VpcIds: [id] }),
      ...filtersOf(given, { cidr_block: 'cidr', default: 'isDefault', state: 'state' }),
    });
    const found = only(Vpcs, 'EC2 VPC');
    return {
      id: found.VpcId ?? '',
      arn: `arn:aws:ec2:${aws.region}:${found.OwnerId}:vpc/${found.VpcId}`,
      default: found.IsDefault ?? false,
      cidr_block: found.CidrBlock ?? '',
      state: found.State ?? '',
      owner_id: found.OwnerId ?? '',
      tags: tagMap(found.Tags),
    };
  },
};

const subnets: DataSource = {
  schema: { id: text(computed), ids: texts(computed), filter, tags: textMap(optional) },
  async read(aws, given) {
    const { Subnets = [] } = await (await aws.ec2()).describeSubnets(filtersOf(given));
    return { id: aws.region, ids: Subnets.map(({ SubnetId = '' }) => SubnetId) };
  },
};

/** What provider version 4 dropped: the ids are a set, and there must be some. */
const subnetIds: DataSource = {
  schema: { id: text(computed), vpc_id: text(required), ids: textSet(computed), filter, tags: textMap(optional) },
  async read(aws, given) {
    const { Subnets = [] } = await (await aws.ec2()).describeSubnets(filtersOf(given, { vpc_id: 'vpc-id' }));
    if (Subnets.length === 0) throw none(`no matching subnet found for vpc with id ${given.sure('vpc_id')}`);
    return { id: given.sure('vpc_id'), ids: Subnets.map(({ SubnetId = '' }) => SubnetId) };
  },
};

const subnet: DataSource = {
  schema: {
    id: text(settled),
    arn: text(computed),
    vpc_id: text(settled),
    availability_zone: text(settled),
    cidr_block: text(settled),
    default_for_az: flag(settled),
    filter,
    tags: textMap(settled),
  },
  async read(aws, given) {
    const id = given.text('id');
    const own = { vpc_id: 'vpc-id', availability_zone: 'availability-zone', cidr_block: 'cidr-block', default_for_az: 'default-for-az' };
    const { Subnets } = await (await aws.ec2()).describeSubnets({ ...(id !== undefined && { SubnetIds: [id] }), ...filtersOf(given, own) });
    const found = only(Subnets, 'EC2 Subnet');
    return {
      id: found.SubnetId ?? '',
      arn: found.SubnetArn ?? '',
      vpc_id: found.VpcId ?? '',
      availability_zone: found.AvailabilityZone ?? '',
      cidr_block: found.CidrBlock ?? '',
      default_for_az: found.DefaultForAz ?? false,
      tags: tagMap(found.Tags),
    };
  },
};

const securityGroup: DataSource = {
  schema: {
    id: text(settled),
    arn: text(computed),
    name: text(settled),
    vpc_id: text(settled),
    description: text(computed),
    filter,
    tags: textMap(settled),
  },
  async read(aws, given) {
    const id = given.text('id');
    const { SecurityGroups } = await (
      await aws.ec2()
    ).describeSecurityGroups({
      ...(id !== undefined && { GroupIds: [id] }),
      ...filtersOf(given, { name: 'group-name', vpc_id: 'vpc-id' }),
    });
    const found = only(SecurityGroups, 'EC2 Security Group');
    return {
      id: found.GroupId ?? '',
      arn: found.SecurityGroupArn ?? '',
      name: found.GroupName ?? '',
      vpc_id: found.VpcId ?? '',
      description: found.Description ?? '',
      tags: tagMap(found.Tags),
    };
  },
};

const iamRole: DataSource = {
  schema: {
    id: text(computed),
    arn: text(computed),
    name: text(required),
    path: text(computed),
    unique_id: text(computed),
    description: text(computed),
    assume_role_policy: text(computed),
    create_date: text(computed),
    ...tagged,
  },
  async read(aws, given) {
    const name = given.sure('name');
    const found = await unlessGone((await aws.iam()).getRole({ RoleName: name }), 'NoSuchEntity', 'NoSuchEntityException');
    if (found?.Role === undefined) throw none(`reading IAM Role (${name}): couldn't find resource`);
    const { Role } = found;
    return {
      id: name,
      arn: Role.Arn ?? '',
      path: Role.Path ?? '/',
      unique_id: Role.RoleId ?? '',
      description: Role.Description ?? '',
      assume_role_policy: decodeURIComponent(Role.AssumeRolePolicyDocument ?? ''),
      create_date: Role.CreateDate?.toISOString() ?? '',
      tags: tagMap(Role.Tags),
    };
  },
};

const ami: DataSource = {
  schema: {
    id: text(computed),
    arn: text(computed),
    image_id: text(computed),
    name: text(computed),
    architecture: text(computed),
    creation_date: text(computed),
    description: text(computed),
    root_device_name: text(computed),
    owners: texts(optional),
    executable_users: texts(optional),
    most_recent: flag(optional, { fallback: false }),
    name_regex: text(optional),
    include_deprecated: flag(optional, { fallback: false }),
    filter,
    tags: textMap(settled),
  },
  async read(aws, given) {
    const { Images = [] } = await (
      await aws.ec2()
    ).describeImages({
      Owners: given.texts('owners'),
      ExecutableUsers: given.texts('executable_users'),
      IncludeDeprecated: given.flag('include_deprecated'),
      ...filtersOf(given),
    });
    const pattern = given.text('name_regex');
    const fitting = Images.filter(({ Name = '' }) => pattern === undefined || new RegExp(pattern).test(Name));
    const newest = fitting.toSorted((a, b) => ((a.CreationDate ?? '') < (b.CreationDate ?? '') ? 1 : -1));
    const found = newest[0];
    if (found === undefined) throw none('Your query returned no results. Please change your search criteria and try again.');
    if (newest.length > 1 && given.flag('most_recent') !== true)
      throw none(
        'Your query returned more than one result. Please try a more specific search criteria, or set `most_recent` attribute to true.',
      );
    return {
      id: found.ImageId ?? '',
      arn: `arn:aws:ec2:${aws.region}::image/${found.ImageId}`,
      image_id: found.ImageId ?? '',
      name: found.Name ?? '',
      architecture: found.Architecture ?? '',
      creation_date: found.CreationDate ?? '',
      description: found.Description ?? '',
      root_device_name: found.RootDeviceName ?? '',
      tags: tagMap(found.Tags),
    };
  },
};

const callerIdentity: DataSource = {
  schema: { id: text(computed), account_id: text(computed), arn: text(computed), user_id: text(computed) },
  async read(aws) {
    const { Account = '', Arn = '', UserId = '' } = await (await aws.sts()).getCallerIdentity({});
    return { id: Account, account_id: Account, arn: Arn, user_id: UserId };
  },
};

const availabilityZones: DataSource = {
  schema: {
    id: text(computed),
    names: texts(computed),
    zone_ids: texts(computed),
    group_names: textSet(computed),
    state: text(optional),
    all_availability_zones: flag(optional),
    filter,
    exclude_names: textSet(optional),
    exclude_zone_ids: textSet(optional),
  },
  async read(aws, given) {
    const { AvailabilityZones = [] } = await (
      await aws.ec2()
    ).describeAvailabilityZones({
      AllAvailabilityZones: given.flag('all_availability_zones'),
      ...filtersOf(given, { state: 'state' }),
    });
    const left = AvailabilityZones.filter(
      ({ ZoneName = '', ZoneId = '' }) =>
        given.texts('exclude_names')?.includes(ZoneName) !== true && given.texts('exclude_zone_ids')?.includes(ZoneId) !== true,
    );
    const zones = left.toSorted((a, b) => ((a.ZoneName ?? '') < (b.ZoneName ?? '') ? -1 : 1));
    return {
      id: aws.region,
      names: zones.map(({ ZoneName = '' }) => ZoneName),
      zone_ids: zones.map(({ ZoneId = '' }) => ZoneId),
      group_names: [...new Set(zones.map(({ GroupName = '' }) => GroupName))],
    };
  },
};

const region: DataSource = {
  schema: { id: text(computed), name: text(settled), region: text(settled), endpoint: text(settled), description: text(computed) },
  async read(aws, given) {
    const name = given.text('name') ?? given.text('region') ?? aws.region;
    return { id: name, name, region: name, endpoint: `ec2.${name}.amazonaws.com`, description: name };
  },
};

/** The public parameters that name AMIs. */
const ssmParameter: DataSource = {
  schema: {
    id: text(computed),
    arn: text(computed),
    name: text(required),
    type: text(computed),
    value: text(computed, { sensitive: true }),
    insecure_value: text(computed),
    version: number(computed),
    with_decryption: flag(optional, { fallback: true }),
  },
  async read(aws, given) {
    const name = given.sure('name');
    const call = (await aws.ssm()).getParameter({ Name: name, WithDecryption: given.flag('with_decryption') });
    const found = (await unlessGone(call, 'ParameterNotFound'))?.Parameter;
    if (found === undefined) throw none(`reading SSM Parameter (${name}): couldn't find resource`);
    return {
      id: name,
      arn: found.ARN ?? '',
      type: found.Type ?? '',
      value: found.Value ?? '',
      insecure_value: found.Type === 'SecureString' ? '' : (found.Value ?? ''),
      version: found.Version ?? 1,
    };
  },
};

const partition: DataSource = {
  schema: { id: text(computed), partition: text(computed), dns_suffix: text(computed), reverse_dns_prefix: text(computed) },
  read: () => Promise.resolve({ id: 'aws', partition: 'aws', dns_suffix: 'amazonaws.com', reverse_dns_prefix: 'com.amazonaws' }),
};

const statement = {
  sid: text(optional),
  effect: text(optional, { fallback: 'Allow' }),
  actions: textSet(optional),
  not_actions: textSet(optional),
  resources: textSet(optional),
  not_resources: textSet(optional),
  principals: blockSet({ type: text(required), identifiers: textSet(required) }, optional),
  not_principals: blockSet({ type: text(required), identifiers: textSet(required) }, optional),
  condition: blockSet({ test: text(required), variable: text(required), values: texts(required) }, optional),
};

/** One of a list stands alone in a policy. */
const oneOrMany = (values: readonly string[] | undefined): string | string[] | undefined =>
  values?.length === 1 ? values[0] : values?.toSorted().toReversed();

function principalsOf(given: readonly Arguments[]): unknown {
  if (given.length === 0) return undefined;
  const types = given.map((item) => [item.sure('type'), oneOrMany(item.texts('identifiers'))] as const);
  return types.every(([type, who]) => type === '*' && who === '*') ? '*' : Object.fromEntries(types);
}

function conditionsOf(given: readonly Arguments[]): unknown {
  if (given.length === 0) return undefined;
  const tests = Map.groupBy(given, (item) => item.sure('test'));
  const variables = (of: readonly Arguments[]) =>
    Object.fromEntries(of.map((item) => [item.sure('variable'), oneOrMany(item.texts('values'))]));
  return Object.fromEntries([...tests].map(([test, of]) => [test, variables(of)]));
}

/** The JSON of a policy, written as blocks. */
const policyDocument: DataSource = {
  schema: {
    id: text(computed),
    json: text(computed),
    minified_json: text(computed),
    policy_id: text(optional),
    version: text(optional, { fallback: '2012-10-17' }),
    statement: blocks(statement, optional),
  },
  read(_aws, given) {
    const Statement = given.blocks('statement').map((item) => ({
      Sid: item.text('sid'),
      Effect: item.text('effect') ?? 'Allow',
      Action: oneOrMany(item.texts('actions')),
      NotAction: oneOrMany(item.texts('not_actions')),
      Resource: oneOrMany(item.texts('resources')),
      NotResource: oneOrMany(item.texts('not_resources')),
      Principal: principalsOf(item.blocks('principals')),
      NotPrincipal: principalsOf(item.blocks('not_principals')),
      Condition: conditionsOf(item.blocks('condition')),
    }));
    const document = { Version: given.text('version') ?? '2012-10-17', Id: given.text('policy_id'), Statement };
    const json = JSON.stringify(document, undefined, 2);
    return Promise.resolve({ id: createHash('sha1').update(json).digest('hex'), json, minified_json: JSON.stringify(document) });
  },
};

const localFile: DataSource = {
  schema: { id: text(computed), filename: text(required), content: text(computed), content_base64: text(computed) },
  async read(_aws, given) {
    const file = given.sure('filename');
    try {
      const content = await readFile(file);
      return { id: file, content: content.toString(), content_base64: content.toString('base64') };
    } catch (error) {
      throw none(`Read local file data source error: ${errorMessage(error)}`);
    }
  },
};

export const dataSources: Readonly<Record<string, DataSource>> = {
  aws_ami: ami,
  aws_availability_zones: availabilityZones,
  aws_caller_identity: callerIdentity,
  aws_iam_policy_document: policyDocument,
  aws_iam_role: iamRole,
  aws_partition: partition,
  aws_region: region,
  aws_security_group: securityGroup,
  aws_ssm_parameter: ssmParameter,
  aws_subnet: subnet,
  aws_subnet_ids: subnetIds,
  aws_subnets: subnets,
  aws_vpc: vpc,
  local_file: localFile,
};
