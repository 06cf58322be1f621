import type { Parameter } from '@aws-sdk/client-rds';
import type { Arguments } from '../arguments.ts';
import { tagChanges, tagList, tagMap, unlessGone, whileInUse, type Clients, type ResourceType } from '../provider.ts';
import { blockSet, computed, flag, forceNew, optional, required, settled, tagged, text, textSet } from '../schema.ts';
import { nameOf } from './names.ts';

async function changeTags(aws: Clients, before: Arguments, planned: Arguments): Promise<void> {
  const rds = await aws.rds();
  const { set, removed } = tagChanges(before, planned);
  const ResourceName = before.sure('arn');
  if (set.length > 0) await rds.addTagsToResource({ ResourceName, Tags: set });
  if (removed.length > 0) await rds.removeTagsFromResource({ ResourceName, TagKeys: removed });
}

async function tagsOf(aws: Clients, ResourceName: string): Promise<Record<string, string>> {
  return tagMap((await (await aws.rds()).listTagsForResource({ ResourceName })).TagList);
}

const noSubnetGroup = ['DBSubnetGroupNotFoundFault', 'DBSubnetGroupNotFound'];

export const databaseSubnetGroup: ResourceType = {
  schema: {
    id: text(computed),
    arn: text(computed),
    name: text(settled, forceNew),
    name_prefix: text(optional, forceNew),
    description: text(optional, { fallback: 'Managed by Terraform' }),
    subnet_ids: textSet(required),
    vpc_id: text(computed),
    ...tagged,
  },
  async create(aws, planned) {
    const name = nameOf(planned);
    await (
      await aws.rds()
    ).createDBSubnetGroup({
      DBSubnetGroupName: name,
      DBSubnetGroupDescription: planned.sure('description'),
      SubnetIds: planned.texts('subnet_ids'),
      Tags: tagList(planned),
    });
    return name;
  },
  async read(aws, id) {
    const found = await unlessGone((await aws.rds()).describeDBSubnetGroups({ DBSubnetGroupName: id }), ...noSubnetGroup);
    const group = found?.DBSubnetGroups?.[0];
    if (group === undefined) return undefined;
    const arn = group.DBSubnetGroupArn ?? '';
    return {
      id,
      arn,
      name: group.DBSubnetGroupName ?? '',
      description: group.DBSubnetGroupDescription ?? '',
      subnet_ids: (group.Subnets ?? []).map(({ SubnetIdentifier = '' }) => SubnetIdentifier).toSorted(),
      vpc_id: group.VpcId ?? '',
      tags_all: await tagsOf(aws, arn),
    };
  },
  async update(aws, id, planned, changed, before) {
    if (changed.has('description') || changed.has('subnet_ids'))
      await (
        await aws.rds()
      ).modifyDBSubnetGroup({
        DBSubnetGroupName: id,
        DBSubnetGroupDescription: planned.text('description'),
        SubnetIds: planned.texts('subnet_ids'),
      });
    await changeTags(aws, before, planned);
  },
  async delete(aws, id) {
    const rds = await aws.rds();
    const call = (): Promise<unknown> => unlessGone(rds.deleteDBSubnetGroup({ DBSubnetGroupName: id }), ...noSubnetGroup);
    await whileInUse('the subnet group to be free', aws.signal, call, 'InvalidDBSubnetGroupStateFault');
  },
};

const noParameterGroup = ['DBParameterGroupNotFound', 'DBParameterGroupNotFoundFault'];
/** Of one call. */
const parametersMax = 20;

const parametersOf = (planned: Arguments): Parameter[] =>
  planned.blocks('parameter').map((item) => ({
    ParameterName: item.sure('name'),
    ParameterValue: item.sure('value'),
    ApplyMethod: (item.text('apply_method') ?? 'immediate') as 'immediate',
  }));

async function setParameters(aws: Clients, DBParameterGroupName: string, parameters: readonly Parameter[]): Promise<void> {
  const rds = await aws.rds();
  for (let at = 0; at < parameters.length; at += parametersMax)
    await rds.modifyDBParameterGroup({ DBParameterGroupName, Parameters: parameters.slice(at, at + parametersMax) });
}

export const databaseParameterGroup: ResourceType = {
  schema: {
    id: text(computed),
    arn: text(computed),
    name: text(settled, forceNew),
    name_prefix: text(optional, forceNew),
    family: text(required, forceNew),
    description: text(optional, forceNew, { fallback: 'Managed by Terraform' }),
    parameter: blockSet({ name: text(required), value: text(required), apply_method: text(optional, { fallback: 'immediate' }) }, optional),
    skip_destroy: flag(optional, { fallback: false }),
    ...tagged,
  },
  async create(aws, planned) {
    const name = nameOf(planned);
    await (
      await aws.rds()
    ).createDBParameterGroup({
      DBParameterGroupName: name,
      DBParameterGroupFamily: planned.sure('family'),
      Description: planned.sure('description'),
      Tags: tagList(planned),
    });
    return name;
  },
  async settle(aws, id, planned) {
    await setParameters(aws, id, parametersOf(planned));
  },
  async read(aws, id) {
    const found = await unlessGone((await aws.rds()).describeDBParameterGroups({ DBParameterGroupName: id }), ...noParameterGroup);
    const group = found?.DBParameterGroups?.[0];
    if (group === undefined) return undefined;
    const arn = group.DBParameterGroupArn ?? '';
    return {
      id,
      arn,
      name: group.DBParameterGroupName ?? '',
      family: group.DBParameterGroupFamily ?? '',
      description: group.Description ?? '',
      tags_all: await tagsOf(aws, arn),
    };
  },
  async update(aws, id, planned, changed, before) {
    if (changed.has('parameter')) {
      const [old, now] = [parametersOf(before), parametersOf(planned)];
      const dropped = old.filter(({ ParameterName }) => !now.some((item) => item.ParameterName === ParameterName));
      if (dropped.length > 0)
        await (await aws.rds()).resetDBParameterGroup({ DBParameterGroupName: id, ResetAllParameters: false, Parameters: dropped });
      await setParameters(aws, id, now);
    }
    await changeTags(aws, before, planned);
  },
  async delete(aws, id, known) {
    if (known.flag('skip_destroy') === true) return;
    const rds = await aws.rds();
    const call = (): Promise<unknown> => unlessGone(rds.deleteDBParameterGroup({ DBParameterGroupName: id }), ...noParameterGroup);
    await whileInUse(
      'the parameter group to be free',
      aws.signal,
      call,
      'InvalidDBParameterGroupState',
      'InvalidDBParameterGroupStateFault',
    );
  },
};
