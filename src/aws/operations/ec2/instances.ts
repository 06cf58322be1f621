import type { EC2, InstanceStateName } from '@aws-sdk/client-ec2';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import type { Operations } from '../operation.ts';
import { describedMax, page } from '../page.ts';
import { applyFilters } from './filter.ts';
import { instanceFields } from './instanceFilters.ts';
import { describeInstance, reservations } from './instanceView.ts';
import { launch } from './launch.ts';
import { deleteNetworkInterface, detach } from './networkInterfaces.ts';
import { dropProfile } from './profileAssociations.ts';
import { assignPublicAddress, releasePublicAddress } from './publicAddresses.ts';
import {
  type Instance,
  instances,
  interfacesOf,
  primaryInterface,
  requireInstance,
  requireInstances,
  stateOf,
  volumes,
  volumesByInstance,
} from './resources.ts';
import { dropTags } from './tagSets.ts';

/** A terminated instance stays visible for about an hour. */
const afterlifeMs = 3_600_000;

function forgetLongTerminated(at: Place): void {
  for (const instance of at.table(instances).filter((one) => (one.terminatedAtMs ?? Infinity) < at.nowMs - afterlifeMs)) {
    at.table(instances).delete(instance.InstanceId);
    dropTags(at, instance.InstanceId);
  }
}

type StateChange = { InstanceId: string; PreviousState: ReturnType<typeof stateOf>; CurrentState: ReturnType<typeof stateOf> };

function change(
  at: Place,
  instance: Instance,
  passing: InstanceStateName,
  settled: InstanceStateName,
  extra: Partial<Instance> = {},
): StateChange {
  const previous = instance.state;
  if (previous !== settled) {
    const state = at.world.machinery.transition(at, instance.InstanceId, passing, settled);
    at.table(instances).patch(instance, { ...extra, state });
  }
  const answered = previous === settled ? settled : passing;
  return { InstanceId: instance.InstanceId, PreviousState: stateOf(previous), CurrentState: stateOf(answered) };
}

/** An address of Amazon's pool goes when an instance stops, and another comes when it starts. */
function withoutPublicAddress(at: Place, instance: Instance): Instance {
  const primary = primaryInterface(at, instance.InstanceId);
  if (primary !== undefined) releasePublicAddress(at, primary);
  return instance;
}

function withPublicAddress(at: Place, instance: Instance): Instance {
  const primary = instance.publicAddress ? primaryInterface(at, instance.InstanceId) : undefined;
  if (primary !== undefined) assignPublicAddress(at, primary);
  return instance;
}

function gmt(at: Place): string {
  return new Date(at.nowMs)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, ' GMT');
}

/** Terminates without asking for protection; also how a group ends its instances. */
export function terminate(at: Place, instance: Instance): StateChange {
  if (instance.state === 'terminated') return change(at, instance, 'terminated', 'terminated');
  dropProfile(at, instance);
  for (const one of interfacesOf(at, instance.InstanceId)) {
    if (one.Attachment?.DeleteOnTermination === true) deleteNetworkInterface(at, one.NetworkInterfaceId);
    else detach(at, one);
  }
  for (const volume of at.table(volumes).by(volumesByInstance, instance.InstanceId)) {
    const keep = volume.Attachments?.find((one) => one.InstanceId === instance.InstanceId)?.DeleteOnTermination !== true;
    if (keep) at.table(volumes).patch(volume, { State: 'available', Attachments: [] });
    else at.table(volumes).delete(volume.VolumeId);
  }
  const { PrivateIpAddress: _private, SubnetId: _subnet, VpcId: _vpc, ...rest } = instance;
  return change(at, rest, 'shutting-down', 'terminated', {
    terminatedAtMs: at.nowMs,
    SecurityGroups: [],
    BlockDeviceMappings: [],
    PrivateDnsName: '',
    PublicDnsName: '',
    StateTransitionReason: `User initiated (${gmt(at)})`,
    StateReason: { Code: 'Client.UserInitiatedShutdown', Message: 'Client.UserInitiatedShutdown: User initiated shutdown' },
  });
}

function requireState(instance: Instance, allowed: readonly InstanceStateName[], what: string): void {
  if (allowed.includes(instance.state)) return;
  throw new AwsError('IncorrectInstanceState', `The instance '${instance.InstanceId}' is not in a state from which it can be ${what}.`);
}

const beforeTermination: readonly InstanceStateName[] = ['pending', 'running', 'stopping', 'stopped'];

export const instanceOperations: Operations<EC2> = {
  RunInstances(input, at) {
    const reservationId = at.id('r');
    const launched = launch(at, input, reservationId);
    return {
      ReservationId: reservationId,
      OwnerId: at.account,
      Groups: [],
      Instances: launched.map((instance) => ({ ...describeInstance(at, instance), State: stateOf('pending') })),
    };
  },

  DescribeInstances({ InstanceIds, Filters, NextToken, MaxResults }, at) {
    if (MaxResults !== undefined && InstanceIds !== undefined && InstanceIds.length > 0) {
      throw new AwsError('InvalidParameterCombination', 'The parameter instancesSet cannot be used with the parameter maxResults');
    }
    forgetLongTerminated(at);
    const found = applyFilters(at, requireInstances(at, InstanceIds), Filters, (instance) => instance.InstanceId, instanceFields);
    const { items, next } = page(found, { token: NextToken, max: MaxResults }, { defaultMax: describedMax });
    return { Reservations: reservations(at, items), NextToken: next };
  },

  TerminateInstances({ InstanceIds = [] }, at) {
    if (InstanceIds.length === 0) throw new AwsError('InvalidParameterCombination', 'No instances specified');
    const found = requireInstances(at, InstanceIds);
    for (const instance of found) {
      if (instance.disableApiTermination) {
        throw new AwsError(
          'OperationNotPermitted',
          `The instance '${instance.InstanceId}' may not be terminated. Modify its 'disableApiTermination' instance attribute and try again.`,
        );
      }
    }
    return { TerminatingInstances: found.map((instance) => terminate(at, instance)) };
  },

  StopInstances({ InstanceIds }, at) {
    const found = requireInstances(at, InstanceIds ?? ['']);
    for (const instance of found) {
      requireState(instance, beforeTermination, 'stopped');
      if (instance.disableApiStop) {
        throw new AwsError(
          'OperationNotPermitted',
          `The instance '${instance.InstanceId}' may not be stopped. Modify its 'disableApiStop' instance attribute and try again.`,
        );
      }
    }
    return {
      StoppingInstances: found.map((instance) =>
        change(at, withoutPublicAddress(at, instance), 'stopping', 'stopped', {
          StateTransitionReason: `User initiated (${gmt(at)})`,
          StateReason: { Code: 'Client.UserInitiatedShutdown', Message: 'Client.UserInitiatedShutdown: User initiated shutdown' },
        }),
      ),
    };
  },

  StartInstances({ InstanceIds }, at) {
    const found = requireInstances(at, InstanceIds ?? ['']);
    for (const instance of found) requireState(instance, beforeTermination, 'started');
    return {
      StartingInstances: found.map((instance) =>
        change(at, withPublicAddress(at, instance), 'pending', 'running', {
          StateTransitionReason: '',
          StateReason: undefined,
          LaunchTime: at.nowMs,
        }),
      ),
    };
  },

  RebootInstances({ InstanceIds }, at) {
    for (const instance of requireInstances(at, InstanceIds ?? [''])) {
      requireState(instance, ['running', 'pending'], 'rebooted');
      at.table(instances).patch(instance, { rebootedAtMs: at.nowMs });
    }
  },

  DescribeInstanceStatus({ InstanceIds, IncludeAllInstances = false, Filters, NextToken, MaxResults }, at) {
    const asked = requireInstances(at, InstanceIds).filter((instance) => IncludeAllInstances || instance.state === 'running');
    const found = applyFilters(at, asked, Filters, (instance) => instance.InstanceId, instanceFields);
    const { items, next } = page(found, { token: NextToken, max: MaxResults }, { defaultMax: describedMax });
    return {
      InstanceStatuses: items.map((instance) => {
        const status = instance.state === 'running' ? 'ok' : 'not-applicable';
        const summary = {
          Status: status as 'ok',
          Details: status === 'ok' ? [{ Name: 'reachability' as const, Status: 'passed' as const }] : [],
        };
        return {
          InstanceId: instance.InstanceId,
          AvailabilityZone: instance.Placement?.AvailabilityZone,
          InstanceState: stateOf(instance.state),
          InstanceStatus: summary,
          SystemStatus: summary,
        };
      }),
      NextToken: next,
    };
  },

  MonitorInstances({ InstanceIds }, at) {
    return { InstanceMonitorings: requireInstances(at, InstanceIds).map((instance) => monitoring(at, instance, 'enabled', 'pending')) };
  },

  UnmonitorInstances({ InstanceIds }, at) {
    return { InstanceMonitorings: requireInstances(at, InstanceIds).map((instance) => monitoring(at, instance, 'disabled', 'disabling')) };
  },

  GetConsoleOutput({ InstanceId }, at) {
    const instance = requireInstance(at, InstanceId);
    return {
      InstanceId: instance.InstanceId,
      Timestamp: at.nowMs,
      Output: Buffer.from(at.world.machinery.consoleOf?.(instance.InstanceId) ?? `${instance.InstanceId} ${instance.state}\n`).toString(
        'base64',
      ),
    };
  },

  DescribeInstanceCreditSpecifications({ InstanceIds, Filters, NextToken, MaxResults }, at) {
    const found = applyFilters(at, requireInstances(at, InstanceIds), Filters, (instance) => instance.InstanceId, instanceFields);
    const { items, next } = page(found, { token: NextToken, max: MaxResults }, { defaultMax: describedMax });
    return {
      InstanceCreditSpecifications: items.map((one) => ({ InstanceId: one.InstanceId, CpuCredits: one.creditSpecification })),
      NextToken: next,
    };
  },

  ModifyInstanceCreditSpecification({ InstanceCreditSpecifications = [] }, at) {
    for (const { InstanceId, CpuCredits = 'standard' } of InstanceCreditSpecifications) {
      at.table(instances).patch(requireInstance(at, InstanceId), { creditSpecification: CpuCredits });
    }
    return {
      SuccessfulInstanceCreditSpecifications: InstanceCreditSpecifications.map(({ InstanceId }) => ({ InstanceId })),
      UnsuccessfulInstanceCreditSpecifications: [],
    };
  },

  GetInstanceUefiData({ InstanceId }, at) {
    return { InstanceId: requireInstance(at, InstanceId).InstanceId, UefiData: '' };
  },
};

function monitoring(
  at: Place,
  instance: Instance,
  stored: 'enabled' | 'disabled',
  answered: 'pending' | 'disabling',
): { InstanceId: string; Monitoring: { State: 'pending' | 'disabling' } } {
  at.table(instances).patch(instance, { Monitoring: { State: stored } });
  return { InstanceId: instance.InstanceId, Monitoring: { State: answered } };
}
