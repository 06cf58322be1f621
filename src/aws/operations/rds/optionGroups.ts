import type { OptionConfiguration, OptionGroup as SdkOptionGroup, RDS } from '@aws-sdk/client-rds';
import type { Plain } from '../../state/plain.ts';
import type { Operations } from '../operation.ts';
import { requireMajorVersion } from './engines.ts';
import { rdsPage } from './page.ts';
import { fault, optionGroups, requireOptionGroup } from './resources.ts';
import { dropTags, setTags } from './tags.ts';

type Option = NonNullable<Plain<SdkOptionGroup>['Options']>[number];

/** An option as a group holds it: what was given, over what it held. */
function optionOf(given: Plain<OptionConfiguration>, held: Option | undefined): Option {
  const { OptionSettings = [], DBSecurityGroupMemberships, VpcSecurityGroupMemberships, ...rest } = given;
  const kept = (held?.OptionSettings ?? []).filter((one) => !OptionSettings.some(({ Name }) => Name === one.Name));
  return {
    Persistent: false,
    Permanent: false,
    ...held,
    ...rest,
    OptionSettings: [...kept, ...OptionSettings],
    ...(VpcSecurityGroupMemberships === undefined
      ? {}
      : {
          VpcSecurityGroupMemberships: VpcSecurityGroupMemberships.map((VpcSecurityGroupId) => ({ VpcSecurityGroupId, Status: 'active' })),
        }),
    ...(DBSecurityGroupMemberships === undefined
      ? {}
      : {
          DBSecurityGroupMemberships: DBSecurityGroupMemberships.map((DBSecurityGroupName) => ({ DBSecurityGroupName, Status: 'active' })),
        }),
  };
}

export const optionGroupOperations: Operations<RDS> = {
  CreateOptionGroup({ OptionGroupName = '', EngineName = '', MajorEngineVersion = '', OptionGroupDescription = '', Tags }, at) {
    const name = OptionGroupName.toLowerCase();
    if (at.table(optionGroups).has(name))
      throw fault('OptionGroupAlreadyExistsFault', `An option group named ${OptionGroupName} already exists.`);
    if (OptionGroupDescription === '')
      throw fault('InvalidParameterValue', 'The parameter OptionGroupDescription must be provided and must not be blank.');
    requireMajorVersion(EngineName, MajorEngineVersion);
    const group = at.table(optionGroups).put({
      OptionGroupName: name,
      OptionGroupArn: at.arn('rds', `og:${name}`),
      EngineName,
      MajorEngineVersion,
      OptionGroupDescription,
      Options: [],
      AllowsVpcAndNonVpcInstanceMemberships: true,
    });
    setTags(at, group.OptionGroupArn, Tags);
    return { OptionGroup: group };
  },

  DescribeOptionGroups({ OptionGroupName, EngineName, MajorEngineVersion, ...list }, at) {
    const asked = OptionGroupName === undefined ? at.table(optionGroups).values() : [requireOptionGroup(at, OptionGroupName)];
    const found = asked.filter(
      (group) =>
        (EngineName === undefined || group.EngineName === EngineName) &&
        (MajorEngineVersion === undefined || group.MajorEngineVersion === MajorEngineVersion),
    );
    const { items, ...tail } = rdsPage(found, list);
    return { OptionGroupsList: items, ...tail };
  },

  /** PostgreSQL has no options (https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_WorkingWithOptionGroups.html), and no other engine runs. */
  DescribeOptionGroupOptions({ EngineName = '', MajorEngineVersion }) {
    requireMajorVersion(EngineName, MajorEngineVersion);
    return { OptionGroupOptions: [] };
  },

  ModifyOptionGroup({ OptionGroupName, OptionsToInclude = [], OptionsToRemove = [] }, at) {
    const group = requireOptionGroup(at, OptionGroupName);
    if (OptionsToInclude.length + OptionsToRemove.length === 0)
      throw fault('InvalidParameterValue', 'At least one option must be added, modified, or removed.');
    if (at.strict && OptionsToInclude.length > 0)
      throw fault('InvalidParameterValue', `Invalid option: ${OptionsToInclude[0]?.OptionName ?? ''}. The engine postgres has no options.`);
    const held = group.Options ?? [];
    const included = OptionsToInclude.map((one) =>
      optionOf(
        one,
        held.find(({ OptionName }) => OptionName === one.OptionName),
      ),
    );
    const replaced = new Set([...OptionsToRemove, ...OptionsToInclude.map(({ OptionName }) => OptionName)]);
    const Options = [...held.filter(({ OptionName }) => !replaced.has(OptionName)), ...included];
    return { OptionGroup: at.table(optionGroups).patch(group, { Options }) };
  },

  DeleteOptionGroup({ OptionGroupName }, at) {
    const group = requireOptionGroup(at, OptionGroupName);
    at.table(optionGroups).delete(group.OptionGroupName);
    dropTags(at, group.OptionGroupArn);
  },
};
