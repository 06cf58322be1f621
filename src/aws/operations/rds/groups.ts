import type {
  DBParameterGroup as SdkParameterGroup,
  DBSubnetGroup as SdkSubnetGroup,
  OptionGroup as SdkOptionGroup,
  Parameter,
  RDS,
} from '@aws-sdk/client-rds';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import { table } from '../../state/table.ts';
import { subnets } from '../ec2/resources.ts';
import type { Operations } from '../operation.ts';
import { dbInstances } from './instances.ts';
import { rdsPage } from './page.ts';
import { dropTags, setTags } from './tags.ts';

interface SubnetGroup extends Plain<SdkSubnetGroup> {
  readonly DBSubnetGroupName: string;
  readonly DBSubnetGroupArn: string;
}

interface ParameterGroup extends Plain<SdkParameterGroup> {
  readonly DBParameterGroupName: string;
  readonly DBParameterGroupArn: string;
  readonly parameters: readonly Plain<Parameter>[];
}

interface OptionGroup extends Plain<SdkOptionGroup> {
  readonly OptionGroupName: string;
  readonly OptionGroupArn: string;
}

export const subnetGroups = table<SubnetGroup>('rds.db-subnet-group', (group) => group.DBSubnetGroupName);
export const parameterGroups = table<ParameterGroup>('rds.db-parameter-group', (group) => group.DBParameterGroupName);
export const optionGroups = table<OptionGroup>('rds.option-group', (group) => group.OptionGroupName);

const gone = (code: string, message: string): AwsError => new AwsError(code, message, { status: 404 });

export function requireSubnetGroup(at: Place, name = ''): SubnetGroup {
  const group = at.table(subnetGroups).get(name.toLowerCase());
  if (group === undefined) throw gone('DBSubnetGroupNotFoundFault', `Subnet group ${name} not found.`);
  return group;
}

export function requireParameterGroup(at: Place, name = ''): ParameterGroup {
  const group = at.table(parameterGroups).get(name.toLowerCase());
  if (group === undefined) throw gone('DBParameterGroupNotFound', `DBParameterGroup not found: ${name}`);
  return group;
}

function membersOf(at: Place, ids: readonly string[]): Pick<SubnetGroup, 'VpcId' | 'Subnets'> {
  const found = ids.map((id) => {
    const subnet = at.table(subnets).get(id);
    if (subnet === undefined)
      throw new AwsError(
        'InvalidSubnet',
        `The requested subnet ${id} is invalid, or multiple subnets were requested that are not all in a common VPC.`,
      );
    return subnet;
  });
  return {
    VpcId: found[0]?.VpcId,
    Subnets: found.map((subnet) => ({
      SubnetIdentifier: subnet.SubnetId,
      SubnetAvailabilityZone: { Name: subnet.AvailabilityZone },
      SubnetStatus: 'Active',
      SubnetOutpost: {},
    })),
  };
}

export const groupOperations: Operations<RDS> = {
  CreateDBSubnetGroup({ DBSubnetGroupName = '', DBSubnetGroupDescription, SubnetIds = [], Tags }, at) {
    const name = DBSubnetGroupName.toLowerCase();
    if (at.table(subnetGroups).has(name)) throw new AwsError('DBSubnetGroupAlreadyExists', `The DB subnet group '${name}' already exists.`);
    const arn = at.arn('rds', `subgrp:${name}`);
    const group = at.table(subnetGroups).put({
      DBSubnetGroupName: name,
      DBSubnetGroupDescription,
      DBSubnetGroupArn: arn,
      SubnetGroupStatus: 'Complete',
      SupportedNetworkTypes: ['IPV4'],
      ...membersOf(at, SubnetIds),
    });
    setTags(at, arn, Tags);
    return { DBSubnetGroup: group };
  },

  DescribeDBSubnetGroups({ DBSubnetGroupName, ...list }, at) {
    const { items, ...tail } = rdsPage(
      DBSubnetGroupName === undefined ? at.table(subnetGroups).values() : [requireSubnetGroup(at, DBSubnetGroupName)],
      list,
    );
    return { DBSubnetGroups: items, ...tail };
  },

  ModifyDBSubnetGroup({ DBSubnetGroupName, DBSubnetGroupDescription, SubnetIds = [] }, at) {
    const group = requireSubnetGroup(at, DBSubnetGroupName);
    return {
      DBSubnetGroup: at.table(subnetGroups).patch(group, {
        DBSubnetGroupDescription: DBSubnetGroupDescription ?? group.DBSubnetGroupDescription,
        ...membersOf(at, SubnetIds),
      }),
    };
  },

  DeleteDBSubnetGroup({ DBSubnetGroupName }, at) {
    const group = requireSubnetGroup(at, DBSubnetGroupName);
    if (at.table(dbInstances).find((instance) => instance.DBSubnetGroup?.DBSubnetGroupName === group.DBSubnetGroupName))
      throw new AwsError(
        'InvalidDBSubnetGroupStateFault',
        `Cannot delete the subnet group '${group.DBSubnetGroupName}' because at least one database instance is still using it.`,
      );
    at.table(subnetGroups).delete(group.DBSubnetGroupName);
    dropTags(at, group.DBSubnetGroupArn);
  },

  CreateDBParameterGroup({ DBParameterGroupName = '', DBParameterGroupFamily, Description, Tags }, at) {
    const name = DBParameterGroupName.toLowerCase();
    if (name === '')
      throw new AwsError('InvalidParameterValue', 'The parameter DBParameterGroupName must be provided and must not be blank.');
    if ((DBParameterGroupFamily ?? '') === '')
      throw new AwsError('InvalidParameterValue', 'The parameter DBParameterGroupFamily must be provided and must not be blank.');
    if ((Description ?? '') === '')
      throw new AwsError('InvalidParameterValue', 'The parameter Description must be provided and must not be blank.');
    if (at.table(parameterGroups).has(name)) throw new AwsError('DBParameterGroupAlreadyExists', `Parameter group ${name} already exists`);
    const arn = at.arn('rds', `pg:${name}`);
    const { parameters: _none, ...group } = at
      .table(parameterGroups)
      .put({ DBParameterGroupName: name, DBParameterGroupFamily, Description, DBParameterGroupArn: arn, parameters: [] });
    setTags(at, arn, Tags);
    return { DBParameterGroup: group };
  },

  DescribeDBParameterGroups({ DBParameterGroupName, ...list }, at) {
    const { items, ...tail } = rdsPage(
      DBParameterGroupName === undefined ? at.table(parameterGroups).values() : [requireParameterGroup(at, DBParameterGroupName)],
      list,
    );
    return { DBParameterGroups: items.map(({ parameters: _parameters, ...group }) => group), ...tail };
  },

  ModifyDBParameterGroup({ DBParameterGroupName, Parameters = [] }, at) {
    const group = requireParameterGroup(at, DBParameterGroupName);
    const kept = group.parameters.filter((held) => !Parameters.some((one) => one.ParameterName === held.ParameterName));
    at.table(parameterGroups).patch(group, {
      parameters: [...kept, ...Parameters.map((one) => ({ Source: 'user', IsModifiable: true, ...one }))],
    });
    return { DBParameterGroupName: group.DBParameterGroupName };
  },

  ResetDBParameterGroup({ DBParameterGroupName, ResetAllParameters = false, Parameters = [] }, at) {
    const group = requireParameterGroup(at, DBParameterGroupName);
    const names = new Set(Parameters.map(({ ParameterName }) => ParameterName));
    at.table(parameterGroups).patch(group, {
      parameters: ResetAllParameters ? [] : group.parameters.filter(({ ParameterName }) => !names.has(ParameterName)),
    });
    return { DBParameterGroupName: group.DBParameterGroupName };
  },

  DescribeDBParameters({ DBParameterGroupName = '', Source, ...list }, at) {
    if (DBParameterGroupName.startsWith('default.')) return { Parameters: [] };
    const found = requireParameterGroup(at, DBParameterGroupName).parameters.filter((one) => Source === undefined || one.Source === Source);
    const { items, ...tail } = rdsPage(found, list);
    return { Parameters: items, ...tail };
  },

  CopyDBParameterGroup(
    { SourceDBParameterGroupIdentifier, TargetDBParameterGroupIdentifier = '', TargetDBParameterGroupDescription, Tags },
    at,
  ) {
    const source = requireParameterGroup(at, SourceDBParameterGroupIdentifier?.split(':').at(-1));
    const name = TargetDBParameterGroupIdentifier.toLowerCase();
    if (at.table(parameterGroups).has(name)) throw new AwsError('DBParameterGroupAlreadyExists', `Parameter group ${name} already exists`);
    const arn = at.arn('rds', `pg:${name}`);
    const { parameters: _parameters, ...group } = at.table(parameterGroups).put({
      ...source,
      DBParameterGroupName: name,
      DBParameterGroupArn: arn,
      Description: TargetDBParameterGroupDescription ?? source.Description,
    });
    setTags(at, arn, Tags);
    return { DBParameterGroup: group };
  },

  DeleteDBParameterGroup({ DBParameterGroupName }, at) {
    const group = requireParameterGroup(at, DBParameterGroupName);
    at.table(parameterGroups).delete(group.DBParameterGroupName);
    dropTags(at, group.DBParameterGroupArn);
  },

  CreateOptionGroup({ OptionGroupName = '', EngineName = '', MajorEngineVersion = '', OptionGroupDescription = '', Tags }, at) {
    const name = OptionGroupName.toLowerCase();
    if (at.table(optionGroups).has(name))
      throw new AwsError('OptionGroupAlreadyExistsFault', `An option group named ${OptionGroupName} already exists.`);
    if (OptionGroupDescription === '')
      throw new AwsError('InvalidParameterValue', 'The parameter OptionGroupDescription must be provided and must not be blank.');
    const arn = at.arn('rds', `og:${name}`);
    const group = at.table(optionGroups).put({
      OptionGroupName: name,
      OptionGroupArn: arn,
      EngineName,
      MajorEngineVersion,
      OptionGroupDescription,
      Options: [],
      AllowsVpcAndNonVpcInstanceMemberships: true,
    });
    setTags(at, arn, Tags);
    return { OptionGroup: group };
  },

  DescribeOptionGroups({ OptionGroupName, EngineName, MajorEngineVersion, ...list }, at) {
    if (OptionGroupName !== undefined && !at.table(optionGroups).has(OptionGroupName))
      throw gone('OptionGroupNotFoundFault', `Specified OptionGroupName: ${OptionGroupName} not found.`);
    const found = at
      .table(optionGroups)
      .filter(
        (group) =>
          (OptionGroupName === undefined || group.OptionGroupName === OptionGroupName) &&
          (EngineName === undefined || group.EngineName === EngineName) &&
          (MajorEngineVersion === undefined || group.MajorEngineVersion === MajorEngineVersion),
      );
    const { items, ...tail } = rdsPage(found, list);
    return { OptionGroupsList: items, ...tail };
  },

  DeleteOptionGroup({ OptionGroupName = '' }, at) {
    const group = at.table(optionGroups).get(OptionGroupName);
    if (group === undefined) throw gone('OptionGroupNotFoundFault', `Specified OptionGroupName: ${OptionGroupName} not found.`);
    at.table(optionGroups).delete(group.OptionGroupName);
    dropTags(at, group.OptionGroupArn);
  },
};
