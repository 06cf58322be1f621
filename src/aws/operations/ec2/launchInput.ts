import type { RunInstancesRequest } from '@aws-sdk/client-ec2';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import { instanceTypeFacts } from './instanceTypes.ts';
import { resolveLaunchTemplate } from './launchTemplates.ts';
import { keyPairs } from './resources.ts';

export type LaunchInput = Plain<RunInstancesRequest>;

/** What a launch template says, under what the call itself says. */
export function withTemplate(at: Place, input: LaunchInput): LaunchInput {
  if (input.LaunchTemplate === undefined) return input;
  const { id, version, data } = resolveLaunchTemplate(at, input.LaunchTemplate);
  const own = Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined));
  return {
    ...(data as LaunchInput),
    ...own,
    TagSpecifications: mergedTags(id, version, data.TagSpecifications ?? [], input.TagSpecifications ?? []),
  };
}

type TagSpecifications = NonNullable<LaunchInput['TagSpecifications']>;

/** The call's tags come after the template's and win; instances are told which template made them. */
function mergedTags(id: string, version: number, template: TagSpecifications, own: TagSpecifications): TagSpecifications {
  const marks = [
    { Key: 'aws:ec2launchtemplate:id', Value: id },
    { Key: 'aws:ec2launchtemplate:version', Value: String(version) },
  ];
  return [...template, ...own, { ResourceType: 'instance', Tags: marks }];
}

/** Refuses what RunInstances refuses before anything is made. */
export function checkLaunch(at: Place, input: LaunchInput): void {
  const { MinCount = 1, MaxCount = 1, ImageId, InstanceType, KeyName, SubnetId, NetworkInterfaces, SecurityGroupIds } = input;
  if (ImageId === undefined || ImageId === '') throw new AwsError('MissingParameter', 'The request must contain the parameter ImageId');
  if (MinCount < 1 || MaxCount < MinCount)
    throw new AwsError(
      'InvalidParameterValue',
      `Value (${MinCount}) for parameter minCount is invalid. It must be between 1 and maxCount.`,
    );
  if (!ImageId.startsWith('ami-')) throw new AwsError('InvalidAMIID.Malformed', `Invalid id: "${ImageId}" (expecting "ami-...")`);
  if (InstanceType !== undefined && instanceTypeFacts(InstanceType) === undefined) {
    throw new AwsError('InvalidParameterValue', `Invalid value '${InstanceType}' for InstanceType.`);
  }
  const bySpecification = NetworkInterfaces !== undefined && NetworkInterfaces.length > 0;
  if (bySpecification && (SubnetId !== undefined || (SecurityGroupIds ?? []).length > 0)) {
    throw new AwsError(
      'InvalidParameterCombination',
      `Network interfaces and an instance-level ${SubnetId === undefined ? 'security groups' : 'subnet ID'} may not be specified on the same request`,
    );
  }
  for (const { Ebs, DeviceName, VirtualName, NoDevice } of input.BlockDeviceMappings ?? []) {
    if (Ebs === undefined && VirtualName === undefined && NoDevice === undefined)
      throw new AwsError('MissingParameter', 'The request must contain the parameter ebs');
    if (
      Ebs !== undefined &&
      Ebs.VolumeSize === undefined &&
      Ebs.SnapshotId === undefined &&
      DeviceName !== '/dev/sda1' &&
      DeviceName !== '/dev/xvda'
    ) {
      throw new AwsError('MissingParameter', 'The request must contain the parameter size or snapshotId');
    }
  }
  if (at.strict && KeyName !== undefined && at.table(keyPairs).find((pair) => pair.KeyName === KeyName) === undefined) {
    throw new AwsError('InvalidKeyPair.NotFound', `The key pair '${KeyName}' does not exist`);
  }
}
