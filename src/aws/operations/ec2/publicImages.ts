import { createHash } from 'node:crypto';
import catalogue from './publicImages.json' with { type: 'json' };
import type { Image } from './resources.ts';

/**
 * Images that every region offers by name, as `most_recent` lookups of Terraform expect; kept apart from registered
 * ones. Their ids are stable, so that a plan made today finds the same image tomorrow.
 */
export function publicImages(region: string): Image[] {
  return catalogue.map((one) => ({
    ImageId: `ami-0${stableHex(`${region}/${one.name}`)}`,
    Name: one.name,
    Description: one.description,
    Architecture: one.architecture as 'x86_64' | 'arm64',
    CreationDate: '2025-11-10T00:00:00.000Z',
    ImageLocation: `${one.alias}/${one.name}`,
    ImageOwnerAlias: one.alias,
    OwnerId: one.owner,
    ImageType: 'machine',
    Public: true,
    State: 'available',
    Hypervisor: 'xen',
    PlatformDetails: 'Linux/UNIX',
    UsageOperation: 'RunInstances',
    RootDeviceName: one.root,
    RootDeviceType: 'ebs',
    VirtualizationType: 'hvm',
    EnaSupport: true,
    SriovNetSupport: 'simple',
    BlockDeviceMappings: [
      {
        DeviceName: one.root,
        Ebs: {
          DeleteOnTermination: true,
          VolumeSize: 8,
          VolumeType: 'gp3',
          Encrypted: false,
          SnapshotId: `snap-0${stableHex(`${region}/${one.name}`)}`,
        },
      },
    ],
    launchPermissions: [{ Group: 'all' }],
  }));
}

function stableHex(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
