import type {
  EC2,
  LaunchTemplate as SdkLaunchTemplate,
  LaunchTemplateVersion as SdkVersion,
  RequestLaunchTemplateData,
} from '@aws-sdk/client-ec2';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import { table } from '../../state/table.ts';
import type { Operations } from '../operation.ts';
import { page } from '../page.ts';
import { applyFilters } from './filter.ts';
import { describeInstance } from './instanceView.ts';
import { requireInstance } from './resources.ts';
import { dropTags, setTags, specifiedTags, tagsOf } from './tagSets.ts';

interface Version {
  readonly number: number;
  readonly description: string;
  readonly createdAtMs: number;
  readonly data: Plain<RequestLaunchTemplateData>;
}

export interface LaunchTemplate {
  readonly id: string;
  readonly name: string;
  readonly createdAtMs: number;
  readonly defaultVersion: number;
  readonly latestVersion: number;
  readonly versions: readonly Version[];
}

export const launchTemplates = table<LaunchTemplate>('ec2.launch-template', (template) => template.id);

export interface TemplateReference {
  readonly LaunchTemplateId?: string | undefined;
  readonly LaunchTemplateName?: string | undefined;
  readonly Version?: string | undefined;
}

export function findLaunchTemplate(at: Place, { LaunchTemplateId, LaunchTemplateName }: TemplateReference): LaunchTemplate {
  if (LaunchTemplateId !== undefined) {
    const found = at.table(launchTemplates).get(LaunchTemplateId);
    if (found === undefined)
      throw new AwsError(
        'InvalidLaunchTemplateId.NotFound',
        `The specified launch template, with template ID ${LaunchTemplateId}, does not exist.`,
      );
    return found;
  }
  if (LaunchTemplateName === undefined)
    throw new AwsError('MissingParameter', 'The request must contain the parameter launch template ID or launch template name');
  const found = byName(at, LaunchTemplateName);
  if (found === undefined)
    throw new AwsError(
      'InvalidLaunchTemplateName.NotFoundException',
      `The specified launch template, with template name ${LaunchTemplateName}, does not exist.`,
    );
  return found;
}

function byName(at: Place, name: string): LaunchTemplate | undefined {
  return at.table(launchTemplates).find((template) => template.name === name);
}

/** What DescribeLaunchTemplates says of names, of which it takes many. */
function requireByName(at: Place, name: string): LaunchTemplate {
  const found = byName(at, name);
  if (found !== undefined) return found;
  throw new AwsError(
    'InvalidLaunchTemplateName.NotFoundException',
    'At least one of the launch templates specified in the request does not exist.',
  );
}

function versionOf(template: LaunchTemplate, name = '$Default'): Version {
  const word = name.toLowerCase();
  const number = word === '$latest' ? template.latestVersion : word === '$default' ? template.defaultVersion : Number(name);
  const found = template.versions.find((version) => version.number === number);
  if (found === undefined)
    throw new AwsError(
      'InvalidLaunchTemplateId.VersionNotFound',
      `Could not find the specified version ${name} for the launch template with ID ${template.id}.`,
    );
  return found;
}

/** A template and what it says in one of its versions; the default one when none is named. */
export function resolveLaunchTemplate(
  at: Place,
  reference: TemplateReference,
): { id: string; version: number; data: Plain<RequestLaunchTemplateData> } {
  const template = findLaunchTemplate(at, reference);
  const { number, data } = versionOf(template, reference.Version);
  return { id: template.id, version: number, data };
}

function describe(at: Place, template: LaunchTemplate): Plain<SdkLaunchTemplate> {
  return {
    LaunchTemplateId: template.id,
    LaunchTemplateName: template.name,
    CreateTime: template.createdAtMs,
    CreatedBy: `arn:${at.partition}:iam::${at.account}:root`,
    DefaultVersionNumber: template.defaultVersion,
    LatestVersionNumber: template.latestVersion,
    Tags: [...tagsOf(at, template.id)],
  };
}

function describeVersion(at: Place, template: LaunchTemplate, version: Version): Plain<SdkVersion> {
  return {
    LaunchTemplateId: template.id,
    LaunchTemplateName: template.name,
    VersionNumber: version.number,
    VersionDescription: version.description,
    CreateTime: version.createdAtMs,
    CreatedBy: `arn:${at.partition}:iam::${at.account}:root`,
    DefaultVersion: version.number === template.defaultVersion,
    LaunchTemplateData: version.data,
  };
}

const describeRule =
  'To describe the launch template data for all your launch templates, for ‘--versions’ specify ‘$Latest’, ‘$Default’, or both, and omit ‘--launch-template-id’, ‘--launch-template-name’, and version numbers. To describe the launch template data for a specific launch template, specify ‘--launch-template-id’ or ‘--launch-template-name’, and for ‘--versions’ specify one or more of the following values: ‘$Latest’, ‘$Default’, or one or more version numbers.';

function checkUserData(data: Plain<RequestLaunchTemplateData>): void {
  if (data.UserData !== undefined && !/^[A-Za-z0-9+/\r\n]*={0,2}[\r\n]*$/.test(data.UserData))
    throw new AwsError('InvalidUserData.Malformed', 'Invalid BASE64 encoding of user data.');
}

export const launchTemplateOperations: Operations<EC2> = {
  CreateLaunchTemplate({ LaunchTemplateName = '', LaunchTemplateData = {}, VersionDescription = '', TagSpecifications }, at) {
    if (at.table(launchTemplates).find((template) => template.name === LaunchTemplateName)) {
      throw new AwsError('InvalidLaunchTemplateName.AlreadyExistsException', 'Launch template name already in use.');
    }
    if (Object.keys(LaunchTemplateData).length === 0)
      throw new AwsError('MissingParameter', 'The request must contain the parameter LaunchTemplateData');
    checkUserData(LaunchTemplateData);
    for (const { Tags } of LaunchTemplateData.TagSpecifications ?? []) {
      if (Tags === undefined || Tags.length === 0)
        throw new AwsError('InvalidParameterValue', 'Tag specification must have at least one tag');
    }
    const version = { number: 1, description: VersionDescription, createdAtMs: at.nowMs, data: LaunchTemplateData };
    const template = at.table(launchTemplates).put({
      id: at.id('lt'),
      name: LaunchTemplateName,
      createdAtMs: at.nowMs,
      defaultVersion: 1,
      latestVersion: 1,
      versions: [version],
    });
    setTags(at, template.id, specifiedTags(TagSpecifications, 'launch-template'));
    return { LaunchTemplate: describe(at, template) };
  },

  CreateLaunchTemplateVersion({ SourceVersion, VersionDescription = '', LaunchTemplateData = {}, ...reference }, at) {
    const template = findLaunchTemplate(at, reference);
    const base = SourceVersion === undefined ? {} : versionOf(template, SourceVersion).data;
    const number = template.latestVersion + 1;
    const version = { number, description: VersionDescription, createdAtMs: at.nowMs, data: { ...base, ...LaunchTemplateData } };
    const changed = at.table(launchTemplates).patch(template, { latestVersion: number, versions: [...template.versions, version] });
    return { LaunchTemplateVersion: describeVersion(at, changed, version) };
  },

  DescribeLaunchTemplates({ LaunchTemplateIds, LaunchTemplateNames, Filters, NextToken, MaxResults }, at) {
    const byId = (LaunchTemplateIds ?? []).map((LaunchTemplateId) => findLaunchTemplate(at, { LaunchTemplateId }));
    const named = (LaunchTemplateNames ?? []).map((name) => requireByName(at, name));
    const asked = byId.length + named.length > 0 ? [...byId, ...named] : at.table(launchTemplates).values();
    const found = applyFilters(at, asked, Filters, (template) => template.id, {
      'launch-template-name': (template) => template.name,
      'create-time': (template) => new Date(template.createdAtMs).toISOString(),
    });
    const { items, next } = page(found, { token: NextToken, max: MaxResults });
    return { LaunchTemplates: items.map((template) => describe(at, template)), NextToken: next };
  },

  DescribeLaunchTemplateVersions({ Versions, MinVersion, MaxVersion, Filters, NextToken, MaxResults, ...reference }, at) {
    const general = (Versions ?? []).every((name) => name === '$Latest' || name === '$Default');
    const everything = reference.LaunchTemplateId === undefined && reference.LaunchTemplateName === undefined;
    if (everything && (Versions ?? []).length === 0) throw new AwsError('MissingParameter', describeRule);
    if (everything && !general) throw new AwsError('InvalidParameterValue', describeRule);
    const templates = everything ? at.table(launchTemplates).values() : [findLaunchTemplate(at, reference)];
    const rows = templates.flatMap((template) => {
      const asked =
        Versions === undefined || Versions.length === 0
          ? template.versions
          : [...new Set(Versions.map((name) => versionOf(template, name)))];
      const bound = (name: string): number => versionOf(template, name).number;
      return asked
        .filter(
          ({ number }) =>
            (MinVersion === undefined || number >= bound(MinVersion)) && (MaxVersion === undefined || number <= bound(MaxVersion)),
        )
        .map((version) => ({ template, version }));
    });
    const whole = Versions === undefined && MinVersion === undefined && MaxVersion === undefined;
    const ordered = whole ? rows.toSorted((a, b) => b.version.number - a.version.number) : rows;
    const found = applyFilters(at, ordered, Filters, ({ template }) => template.id, {
      'image-id': ({ version }) => version.data.ImageId,
      'instance-type': ({ version }) => version.data.InstanceType,
      'is-default-version': ({ template, version }) => version.number === template.defaultVersion,
      'ebs-optimized': ({ version }) => version.data.EbsOptimized,
      'iam-instance-profile': ({ version }) => version.data.IamInstanceProfile?.Arn,
    });
    const { items, next } = page(found, { token: NextToken, max: MaxResults });
    return { LaunchTemplateVersions: items.map(({ template, version }) => describeVersion(at, template, version)), NextToken: next };
  },

  ModifyLaunchTemplate({ DefaultVersion, ...reference }, at) {
    if (reference.LaunchTemplateId !== undefined && reference.LaunchTemplateName !== undefined) {
      throw new AwsError(
        'InvalidParameterCombination',
        'Either provide launch template ID or launch template name to modify the template.',
      );
    }
    const template = findLaunchTemplate(at, reference);
    const known = DefaultVersion === undefined || template.versions.some(({ number }) => String(number) === DefaultVersion);
    if (!known) {
      throw new AwsError(
        'InvalidLaunchTemplateId.VersionNotFound',
        `The launch template version ${DefaultVersion} is not found for the specified launch template.`,
      );
    }
    const defaultVersion = DefaultVersion === undefined ? template.defaultVersion : Number(DefaultVersion);
    return { LaunchTemplate: describe(at, at.table(launchTemplates).patch(template, { defaultVersion })) };
  },

  DeleteLaunchTemplate(reference, at) {
    const template = findLaunchTemplate(at, reference);
    const described = describe(at, template);
    at.table(launchTemplates).delete(template.id);
    dropTags(at, template.id);
    return { LaunchTemplate: described };
  },

  DeleteLaunchTemplateVersions({ Versions = [], ...reference }, at) {
    const template = findLaunchTemplate(at, reference);
    const numbers = Versions.map((name) => versionOf(template, name).number);
    if (numbers.includes(template.defaultVersion))
      throw new AwsError('OperationNotPermitted', 'The default version of a launch template cannot be deleted.');
    at.table(launchTemplates).patch(template, { versions: template.versions.filter(({ number }) => !numbers.includes(number)) });
    const gone = numbers.map((VersionNumber) => ({ LaunchTemplateId: template.id, LaunchTemplateName: template.name, VersionNumber }));
    return { SuccessfullyDeletedLaunchTemplateVersions: gone, UnsuccessfullyDeletedLaunchTemplateVersions: [] };
  },

  GetLaunchTemplateData({ InstanceId }, at) {
    const instance = requireInstance(at, InstanceId);
    const described = describeInstance(at, instance);
    return {
      LaunchTemplateData: {
        ImageId: instance.ImageId,
        InstanceType: instance.InstanceType,
        EbsOptimized: instance.EbsOptimized,
        KeyName: instance.KeyName,
        UserData: instance.userData,
        Monitoring: { Enabled: instance.Monitoring?.State === 'enabled' },
        Placement: { AvailabilityZone: instance.Placement?.AvailabilityZone, GroupName: '', Tenancy: instance.Placement?.Tenancy },
        DisableApiTermination: instance.disableApiTermination,
        InstanceInitiatedShutdownBehavior: instance.shutdownBehavior,
        BlockDeviceMappings: (instance.BlockDeviceMappings ?? []).map(({ DeviceName, Ebs }) => ({
          DeviceName,
          Ebs: { DeleteOnTermination: Ebs?.DeleteOnTermination },
        })),
        NetworkInterfaces: (described.NetworkInterfaces ?? []).map((one) => ({
          DeviceIndex: one.Attachment?.DeviceIndex,
          DeleteOnTermination: one.Attachment?.DeleteOnTermination,
          Groups: (one.Groups ?? []).map(({ GroupId = '' }) => GroupId),
          SubnetId: one.SubnetId,
          PrivateIpAddress: one.PrivateIpAddress,
        })),
        TagSpecifications: described.Tags === undefined ? [] : [{ ResourceType: 'instance', Tags: described.Tags }],
      },
    };
  },
};
