import { plain, type Arguments } from '../arguments.ts';
import { tagChanges, tagList, tagMap, unlessGone, type Clients, type ResourceType } from '../provider.ts';
import { computed, flag, forceNew, optional, required, tagged, text, textSet } from '../schema.ts';
import type { Value } from '../../language/index.ts';

const putComposite = async (aws: Clients, planned: Arguments, tags: boolean): Promise<void> => {
  await (
    await aws.cloudwatch()
  ).putCompositeAlarm({
    AlarmName: planned.sure('alarm_name'),
    AlarmRule: planned.sure('alarm_rule'),
    AlarmDescription: planned.text('alarm_description'),
    ActionsEnabled: planned.flag('actions_enabled'),
    AlarmActions: planned.texts('alarm_actions'),
    OKActions: planned.texts('ok_actions'),
    InsufficientDataActions: planned.texts('insufficient_data_actions'),
    ...(tags && tagList(planned).length > 0 && { Tags: tagList(planned) }),
  });
};

export const compositeAlarm: ResourceType = {
  schema: {
    id: text(computed),
    arn: text(computed),
    alarm_name: text(required, forceNew),
    alarm_rule: text(required),
    alarm_description: text(optional),
    actions_enabled: flag(optional, forceNew, { fallback: true }),
    alarm_actions: textSet(optional),
    ok_actions: textSet(optional),
    insufficient_data_actions: textSet(optional),
    ...tagged,
  },
  async create(aws, planned) {
    await putComposite(aws, planned, true);
    return planned.sure('alarm_name');
  },
  async read(aws, id) {
    const cloudwatch = await aws.cloudwatch();
    const { CompositeAlarms = [] } = await cloudwatch.describeAlarms({ AlarmNames: [id], AlarmTypes: ['CompositeAlarm'] });
    const alarm = CompositeAlarms[0];
    if (alarm === undefined) return undefined;
    const { Tags } = await cloudwatch.listTagsForResource({ ResourceARN: alarm.AlarmArn });
    return {
      id,
      arn: alarm.AlarmArn ?? '',
      alarm_name: alarm.AlarmName ?? '',
      alarm_rule: alarm.AlarmRule ?? '',
      alarm_description: alarm.AlarmDescription ?? '',
      actions_enabled: alarm.ActionsEnabled ?? true,
      alarm_actions: (alarm.AlarmActions ?? []).toSorted(),
      ok_actions: (alarm.OKActions ?? []).toSorted(),
      insufficient_data_actions: (alarm.InsufficientDataActions ?? []).toSorted(),
      tags_all: tagMap(Tags),
    };
  },
  async update(aws, _id, planned, changed, before) {
    const cloudwatch = await aws.cloudwatch();
    if ([...changed].some((name) => !name.startsWith('tags'))) await putComposite(aws, planned, false);
    const { set, removed } = tagChanges(before, planned);
    const ResourceARN = before.sure('arn');
    if (set.length > 0) await cloudwatch.tagResource({ ResourceARN, Tags: set });
    if (removed.length > 0) await cloudwatch.untagResource({ ResourceARN, TagKeys: removed });
  },
  async delete(aws, id) {
    await (await aws.cloudwatch()).deleteAlarms({ AlarmNames: [id] });
  },
};

/** JSON of the same meaning. */
export function sameJson(before: Value, after: Value): boolean {
  try {
    return JSON.stringify(sorted(JSON.parse(plain(before)))) === JSON.stringify(sorted(JSON.parse(plain(after))));
  } catch {
    return before === after;
  }
}

function sorted(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(sorted);
  if (typeof json !== 'object' || json === null) return json;
  return Object.fromEntries(
    Object.entries(json)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => [key, sorted(item)]),
  );
}

const putDashboard = async (aws: Clients, planned: Arguments): Promise<void> => {
  await (
    await aws.cloudwatch()
  ).putDashboard({ DashboardName: planned.sure('dashboard_name'), DashboardBody: planned.sure('dashboard_body') });
};

export const dashboard: ResourceType = {
  schema: {
    id: text(computed),
    dashboard_arn: text(computed),
    dashboard_name: text(required, forceNew),
    dashboard_body: text(required, { same: sameJson }),
  },
  async create(aws, planned) {
    await putDashboard(aws, planned);
    return planned.sure('dashboard_name');
  },
  async read(aws, id) {
    const call = (await aws.cloudwatch()).getDashboard({ DashboardName: id });
    const found = await unlessGone(call, 'DashboardNotFoundError', 'ResourceNotFound', 'ResourceNotFoundException');
    if (found === undefined) return undefined;
    return { id, dashboard_arn: found.DashboardArn ?? '', dashboard_name: id, dashboard_body: found.DashboardBody ?? '' };
  },
  async update(aws, _id, planned) {
    await putDashboard(aws, planned);
  },
  async delete(aws, id) {
    const call = (await aws.cloudwatch()).deleteDashboards({ DashboardNames: [id] });
    await unlessGone(call, 'DashboardNotFoundError', 'ResourceNotFound', 'ResourceNotFoundException');
  },
};

export const logStream: ResourceType = {
  schema: { id: text(computed), arn: text(computed), name: text(required, forceNew), log_group_name: text(required, forceNew) },
  async create(aws, planned) {
    const name = planned.sure('name');
    await (await aws.logs()).createLogStream({ logGroupName: planned.sure('log_group_name'), logStreamName: name });
    return name;
  },
  async read(aws, id, known) {
    const call = (await aws.logs()).describeLogStreams({ logGroupName: known.sure('log_group_name'), logStreamNamePrefix: id });
    const found = (await unlessGone(call, 'ResourceNotFoundException'))?.logStreams?.find(({ logStreamName }) => logStreamName === id);
    return found === undefined ? undefined : { id, arn: found.arn ?? '' };
  },
  async delete(aws, id, known) {
    const call = (await aws.logs()).deleteLogStream({ logGroupName: known.sure('log_group_name'), logStreamName: id });
    await unlessGone(call, 'ResourceNotFoundException');
  },
};
