import type { Parameter as SdkParameter, SSM } from '@aws-sdk/client-ssm';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import { table } from '../../state/table.ts';
import type { Operations } from '../operation.ts';
import { page } from '../page.ts';
import { publicNames, publicParameter, type Parameter } from './publicParameters.ts';

const parameters = table<Parameter>('ssm.parameter', (parameter) => parameter.Name);

/** By name or ARN, of ours or public. */
function find(at: Place, nameOrArn: string): Parameter | undefined {
  const name = nameOrArn.startsWith('arn:') ? nameOrArn.replace(/^.*?:parameter/, '') : nameOrArn;
  return at.table(parameters).get(name) ?? at.table(parameters).get(name.replace(/^\//, '')) ?? publicParameter(at, name);
}

/** What a parameter holds, decrypted; undefined where there is none of that name or ARN. */
export function parameterValue(at: Place, nameOrArn: string): string | undefined {
  return find(at, nameOrArn)?.Value;
}

const notFound = (name: string): AwsError => new AwsError('ParameterNotFound', `Parameter ${name} not found.`);

/** A SecureString that was not asked to be decrypted shows that it is one. */
function describe({ description: _description, ...parameter }: Parameter, decrypt: boolean): Plain<SdkParameter> {
  return parameter.Type === 'SecureString' && !decrypt ? { ...parameter, Value: `kms:alias/aws/ssm:${parameter.Value ?? ''}` } : parameter;
}

export const ssm: Operations<SSM> = {
  GetParameter({ Name = '', WithDecryption = false }, at) {
    const parameter = find(at, Name);
    if (parameter === undefined) throw notFound(Name);
    return { Parameter: describe(parameter, WithDecryption) };
  },

  GetParameters({ Names = [], WithDecryption = false }, at) {
    const found = Names.map((name) => find(at, name));
    return {
      Parameters: found.filter((one) => one !== undefined).map((one) => describe(one, WithDecryption)),
      InvalidParameters: Names.filter((_name, index) => found[index] === undefined),
    };
  },

  GetParametersByPath({ Path = '/', Recursive = false, WithDecryption = false, NextToken, MaxResults }, at) {
    const prefix = Path.endsWith('/') ? Path : `${Path}/`;
    const names = prefix.startsWith('/aws/service/') ? publicNames(at) : at.table(parameters).keys();
    const below = names.filter((name) => name.startsWith(prefix) && (Recursive || !name.slice(prefix.length).includes('/')));
    const { items, next } = page(below, { token: NextToken, max: MaxResults }, { defaultMax: 10 });
    return { Parameters: items.flatMap((name) => find(at, name) ?? []).map((one) => describe(one, WithDecryption)), NextToken: next };
  },

  PutParameter({ Name = '', Value = '', Type = 'String', Overwrite = false, Description, DataType = 'text' }, at) {
    const held = at.table(parameters).get(Name);
    if (held !== undefined && !Overwrite)
      throw new AwsError(
        'ParameterAlreadyExists',
        'The parameter already exists. To overwrite this value, set the overwrite option in the request to true.',
      );
    if (/^\/?(aws|ssm)/i.test(Name))
      throw new AwsError('ValidationException', 'Parameter name: can\'t be prefixed with "aws" or "ssm" (case-insensitive).');
    const Version = (held?.Version ?? 0) + 1;
    const slash = Name.startsWith('/') ? '' : '/';
    at.table(parameters).put({
      Name,
      Value,
      Type,
      DataType,
      Version,
      LastModifiedDate: at.nowMs,
      ARN: at.arn('ssm', `parameter${slash}${Name}`),
      description: Description ?? held?.description,
    });
    return { Version, Tier: 'Standard' };
  },

  DescribeParameters({ NextToken, MaxResults }, at) {
    const { items, next } = page(at.table(parameters).values(), { token: NextToken, max: MaxResults }, { defaultMax: 50 });
    return {
      Parameters: items.map(({ Name, Type, Version, LastModifiedDate, DataType, ARN, description }) => ({
        Name,
        Type,
        Version,
        LastModifiedDate,
        DataType,
        ARN,
        Description: description,
        Tier: 'Standard',
        Policies: [],
      })),
      NextToken: next,
    };
  },

  DeleteParameter({ Name = '' }, at) {
    if (!at.table(parameters).delete(Name)) throw notFound(Name);
    return {};
  },

  DeleteParameters({ Names = [] }, at) {
    const gone = Names.filter((name) => at.table(parameters).delete(name));
    return { DeletedParameters: gone, InvalidParameters: Names.filter((name) => !gone.includes(name)) };
  },
};
