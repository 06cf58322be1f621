import { tagChanges, unlessGone, type ResourceType } from '../provider.ts';
import { computed, flag, forceNew, number, optional, settled, tagged, text } from '../schema.ts';
import { nameOf } from './names.ts';

export const logGroup: ResourceType = {
  schema: {
    id: text(computed),
    arn: text(computed),
    name: text(settled, forceNew),
    name_prefix: text(optional, forceNew),
    retention_in_days: number(optional, { fallback: 0 }),
    skip_destroy: flag(optional, { fallback: false }),
    kms_key_id: text(optional),
    log_group_class: text(settled, forceNew),
    ...tagged,
  },
  async create(aws, planned) {
    const name = nameOf(planned);
    await (await aws.logs()).createLogGroup({ logGroupName: name, tags: planned.map('tags_all') });
    return name;
  },
  async settle(aws, id, planned) {
    const days = planned.number('retention_in_days') ?? 0;
    if (days > 0) await (await aws.logs()).putRetentionPolicy({ logGroupName: id, retentionInDays: days });
  },
  async read(aws, id) {
    const logs = await aws.logs();
    const { logGroups = [] } = await logs.describeLogGroups({ logGroupNamePrefix: id });
    const found = logGroups.find(({ logGroupName }) => logGroupName === id);
    if (found === undefined) return undefined;
    const arn = (found.arn ?? '').replace(/:\*$/, '');
    const { tags = {} } = await logs.listTagsForResource({ resourceArn: arn });
    return { id, arn, name: id, retention_in_days: found.retentionInDays ?? 0, tags_all: tags };
  },
  async update(aws, id, planned, changed, before) {
    const logs = await aws.logs();
    const days = planned.number('retention_in_days') ?? 0;
    if (changed.has('retention_in_days'))
      await (days > 0
        ? logs.putRetentionPolicy({ logGroupName: id, retentionInDays: days })
        : logs.deleteRetentionPolicy({ logGroupName: id }));
    const { set, removed } = tagChanges(before, planned);
    const resourceArn = before.sure('arn');
    if (set.length > 0) await logs.tagResource({ resourceArn, tags: Object.fromEntries(set.map(({ Key, Value }) => [Key, Value])) });
    if (removed.length > 0) await logs.untagResource({ resourceArn, tagKeys: removed });
  },
  async delete(aws, id, known) {
    if (known.flag('skip_destroy') === true) return;
    await unlessGone((await aws.logs()).deleteLogGroup({ logGroupName: id }), 'ResourceNotFoundException');
  },
};
