import type { CapacityProvider as SdkCapacityProvider, ECS } from '@aws-sdk/client-ecs';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import { table } from '../../state/table.ts';
import type { Operations } from '../operation.ts';
import { page } from '../page.ts';
import { clientError, nameOf } from './resources.ts';
import { setTags, tagsOf } from './tags.ts';

interface CapacityProvider extends Plain<SdkCapacityProvider> {
  readonly name: string;
  readonly capacityProviderArn: string;
}

const capacityProviders = table<CapacityProvider>('ecs.capacity-provider', (provider) => provider.name);

function requireProvider(at: Place, reference = ''): CapacityProvider {
  const found = at.table(capacityProviders).get(nameOf(reference));
  if (found === undefined) throw clientError('The specified capacity provider does not exist.');
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

export const capacityProviderOperations: Operations<ECS> = {
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
    const names = references?.map(nameOf);
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
};
