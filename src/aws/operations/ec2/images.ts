import type { EC2, Image as SdkImage, ModifyImageAttributeRequest } from '@aws-sdk/client-ec2';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import type { Operations } from '../operation.ts';
import { page } from '../page.ts';
import { applyFilters, type FilterFields, matcher } from './filter.ts';
import { publicImages } from './publicImages.ts';
import { type Image, images, type Instance, type LaunchPermission, requireInstance, volumes } from './resources.ts';
import { dropTags, setTags, specifiedTags, tagsOf } from './tagSets.ts';
import { createSnapshot } from './volumes.ts';

const samePermission =
  (a: LaunchPermission) =>
  (b: LaunchPermission): boolean =>
    a.UserId === b.UserId &&
    a.Group === b.Group &&
    a.OrganizationArn === b.OrganizationArn &&
    a.OrganizationalUnitArn === b.OrganizationalUnitArn;

/** A registered image, or a public one of the catalogue; other ids stand for the default machine image. */
export function findImage(at: Place, id: string): Image | undefined {
  const image = at.table(images).get(id);
  if (image?.State === 'deregistered') throw new AwsError('InvalidAMIID.Unavailable', `The image ID '${id}' is no longer available`);
  return image;
}

function requireImage(at: Place, id: string | undefined): Image {
  const image = at.table(images).get(id);
  if (image !== undefined) return image;
  if (id === undefined || !/^ami-[0-9a-z-]+$/.test(id))
    throw new AwsError('InvalidAMIID.Malformed', `Invalid id: "${id ?? ''}" (expecting "ami-...")`);
  throw missingImages([id]);
}

function missingImages(ids: readonly string[]): AwsError {
  const verb = ids.length === 1 ? 'id' : 'ids';
  return new AwsError('InvalidAMIID.NotFound', `The image ${verb} '[${ids.join(', ')}]' ${ids.length === 1 ? 'does' : 'do'} not exist`);
}

function fromInstance(at: Place, instance: Instance, name: string, description: string): Image {
  const id = at.id('ami');
  const mappings = (instance.BlockDeviceMappings ?? []).map(({ DeviceName, Ebs }) => {
    const volume = at.table(volumes).get(Ebs?.VolumeId);
    const snapshot =
      volume === undefined ? undefined : createSnapshot(at, volume, `Created by CreateImage(${instance.InstanceId}) for ${id}`);
    return {
      DeviceName,
      Ebs: {
        SnapshotId: snapshot?.SnapshotId,
        VolumeSize: volume?.Size,
        VolumeType: volume?.VolumeType,
        DeleteOnTermination: true,
        Encrypted: false,
      },
    };
  });
  return at.table(images).put({
    ...newImage(at, id, name, description),
    Architecture: instance.Architecture,
    BlockDeviceMappings: mappings,
    RootDeviceName: instance.RootDeviceName,
    RootDeviceType: instance.RootDeviceType,
    VirtualizationType: instance.VirtualizationType,
    ...(instance.Platform === undefined ? {} : { Platform: instance.Platform }),
    PlatformDetails: instance.PlatformDetails,
    ...(instance.KernelId === undefined ? {} : { KernelId: instance.KernelId }),
    ...(instance.RamdiskId === undefined ? {} : { RamdiskId: instance.RamdiskId }),
    SourceInstanceId: instance.InstanceId,
  });
}

function newImage(at: Place, ImageId: string, Name: string, Description: string): Image {
  return {
    ImageId,
    Name,
    Description,
    Architecture: 'x86_64',
    CreationDate: new Date(at.nowMs).toISOString(),
    EnaSupport: true,
    Hypervisor: 'xen',
    ImageLocation: `${at.account}/${Name}`,
    ImageType: 'machine',
    OwnerId: at.account,
    PlatformDetails: 'Linux/UNIX',
    Public: false,
    RootDeviceName: '/dev/sda1',
    RootDeviceType: 'ebs',
    State: at.world.machinery.transition(at, ImageId, 'pending', 'available'),
    UsageOperation: 'RunInstances',
    VirtualizationType: 'hvm',
    BlockDeviceMappings: [],
    launchPermissions: [],
  };
}

function describe(at: Place, image: Image): Plain<SdkImage> {
  return { ...image, Tags: [...tagsOf(at, image.ImageId)] };
}

const ebsOf = (
  image: Image,
): {
  DeviceName?: string | undefined;
  VolumeSize?: number | undefined;
  VolumeType?: string | undefined;
  SnapshotId?: string | undefined;
  Encrypted?: boolean | undefined;
  DeleteOnTermination?: boolean | undefined;
}[] => (image.BlockDeviceMappings ?? []).map(({ DeviceName, Ebs }) => ({ DeviceName, ...Ebs }));

const fields: FilterFields<Image> = {
  architecture: (image) => image.Architecture,
  'block-device-mapping.delete-on-termination': (image) => ebsOf(image).map((one) => one.DeleteOnTermination),
  'block-device-mapping.device-name': (image) => ebsOf(image).map((one) => one.DeviceName),
  'block-device-mapping.snapshot-id': (image) => ebsOf(image).map((one) => one.SnapshotId),
  'block-device-mapping.volume-size': (image) => ebsOf(image).map((one) => one.VolumeSize),
  'block-device-mapping.volume-type': (image) => ebsOf(image).map((one) => one.VolumeType),
  'block-device-mapping.encrypted': (image) => ebsOf(image).map((one) => one.Encrypted),
  'creation-date': (image) => image.CreationDate,
  description: (image) => image.Description,
  'ena-support': (image) => image.EnaSupport,
  hypervisor: (image) => image.Hypervisor,
  'image-id': (image) => image.ImageId,
  'image-type': (image) => image.ImageType,
  'is-public': (image) => image.Public,
  'kernel-id': (image) => image.KernelId,
  name: (image) => image.Name,
  'owner-alias': (image) => image.ImageOwnerAlias,
  'owner-id': (image) => image.OwnerId,
  platform: (image) => image.Platform,
  'root-device-name': (image) => image.RootDeviceName,
  'root-device-type': (image) => image.RootDeviceType,
  'source-instance-id': (image) => image.SourceInstanceId,
  state: (image) => image.State,
  'virtualization-type': (image) => image.VirtualizationType,
};

/** The catalogue is looked into only by who asks for its owners, its names or its ids. */
function candidates(at: Place, ids: readonly string[] | undefined, owners: readonly string[] | undefined): Image[] {
  const stored = at.table(images).values();
  const own = stored.filter((image) => image.State !== 'deregistered');
  const known = [...stored, ...publicImages(at.region)];
  if (ids !== undefined && ids.length > 0) {
    for (const id of ids)
      if (!/^ami-[0-9a-z]+$/.test(id)) throw new AwsError('InvalidAMIID.Malformed', `Invalid id: "${id}" (expecting "ami-...")`);
    const missing = ids.filter((id) => !known.some((image) => image.ImageId === id));
    if (missing.length > 0) throw missingImages(missing);
    return known.filter((image) => ids.includes(image.ImageId) && image.State !== 'deregistered');
  }
  if (owners === undefined || owners.length === 0) return own;
  const matches = matcher(owners.map((owner) => (owner === 'self' ? at.account : owner)));
  return [...own, ...publicImages(at.region)].filter(
    (image) => matches(image.OwnerId ?? '') || (image.ImageOwnerAlias !== undefined && matches(image.ImageOwnerAlias)),
  );
}

export const imageOperations: Operations<EC2> = {
  CreateImage({ InstanceId, Name = '', Description = '', TagSpecifications }, at) {
    for (const { ResourceType } of TagSpecifications ?? []) {
      if (ResourceType !== 'image' && ResourceType !== 'snapshot')
        throw new AwsError('InvalidParameterValue', `'${ResourceType ?? ''}' is not a valid taggable resource type for this operation.`);
    }
    const image = fromInstance(at, requireInstance(at, InstanceId), Name, Description);
    setTags(at, image.ImageId, specifiedTags(TagSpecifications, 'image'));
    for (const { Ebs } of image.BlockDeviceMappings ?? [])
      if (Ebs?.SnapshotId !== undefined) setTags(at, Ebs.SnapshotId, specifiedTags(TagSpecifications, 'snapshot'));
    return { ImageId: image.ImageId };
  },

  RegisterImage(input, at) {
    const image = at.table(images).put({
      ...newImage(at, at.id('ami'), input.Name ?? '', input.Description ?? ''),
      Architecture: input.Architecture ?? 'x86_64',
      BlockDeviceMappings: input.BlockDeviceMappings ?? [],
      RootDeviceName: input.RootDeviceName ?? '/dev/sda1',
      VirtualizationType: (input.VirtualizationType ?? 'paravirtual') as never,
    });
    setTags(at, image.ImageId, specifiedTags(input.TagSpecifications, 'image'));
    return { ImageId: image.ImageId };
  },

  CopyImage({ SourceImageId = '', SourceRegion = '', Name = '', Description = '', CopyImageTags, TagSpecifications }, at) {
    const source = at.world.place(at.account, SourceRegion);
    const found = requireImage(source, SourceImageId);
    const copy = at.table(images).put({
      ...found,
      ImageId: at.id('ami'),
      Name,
      Description,
      OwnerId: at.account,
      CreationDate: new Date(at.nowMs).toISOString(),
      launchPermissions: [],
      Public: false,
      SourceImageId,
      SourceImageRegion: SourceRegion,
    });
    if (CopyImageTags === true) setTags(at, copy.ImageId, tagsOf(source, SourceImageId));
    setTags(at, copy.ImageId, specifiedTags(TagSpecifications, 'image'));
    return { ImageId: copy.ImageId };
  },

  DescribeImages({ ImageIds, Owners, ExecutableUsers, Filters, NextToken, MaxResults }, at) {
    const executable = (image: Image): boolean =>
      ExecutableUsers?.some((user) =>
        image.launchPermissions.some(
          ({ UserId, Group }) => UserId === (user === 'self' ? at.account : user) || Group === user || (!at.strict && Group === 'all'),
        ),
      ) ?? true;
    const asked = candidates(at, ImageIds, Owners).filter(executable);
    const found = applyFilters(at, asked, Filters, (image) => image.ImageId, fields);
    const { items, next } = page(found, { token: NextToken, max: MaxResults });
    return { Images: items.map((image) => describe(at, image)), NextToken: next };
  },

  DeregisterImage({ ImageId }, at) {
    const image = requireImage(at, ImageId);
    if (image.State === 'deregistered')
      throw new AwsError('InvalidAMIID.Unavailable', `The image id '[${image.ImageId}]' is no longer available`);
    // Its id stays known, and describes to nothing, as long as instances may refer to it.
    at.table(images).patch(image, { State: 'deregistered', launchPermissions: [], Public: false });
    dropTags(at, image.ImageId);
    return { Return: true };
  },

  EnableImage({ ImageId }, at) {
    at.table(images).patch(requireImage(at, ImageId), { State: 'available' });
    return { Return: true };
  },

  DisableImage({ ImageId }, at) {
    at.table(images).patch(requireImage(at, ImageId), { State: 'disabled', launchPermissions: [], Public: false });
    return { Return: true };
  },

  DescribeImageAttribute({ ImageId, Attribute }, at) {
    const image = requireImage(at, ImageId);
    if (Attribute === 'description') return { ImageId, Description: { Value: image.Description } };
    if (Attribute === 'launchPermission') return { ImageId, LaunchPermissions: [...image.launchPermissions] };
    if (Attribute === 'blockDeviceMapping') return { ImageId, BlockDeviceMappings: image.BlockDeviceMappings };
    if (Attribute === 'bootMode') return { ImageId, BootMode: { Value: image.BootMode ?? 'uefi' } };
    if (Attribute === 'sriovNetSupport') return { ImageId, SriovNetSupport: { Value: image.SriovNetSupport ?? 'simple' } };
    if (Attribute === 'productCodes') return { ImageId, ProductCodes: image.ProductCodes ?? [] };
    if (Attribute === 'kernel') return { ImageId, KernelId: { Value: image.KernelId } };
    throw new AwsError('InvalidParameterValue', `Value (${String(Attribute)}) for parameter attribute is invalid.`);
  },

  ModifyImageAttribute(input, at) {
    const image = requireImage(at, input.ImageId);
    if (input.Description !== undefined) {
      at.table(images).patch(image, { Description: input.Description.Value ?? '' });
      return;
    }
    const add = input.LaunchPermission?.Add ?? (input.OperationType === 'add' ? permissions(input) : []);
    const remove = input.LaunchPermission?.Remove ?? (input.OperationType === 'remove' ? permissions(input) : []);
    for (const { UserId, Group } of [...add, ...remove]) {
      if (UserId !== undefined && !/^\d{12}$/.test(UserId))
        throw new AwsError('InvalidAMIAttributeItemValue', `Invalid attribute item value "${UserId}" for userId item type.`);
      if (Group !== undefined && Group !== 'all')
        throw new AwsError('InvalidAMIAttributeItemValue', `Invalid attribute item value "${String(Group)}" for userGroup item type.`);
    }
    const kept = image.launchPermissions.filter((held) => !remove.some(samePermission(held)));
    const launchPermissions = [...kept, ...add.filter((one) => !kept.some(samePermission(one)))];
    at.table(images).patch(image, {
      launchPermissions: launchPermissions,
      Public: launchPermissions.some(({ Group }) => Group === 'all'),
    });
  },

  ResetImageAttribute({ ImageId }, at) {
    at.table(images).patch(requireImage(at, ImageId), { launchPermissions: [], Public: false });
  },
};

/** The old form of the call: lists of each kind, to add or to remove. */
function permissions(input: Plain<ModifyImageAttributeRequest>): LaunchPermission[] {
  return [
    ...(input.OrganizationArns ?? []).map((OrganizationArn) => ({ OrganizationArn })),
    ...(input.OrganizationalUnitArns ?? []).map((OrganizationalUnitArn) => ({ OrganizationalUnitArn })),
    ...(input.UserIds ?? []).map((UserId) => ({ UserId })),
    ...(input.UserGroups ?? []).map((Group) => ({ Group: Group as 'all' })),
  ];
}
