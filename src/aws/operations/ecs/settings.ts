import type { CapacityProvider as SdkCapacityProvider, ECS, SettingName } from '@aws-sdk/client-ecs';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import { table } from '../../state/table.ts';
import type { Operations } from '../operation.ts';
import { page } from '../page.ts';
import { removeTags, setTags, tagsOf } from './tags.ts';

interface Setting {
  readonly name: SettingName;
  readonly value: string;
  readonly principalArn: string;
}

interface CapacityProvider extends Plain<SdkCapacityProvider> {
  readonly name: string;
  readonly capacityProviderArn: string;
}

const settings = table<Setting>('ecs.account-setting', (setting) => setting.name);
const capacityProviders = table<CapacityProvider>('ecs.capacity-provider', (provider) => provider.name);

const settingNames: SettingName[] = [
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

const root = (at: Place): string => `arn:${at.partition}:iam::${at.account}:root`;

function put(at: Place, name: SettingName | undefined, value = '', principalArn?: string): { setting: Setting } {
  if (name === undefined || !settingNames.includes(name))
    throw new AwsError('InvalidParameterException', `unknown should be one of [${settingNames.join(',')}]`);
  return { setting: at.table(settings).put({ name, value, principalArn: principalArn ?? root(at) }) };
}

function requireProvider(at: Place, reference = ''): CapacityProvider {
  const found = at.table(capacityProviders).get(reference.split('/').at(-1));
  if (found === undefined) throw new AwsError('ClientException', 'The specified capacity provider does not exist.');
  return found;
}

/** Providers that every account has. */
const builtIn = ['FARGATE', 'FARGATE_SPOT'];

const scaling = {
  instanceWarmupPeriod: 300,
  maximumScalingStepSize: 10_000,
  minimumScalingStepSize: 1,
  status: 'DISABLED',
  targetCapacity: 100,
} as const;

/** Account settings, capacity providers, and tags of everything in ECS. */
export const settingOperations: Operations<ECS> = {
  PutAccountSetting: ({ name, value, principalArn }, at) => put(at, name, value, principalArn),
  PutAccountSettingDefault: ({ name, value }, at) => put(at, name, value),

  ListAccountSettings({ name, value, effectiveSettings = false }, at) {
    const own = at.table(settings).values();
    const all = effectiveSettings
      ? settingNames.map(
          (one) =>
            own.find((held) => held.name === one) ?? {
              name: one,
              value: one.endsWith('LongArnFormat') ? 'enabled' : 'disabled',
              principalArn: root(at),
            },
        )
      : own;
    return { settings: all.filter((one) => (name === undefined || one.name === name) && (value === undefined || one.value === value)) };
  },

  DeleteAccountSetting({ name = 'containerInsights' }, at) {
    at.table(settings).delete(name);
    return { setting: { name, value: '', principalArn: root(at) } };
  },

  CreateCapacityProvider({ name = '', autoScalingGroupProvider, tags }, at) {
    const provider = at.table(capacityProviders).put({
      name,
      capacityProviderArn: at.arn('ecs', `capacity-provider/${name}`),
      status: 'ACTIVE',
      ...(autoScalingGroupProvider === undefined
        ? {}
        : {
            autoScalingGroupProvider: {
              managedTerminationProtection: 'DISABLED' as const,
              ...autoScalingGroupProvider,
              managedScaling: { ...scaling, ...autoScalingGroupProvider.managedScaling },
            },
          }),
    });
    setTags(at, provider.capacityProviderArn, tags);
    return { capacityProvider: { ...provider, tags: tagsOf(at, provider.capacityProviderArn) } };
  },

  DescribeCapacityProviders({ capacityProviders: references, include = [], nextToken, maxResults }, at) {
    const names = references?.map((reference) => reference.split('/').at(-1) ?? '');
    const every: CapacityProvider[] = [
      ...builtIn.map((name): CapacityProvider => ({
        name,
        capacityProviderArn: at.arn('ecs', `capacity-provider/${name}`),
        status: 'ACTIVE',
      })),
      ...at.table(capacityProviders).values(),
    ];
    const found = every.filter(({ name }) => names?.includes(name) ?? true);
    const { items, next } = page(found, { token: nextToken, max: maxResults });
    return {
      capacityProviders: items.map((one) => ({ ...one, tags: include.includes('TAGS') ? tagsOf(at, one.capacityProviderArn) : [] })),
      failures: (names ?? [])
        .filter((name) => !every.some((one) => one.name === name))
        .map((name) => ({ arn: at.arn('ecs', `capacity_provider/${name}`), reason: 'MISSING' })),
      nextToken: next,
    };
  },

  UpdateCapacityProvider({ name, autoScalingGroupProvider }, at) {
    const provider = requireProvider(at, name);
    const held = provider.autoScalingGroupProvider;
    const changed = at.table(capacityProviders).patch(provider, {
      autoScalingGroupProvider: {
        ...held,
        ...autoScalingGroupProvider,
        autoScalingGroupArn: held?.autoScalingGroupArn,
        managedScaling: { ...scaling, ...held?.managedScaling, ...autoScalingGroupProvider?.managedScaling },
      },
    });
    return { capacityProvider: changed };
  },

  DeleteCapacityProvider({ capacityProvider: reference }, at) {
    const provider = requireProvider(at, reference);
    at.table(capacityProviders).delete(provider.name);
    return { capacityProvider: provider };
  },

  TagResource({ resourceArn = '', tags }, at) {
    setTags(at, requireArn(at, resourceArn), tags);
    return {};
  },

  UntagResource({ resourceArn = '', tagKeys = [] }, at) {
    removeTags(at, requireArn(at, resourceArn), tagKeys);
    return {};
  },

  ListTagsForResource: ({ resourceArn = '' }, at) => ({ tags: tagsOf(at, requireArn(at, resourceArn)) }),
};

const kinds: Readonly<Record<string, readonly [kind: string, keyOf: (arn: string) => string, code: string, message: string]>> = {
  cluster: ['ecs.cluster', (arn) => arn.split('/').at(-1) ?? '', 'ClusterNotFoundException', 'Cluster not found.'],
  service: ['ecs.service', (arn) => arn, 'ServiceNotFoundException', 'Service not found.'],
  task: ['ecs.task', (arn) => arn, 'InvalidParameterException', 'The specified task is not found.'],
  'task-definition': [
    'ecs.task-definition',
    (arn) => arn.split('/').at(-1) ?? '',
    'ClientException',
    'The specified task definition is not found.',
  ],
  'container-instance': [
    'ecs.container-instance',
    (arn) => arn,
    'InvalidParameterException',
    'The specified container instance is not found.',
  ],
  'capacity-provider': [
    'ecs.capacity-provider',
    (arn) => arn.split('/').at(-1) ?? '',
    'ClientException',
    'The specified capacity provider does not exist.',
  ],
};

function requireArn(at: Place, arn: string): string {
  const kind = kinds[/^arn:[^:]+:ecs:[^:]*:\d*:([a-z-]+)\//.exec(arn)?.[1] ?? ''];
  if (kind === undefined) throw new AwsError('InvalidParameterException', 'The ARN provided is invalid.');
  const [table, keyOf, code, message] = kind;
  if (!at.world.holds(at, table, keyOf(arn))) throw new AwsError(code, message);
  return arn;
}
