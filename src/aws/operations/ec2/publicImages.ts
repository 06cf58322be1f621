import catalogue from './publicImages.json' with { type: 'json' };
import type { Image } from './resources.ts';

/**
 * Images that every region offers by name, as `most_recent` lookups of Terraform expect; kept apart from registered
 * ones. Their ids are stable, so that a plan made today finds the same image tomorrow.
 */
export function publicImages(): Image[] {
  return catalogue.map((one, index) => ({
    ImageId: `ami-0a1b2c3d4e5f6${String(index).padStart(4, '0')}`,
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
          SnapshotId: `snap-0a1b2c3d4e5f6${String(index).padStart(4, '0')}`,
        },
      },
    ],
    launchPermissions: [{ Group: 'all' }],
  }));
}
