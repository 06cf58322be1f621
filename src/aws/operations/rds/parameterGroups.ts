import type { RDS } from '@aws-sdk/client-rds';
import type { Operations } from '../operation.ts';
import { rdsPage } from './page.ts';
import { dbInstances, fault, given, parameterGroups, requireParameterGroup, type ParameterGroup } from './resources.ts';
import { dropTags, setTags } from './tags.ts';

const shown = ({ parameters: _parameters, ...group }: ParameterGroup): Omit<ParameterGroup, 'parameters'> => group;

export const parameterGroupOperations: Operations<RDS> = {
  CreateDBParameterGroup({ DBParameterGroupName = '', DBParameterGroupFamily, Description, Tags }, at) {
    const name = DBParameterGroupName.toLowerCase();
    if (name === '') throw fault('InvalidParameterValue', 'The parameter DBParameterGroupName must be provided and must not be blank.');
    if ((DBParameterGroupFamily ?? '') === '')
      throw fault('InvalidParameterValue', 'The parameter DBParameterGroupFamily must be provided and must not be blank.');
    if ((Description ?? '') === '')
      throw fault('InvalidParameterValue', 'The parameter Description must be provided and must not be blank.');
    if (at.table(parameterGroups).has(name)) throw fault('DBParameterGroupAlreadyExists', `Parameter group ${name} already exists`);
    const arn = at.arn('rds', `pg:${name}`);
    const group = at
      .table(parameterGroups)
      .put({ DBParameterGroupName: name, DBParameterGroupFamily, Description, DBParameterGroupArn: arn, parameters: [] });
    setTags(at, arn, Tags);
    return { DBParameterGroup: shown(group) };
  },

  DescribeDBParameterGroups({ DBParameterGroupName, ...list }, at) {
    const { items, ...tail } = rdsPage(
      DBParameterGroupName === undefined ? at.table(parameterGroups).values() : [requireParameterGroup(at, DBParameterGroupName)],
      list,
    );
    return { DBParameterGroups: items.map(shown), ...tail };
  },

  ModifyDBParameterGroup({ DBParameterGroupName, Parameters = [] }, at) {
    const group = requireParameterGroup(at, DBParameterGroupName);
    const parameters = new Map(group.parameters.map((held) => [held.ParameterName, held]));
    for (const one of Parameters)
      parameters.set(one.ParameterName, { Source: 'user', IsModifiable: true, ...parameters.get(one.ParameterName), ...given(one) });
    at.table(parameterGroups).patch(group, { parameters: [...parameters.values()] });
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
    if (at.table(parameterGroups).has(name)) throw fault('DBParameterGroupAlreadyExists', `Parameter group ${name} already exists`);
    const arn = at.arn('rds', `pg:${name}`);
    const group = at.table(parameterGroups).put({
      ...source,
      DBParameterGroupName: name,
      DBParameterGroupArn: arn,
      Description: TargetDBParameterGroupDescription ?? source.Description,
    });
    setTags(at, arn, Tags);
    return { DBParameterGroup: shown(group) };
  },

  DeleteDBParameterGroup({ DBParameterGroupName }, at) {
    const group = requireParameterGroup(at, DBParameterGroupName);
    const name = group.DBParameterGroupName;
    if (at.table(dbInstances).find(({ DBParameterGroups = [] }) => DBParameterGroups.some((one) => one.DBParameterGroupName === name)))
      throw fault(
        'InvalidDBParameterGroupState',
        `One or more database instances are still members of this parameter group ${name}, so the group cannot be deleted`,
      );
    at.table(parameterGroups).delete(name);
    dropTags(at, group.DBParameterGroupArn);
  },
};
