import type { AutoScaling } from '@aws-sdk/client-auto-scaling';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import { describeInstance } from '../ec2/instanceView.ts';
import { instances } from '../ec2/resources.ts';
import type { Operations } from '../operation.ts';
import { page } from '../page.ts';
import { groups, launchConfigurations, type LaunchConfiguration } from './resources.ts';

function create(at: Place, input: Partial<LaunchConfiguration> & { LaunchConfigurationName: string }): LaunchConfiguration {
  const name = input.LaunchConfigurationName;
  if (at.table(launchConfigurations).has(name)) {
    throw new AwsError(
      'AlreadyExists',
      `Launch Configuration by this name already exists - A launch configuration already exists with the name ${name}`,
    );
  }
  return at.table(launchConfigurations).put({
    LaunchConfigurationName: name,
    LaunchConfigurationARN: at.arn('autoscaling', `launchConfiguration:${at.uuid()}:launchConfigurationName/${name}`),
    ImageId: input.ImageId,
    InstanceType: input.InstanceType,
    ...(at.strict || input.KeyName !== undefined ? { KeyName: input.KeyName ?? '' } : {}),
    SecurityGroups: input.SecurityGroups ?? [],
    ClassicLinkVPCSecurityGroups: input.ClassicLinkVPCSecurityGroups ?? [],
    ...(at.strict || input.UserData !== undefined ? { UserData: input.UserData ?? '' } : {}),
    KernelId: input.KernelId ?? '',
    RamdiskId: input.RamdiskId ?? '',
    BlockDeviceMappings: input.BlockDeviceMappings ?? [],
    InstanceMonitoring: input.InstanceMonitoring ?? { Enabled: at.strict },
    EbsOptimized: input.EbsOptimized ?? false,
    CreatedTime: at.nowMs,
    ...(input.ClassicLinkVPCId === undefined ? {} : { ClassicLinkVPCId: input.ClassicLinkVPCId }),
    ...(input.SpotPrice === undefined ? {} : { SpotPrice: input.SpotPrice }),
    ...(input.IamInstanceProfile === undefined ? {} : { IamInstanceProfile: input.IamInstanceProfile }),
    ...(at.strict && input.AssociatePublicIpAddress === undefined
      ? {}
      : { AssociatePublicIpAddress: input.AssociatePublicIpAddress ?? false }),
    ...(input.PlacementTenancy === undefined ? {} : { PlacementTenancy: input.PlacementTenancy }),
    ...(input.MetadataOptions === undefined ? {} : { MetadataOptions: input.MetadataOptions }),
  });
}

function fromInstance(at: Place, InstanceId: string): Partial<LaunchConfiguration> {
  const instance = at.table(instances).get(InstanceId);
  if (instance === undefined) throw new AwsError('ValidationError', `Instance [${InstanceId}] is invalid.`);
  return {
    ImageId: instance.ImageId,
    InstanceType: instance.InstanceType,
    KeyName: instance.KeyName,
    SecurityGroups: (describeInstance(at, instance).SecurityGroups ?? []).map(({ GroupId = '' }) => GroupId),
    UserData: instance.userData,
    InstanceMonitoring: { Enabled: instance.Monitoring?.State === 'enabled' },
    EbsOptimized: instance.EbsOptimized,
    ...(instance.IamInstanceProfile?.Arn === undefined ? {} : { IamInstanceProfile: instance.IamInstanceProfile.Arn }),
    ...(instance.Placement?.Tenancy === undefined ? {} : { PlacementTenancy: instance.Placement.Tenancy }),
  };
}

/** A group made from an instance gets a launch configuration of the group's name. */
export function launchConfigurationFromInstance(at: Place, name: string, InstanceId: string): string {
  return create(at, { ...fromInstance(at, InstanceId), LaunchConfigurationName: name }).LaunchConfigurationName;
}

export const launchConfigurationOperations: Operations<AutoScaling> = {
  CreateLaunchConfiguration(input, at) {
    const name = input.LaunchConfigurationName ?? '';
    if (input.InstanceId === undefined && (input.ImageId === undefined || input.InstanceType === undefined)) {
      throw new AwsError(
        'ValidationError',
        'Valid requests must contain either the InstanceID parameter or both the ImageId and InstanceType parameters.',
      );
    }
    const given = Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined));
    create(at, { ...(input.InstanceId === undefined ? {} : fromInstance(at, input.InstanceId)), ...given, LaunchConfigurationName: name });
  },

  DescribeLaunchConfigurations({ LaunchConfigurationNames, NextToken, MaxRecords }, at) {
    const found = at
      .table(launchConfigurations)
      .filter(
        (one) =>
          LaunchConfigurationNames === undefined ||
          LaunchConfigurationNames.length === 0 ||
          LaunchConfigurationNames.includes(one.LaunchConfigurationName),
      );
    const { items, next } = page(
      found,
      { token: NextToken, max: MaxRecords },
      { defaultMax: 50, nameOf: (one) => one.LaunchConfigurationName },
    );
    return { LaunchConfigurations: items, NextToken: next };
  },

  DeleteLaunchConfiguration({ LaunchConfigurationName = '' }, at) {
    if (!at.table(launchConfigurations).has(LaunchConfigurationName)) {
      throw new AwsError(
        'ValidationError',
        `Launch configuration name not found - Launch configuration ${LaunchConfigurationName} not found`,
      );
    }
    if (at.table(groups).find((group) => group.LaunchConfigurationName === LaunchConfigurationName)) {
      throw new AwsError(
        'ResourceInUse',
        `Cannot delete launch configuration ${LaunchConfigurationName} because it is attached to an AutoScalingGroup`,
      );
    }
    at.table(launchConfigurations).delete(LaunchConfigurationName);
  },
};
