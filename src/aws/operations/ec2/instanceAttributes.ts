import type { EC2, InstanceAttribute, ModifyInstanceAttributeRequest } from '@aws-sdk/client-ec2';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import type { Operations } from '../operation.ts';
import { describeInstance } from './instanceView.ts';
import { groupIdentifiers } from './networkInterfaces.ts';
import { type Instance, instances, networkInterfaces, primaryInterface, requireInstance } from './resources.ts';

type Attributes = Plain<InstanceAttribute>;

const readers: Readonly<Record<string, (instance: Instance, at: Place) => Attributes>> = {
  instanceType: (one) => ({ InstanceType: { Value: one.InstanceType } }),
  kernel: (one) => ({ KernelId: { Value: one.KernelId } }),
  ramdisk: (one) => ({ RamdiskId: { Value: one.RamdiskId } }),
  userData: (one) => ({ UserData: one.userData === undefined ? {} : { Value: one.userData } }),
  disableApiTermination: (one) => ({ DisableApiTermination: { Value: one.disableApiTermination } }),
  disableApiStop: (one) => ({ DisableApiStop: { Value: one.disableApiStop } }),
  instanceInitiatedShutdownBehavior: (one) => ({ InstanceInitiatedShutdownBehavior: { Value: one.shutdownBehavior } }),
  rootDeviceName: (one) => ({ RootDeviceName: { Value: one.RootDeviceName } }),
  blockDeviceMapping: (one) => ({ BlockDeviceMappings: one.BlockDeviceMappings }),
  productCodes: () => ({ ProductCodes: [] }),
  sourceDestCheck: (one) => ({ SourceDestCheck: { Value: one.SourceDestCheck } }),
  groupSet: (one, at) => ({ Groups: describeInstance(at, one).SecurityGroups?.map(({ GroupId }) => ({ GroupId })) }),
  ebsOptimized: (one) => ({ EbsOptimized: { Value: one.EbsOptimized } }),
  sriovNetSupport: () => ({ SriovNetSupport: { Value: 'simple' } }),
  enaSupport: (one) => ({ EnaSupport: { Value: one.EnaSupport } }),
  enclaveOptions: (one) => ({ EnclaveOptions: { Enabled: one.EnclaveOptions?.Enabled } }),
};

/** What changes only while an instance is stopped. */
const needsStop: readonly (keyof ModifyInstanceAttributeRequest)[] = ['InstanceType', 'UserData', 'EbsOptimized', 'Kernel', 'Ramdisk'];

function changes(input: Plain<ModifyInstanceAttributeRequest>, instance: Instance): Partial<Instance> {
  const named = input.Attribute === undefined ? {} : single(input.Attribute, input.Value);
  const flag = (value: { Value?: boolean | undefined } | undefined, held: boolean): boolean => value?.Value ?? held;
  return {
    InstanceType: (input.InstanceType?.Value ?? instance.InstanceType) as Instance['InstanceType'],
    KernelId: input.Kernel?.Value ?? instance.KernelId,
    RamdiskId: input.Ramdisk?.Value ?? instance.RamdiskId,
    userData: userData(input.UserData?.Value) ?? instance.userData,
    disableApiTermination: flag(input.DisableApiTermination, instance.disableApiTermination),
    disableApiStop: flag(input.DisableApiStop, instance.disableApiStop),
    shutdownBehavior: (input.InstanceInitiatedShutdownBehavior?.Value ?? instance.shutdownBehavior) as Instance['shutdownBehavior'],
    SourceDestCheck: flag(input.SourceDestCheck, instance.SourceDestCheck ?? true),
    EbsOptimized: flag(input.EbsOptimized, instance.EbsOptimized ?? false),
    ...named,
  };
}

function userData(value: Uint8Array | string | undefined): string | undefined {
  return value === undefined || typeof value === 'string' ? value : Buffer.from(value).toString('base64');
}

/** The old form of the call: `Attribute=disableApiTermination&Value=true`. */
function single(attribute: string, value = ''): Partial<Instance> {
  const on = value.toLowerCase() === 'true';
  const forms: Record<string, Partial<Instance>> = {
    instanceType: { InstanceType: value as Instance['InstanceType'] },
    kernel: { KernelId: value },
    ramdisk: { RamdiskId: value },
    userData: { userData: value },
    disableApiTermination: { disableApiTermination: on },
    disableApiStop: { disableApiStop: on },
    instanceInitiatedShutdownBehavior: { shutdownBehavior: value as Instance['shutdownBehavior'] },
    sourceDestCheck: { SourceDestCheck: on },
    ebsOptimized: { EbsOptimized: on },
  };
  return forms[attribute] ?? {};
}

export const instanceAttributeOperations: Operations<EC2> = {
  DescribeInstanceAttribute({ InstanceId, Attribute = '' }, at) {
    const instance = requireInstance(at, InstanceId);
    const read = readers[Attribute];
    if (read === undefined)
      throw new AwsError('InvalidParameterValue', `Value (${Attribute}) for parameter attribute is invalid. Unknown attribute.`);
    return { InstanceId: instance.InstanceId, ...read(instance, at) };
  },

  ModifyInstanceAttribute(input, at) {
    const instance = requireInstance(at, input.InstanceId);
    const blocked = needsStop.find((key) => input[key] !== undefined);
    if (at.strict && blocked !== undefined && instance.state === 'running') {
      throw new AwsError('IncorrectInstanceState', `The instance '${instance.InstanceId}' is not in the 'stopped' state.`);
    }
    const changed = at.table(instances).patch(instance, changes(input, instance));
    const eni = primaryInterface(at, instance.InstanceId);
    if (eni !== undefined && input.Groups !== undefined)
      at.table(networkInterfaces).patch(eni, { Groups: groupIdentifiers(at, input.Groups) });
    if (eni !== undefined && input.SourceDestCheck !== undefined)
      at.table(networkInterfaces).patch(eni, { SourceDestCheck: changed.SourceDestCheck });
    if (input.BlockDeviceMappings === undefined) return;
    const flags = new Map(input.BlockDeviceMappings.map(({ DeviceName, Ebs }) => [DeviceName, Ebs?.DeleteOnTermination]));
    at.table(instances).patch(changed, {
      BlockDeviceMappings: (changed.BlockDeviceMappings ?? []).map((one) => {
        const flag = flags.get(one.DeviceName);
        return flag === undefined || one.Ebs === undefined ? one : { ...one, Ebs: { ...one.Ebs, DeleteOnTermination: flag } };
      }),
    });
  },

  ResetInstanceAttribute({ InstanceId, Attribute }, at) {
    const instance = requireInstance(at, InstanceId);
    if (Attribute === 'sourceDestCheck') at.table(instances).patch(instance, { SourceDestCheck: true });
  },

  ModifyPrivateDnsNameOptions({ InstanceId, ...input }, at) {
    const instance = requireInstance(at, InstanceId);
    const held = instance.PrivateDnsNameOptions ?? {};
    at.table(instances).patch(instance, {
      PrivateDnsNameOptions: {
        HostnameType: input.PrivateDnsHostnameType ?? held.HostnameType,
        EnableResourceNameDnsARecord: input.EnableResourceNameDnsARecord ?? held.EnableResourceNameDnsARecord,
        EnableResourceNameDnsAAAARecord: input.EnableResourceNameDnsAAAARecord ?? held.EnableResourceNameDnsAAAARecord,
      },
    });
    return { Return: true };
  },

  ModifyInstanceMaintenanceOptions({ InstanceId, AutoRecovery }, at) {
    const instance = requireInstance(at, InstanceId);
    const { MaintenanceOptions } = at.table(instances).patch(instance, {
      MaintenanceOptions: { ...instance.MaintenanceOptions, AutoRecovery: AutoRecovery ?? instance.MaintenanceOptions?.AutoRecovery },
    });
    return { InstanceId, AutoRecovery: MaintenanceOptions?.AutoRecovery };
  },

  /** Only what a stopped instance may change; zones and hosts are not moved between. */
  ModifyInstancePlacement({ InstanceId, GroupName, Tenancy, Affinity, HostId }, at) {
    const instance = requireInstance(at, InstanceId);
    if (instance.state !== 'stopped')
      throw new AwsError('IncorrectInstanceState', `The instance '${instance.InstanceId}' is not in the 'stopped' state.`);
    const Placement = {
      ...instance.Placement,
      ...(GroupName === undefined ? {} : { GroupName }),
      ...(Tenancy === undefined ? {} : { Tenancy }),
      ...(Affinity === undefined ? {} : { Affinity }),
      ...(HostId === undefined ? {} : { HostId }),
    };
    at.table(instances).patch(instance, { Placement });
    return { Return: true };
  },

  ModifyInstanceMetadataOptions(input, at) {
    const instance = requireInstance(at, input.InstanceId);
    const held = instance.MetadataOptions ?? {};
    const options = {
      State: 'applied' as const,
      HttpTokens: input.HttpTokens ?? held.HttpTokens,
      HttpPutResponseHopLimit: input.HttpPutResponseHopLimit ?? held.HttpPutResponseHopLimit,
      HttpEndpoint: input.HttpEndpoint ?? held.HttpEndpoint,
      HttpProtocolIpv6: input.HttpProtocolIpv6 ?? held.HttpProtocolIpv6,
      InstanceMetadataTags: input.InstanceMetadataTags ?? held.InstanceMetadataTags,
    };
    at.table(instances).patch(instance, { MetadataOptions: options });
    return { InstanceId: instance.InstanceId, InstanceMetadataOptions: { ...options, State: 'pending' } };
  },
};
