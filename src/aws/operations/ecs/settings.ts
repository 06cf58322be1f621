import type { ECS, SettingName } from '@aws-sdk/client-ecs';
import type { Place } from '../../state/place.ts';
import { table } from '../../state/table.ts';
import type { Operations } from '../operation.ts';
import { invalidParameter } from './resources.ts';

interface Setting {
  readonly name: SettingName;
  readonly value: string;
  readonly principalArn?: string | undefined;
}

const settings = table<Setting>('ecs.account-setting', (setting) => setting.name);

/** https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PutAccountSetting.html */
const settingNames: readonly SettingName[] = [
  'serviceLongArnFormat',
  'taskLongArnFormat',
  'containerInstanceLongArnFormat',
  'awsvpcTrunking',
  'containerInsights',
  'fargateFIPSMode',
  'tagResourceAuthorization',
  'fargateTaskRetirementWaitPeriod',
  'guardDutyActivate',
  'defaultLogDriverMode',
  'fargateEventWindows',
];

/** ECS's message names the settings of its early years, whatever has come since. */
function requireName(name: SettingName | undefined): SettingName {
  if (name !== undefined && settingNames.includes(name)) return name;
  throw invalidParameter(
    'unknown should be one of [serviceLongArnFormat,taskLongArnFormat,containerInstanceLongArnFormat,containerLongArnFormat,awsvpcTrunking,containerInsights,dualStackIPv6]',
  );
}

const root = (at: Place): string => `arn:${at.partition}:iam::${at.account}:root`;

/** Whose setting it is: shown where AWS's answers hold, or where somebody was named. */
function principal(at: Place, given?: string): { principalArn?: string } {
  if (given !== undefined) return { principalArn: given };
  return at.strict ? { principalArn: root(at) } : {};
}

function put(at: Place, name: SettingName | undefined, value = '', principalArn?: string): { setting: Setting } {
  return { setting: at.table(settings).put({ name: requireName(name), value, ...principal(at, principalArn) }) };
}

export const settingOperations: Operations<ECS> = {
  PutAccountSetting: ({ name, value, principalArn }, at) => put(at, name, value, principalArn),
  PutAccountSettingDefault: ({ name, value }, at) => put(at, name, value),

  ListAccountSettings({ name, value, effectiveSettings = false }, at) {
    if (name !== undefined) requireName(name);
    const own = at.table(settings).values();
    const all = effectiveSettings
      ? settingNames.map(
          (one) =>
            own.find((held) => held.name === one) ?? {
              name: one,
              value: one.endsWith('LongArnFormat') ? 'enabled' : 'disabled',
              ...principal(at),
            },
        )
      : own;
    return { settings: all.filter((one) => (name === undefined || one.name === name) && (value === undefined || one.value === value)) };
  },

  DeleteAccountSetting({ name, principalArn }, at) {
    const known = requireName(name);
    at.table(settings).delete(known);
    return { setting: { name: known, value: '', ...principal(at, principalArn) } };
  },
};
