import type { Instance as SdkInstance, Reservation } from '@aws-sdk/client-ec2';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import { describeNetworkInterface } from './networkInterfaces.ts';
import { type Instance, interfacesOf, stateOf } from './resources.ts';
import { tagsOf } from './tagSets.ts';

export function describeInstance(at: Place, instance: Instance): Plain<SdkInstance> {
  const attached = interfacesOf(at, instance.InstanceId);
  const primary = attached[0];
  const tags = tagsOf(at, instance.InstanceId);
  return {
    ...instance,
    ...(primary === undefined ? {} : { SecurityGroups: primary.Groups }),
    ...(primary?.Association?.PublicIp === undefined
      ? {}
      : { PublicIpAddress: primary.Association.PublicIp, PublicDnsName: primary.Association.PublicDnsName }),
    State: stateOf(instance.state),
    NetworkInterfaces: attached.map((one) => describeNetworkInterface(at, one) as never),
    // EC2 leaves the list out when an instance has no tags.
    ...(tags.length === 0 ? {} : { Tags: [...tags] }),
  };
}

/** Instances as EC2 answers them: by the call that launched them. */
export function reservations(at: Place, found: readonly Instance[]): Plain<Reservation>[] {
  return [...Map.groupBy(found, (instance) => instance.reservationId)].map(([ReservationId, group]) => ({
    ReservationId,
    OwnerId: at.account,
    Groups: [],
    Instances: group.map((instance) => describeInstance(at, instance)),
  }));
}
