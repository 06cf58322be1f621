import type { ModifyDBInstanceMessage, RDS } from '@aws-sdk/client-rds';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import type { Operations } from '../operation.ts';
import { checkStorage, describeInstance, newSecret, optionGroupOf, parameterGroupOf, subnetGroupOf } from './instanceRecords.ts';
import {
  checkInstanceIdentifier,
  dbInstances,
  fault,
  given,
  pass,
  refuseLive,
  requireInstance,
  requireStatus,
  type DBInstance,
} from './resources.ts';
import { dropTags, setTags, tagsOf } from './tags.ts';
import { checkWindows } from './windows.ts';

type Input = Plain<ModifyDBInstanceMessage>;

/** A change of these waits for the maintenance window unless it is to be applied at once. */
const deferred = [
  'AllocatedStorage',
  'DBInstanceClass',
  'EngineVersion',
  'MultiAZ',
  'Iops',
  'StorageType',
  'LicenseModel',
  'CACertificateIdentifier',
] as const;

/** What an instance would be once all of the input is applied. */
function modified(at: Place, instance: DBInstance, input: Input): DBInstance {
  const {
    ApplyImmediately: _apply,
    AllowMajorVersionUpgrade: _allow,
    DBInstanceIdentifier: _id,
    ManageMasterUserPassword: _manage,
    MasterUserSecretKmsKeyId: _key,
    RotateMasterUserPassword: _rotate,
    NewDBInstanceIdentifier,
    MasterUserPassword,
    VpcSecurityGroupIds,
    DBSecurityGroups,
    DBParameterGroupName,
    OptionGroupName,
    DBSubnetGroupName,
    DBPortNumber,
    EnableIAMDatabaseAuthentication,
    EnablePerformanceInsights,
    CloudwatchLogsExportConfiguration,
    ...plain
  } = input;
  const id = NewDBInstanceIdentifier?.toLowerCase() ?? instance.DBInstanceIdentifier;
  const backupWindow = input.PreferredBackupWindow ?? instance.PreferredBackupWindow ?? '';
  const { MaxAllocatedStorage, ...changed }: DBInstance = {
    ...instance,
    ...(given(plain) as Partial<DBInstance>),
    DBInstanceIdentifier: id,
    DBInstanceArn: at.arn('rds', `db:${id}`),
    PreferredMaintenanceWindow: checkWindows(input.PreferredMaintenanceWindow ?? instance.PreferredMaintenanceWindow ?? '', backupWindow),
    ...password(at, instance, MasterUserPassword),
    ...given({
      IAMDatabaseAuthenticationEnabled: EnableIAMDatabaseAuthentication,
      PerformanceInsightsEnabled: EnablePerformanceInsights,
      VpcSecurityGroups: VpcSecurityGroupIds?.map((VpcSecurityGroupId) => ({ VpcSecurityGroupId, Status: 'active' })),
      DBSecurityGroups: DBSecurityGroups?.map((DBSecurityGroupName) => ({ DBSecurityGroupName, Status: 'active' })),
    }),
    ...(DBParameterGroupName === undefined ? {} : { DBParameterGroups: parameterGroupOf(at, { DBParameterGroupName }, '') }),
    ...(OptionGroupName === undefined ? {} : { OptionGroupMemberships: optionGroupOf(at, OptionGroupName, instance.Engine, '') }),
    ...(DBSubnetGroupName === undefined ? {} : { DBSubnetGroup: subnetGroupOf(at, DBSubnetGroupName) }),
    ...(DBPortNumber === undefined ? {} : { DbInstancePort: DBPortNumber, Endpoint: { ...instance.Endpoint, Port: DBPortNumber } }),
    EnabledCloudwatchLogsExports: logTypes(instance, CloudwatchLogsExportConfiguration),
    PendingModifiedValues: {},
  };
  const allocated = changed.AllocatedStorage ?? 0;
  checkStorage(allocated, MaxAllocatedStorage);
  // Autoscaling of storage ends where there is no room to grow.
  return MaxAllocatedStorage === undefined || MaxAllocatedStorage === allocated ? changed : { ...changed, MaxAllocatedStorage };
}

/** A password at once, or where a server has to be told of it, when it was. */
function password(at: Place, instance: DBInstance, asked: string | undefined): Partial<DBInstance> {
  if (asked === undefined || asked === instance.masterPassword) return {};
  return at.world.machinery.live ? { newMasterPassword: asked } : { masterPassword: asked };
}

function logTypes(instance: DBInstance, change: Input['CloudwatchLogsExportConfiguration']): string[] {
  const kept = (instance.EnabledCloudwatchLogsExports ?? []).filter((one) => !change?.DisableLogTypes?.includes(one));
  return [...kept, ...(change?.EnableLogTypes ?? []).filter((one) => !kept.includes(one))];
}

/** The secret that RDS keeps the master password in, once the input is applied. */
function withSecret(at: Place, instance: DBInstance, input: Input): DBInstance {
  const { MasterUserSecret, ...rest } = instance;
  if (input.ManageMasterUserPassword === true)
    return { ...rest, MasterUserSecret: MasterUserSecret ?? newSecret(at, input.MasterUserSecretKmsKeyId) };
  return input.ManageMasterUserPassword === false ? rest : instance;
}

/** While it is rotated or made, the answer to the call that asked for it says so. */
function secretStatus({ MasterUserSecret: before }: DBInstance, after: DBInstance, input: Input): Partial<DBInstance> {
  const SecretStatus = input.RotateMasterUserPassword === true ? 'rotating' : before === undefined ? 'creating' : undefined;
  if (after.MasterUserSecret === undefined || SecretStatus === undefined) return {};
  return { MasterUserSecret: { ...after.MasterUserSecret, SecretStatus } };
}

function check(at: Place, instance: DBInstance, input: Input): void {
  const { NewDBInstanceIdentifier: name, MasterUserPassword: password } = input;
  if (name !== undefined) {
    checkInstanceIdentifier(name);
    refuseLive(at, 'Plimsoll does not rename DB instances.');
    const id = name.toLowerCase();
    if (id !== instance.DBInstanceIdentifier && at.table(dbInstances).has(id))
      throw fault('DBInstanceAlreadyExists', 'DB instance already exists');
  }
  if (at.strict && password !== undefined && password !== instance.masterPassword) requireStatus(instance, 'available');
  if (input.RotateMasterUserPassword === true && input.ApplyImmediately !== true)
    throw fault('InvalidParameterCombination', 'You must specify apply immediately when rotating the master user password.');
}

/** Where things run a maintenance window is waited for; elsewhere it is always open. */
function deferredValues(at: Place, instance: DBInstance, input: Input): Partial<DBInstance> {
  if (!at.strict || input.ApplyImmediately === true) return {};
  const waiting = deferred.filter((key) => input[key] !== undefined && input[key] !== instance[key]);
  return {
    ...Object.fromEntries(waiting.map((key) => [key, instance[key]])),
    PendingModifiedValues: Object.fromEntries(waiting.map((key) => [key, input[key]])),
  };
}

function rename(at: Place, from: DBInstance, to: DBInstance): void {
  at.table(dbInstances).delete(from.DBInstanceIdentifier);
  setTags(at, to.DBInstanceArn, tagsOf(at, from.DBInstanceArn));
  dropTags(at, from.DBInstanceArn);
}

export const modificationOperations: Operations<RDS> = {
  ModifyDBInstance(input, at) {
    const instance = requireInstance(at, input.DBInstanceIdentifier);
    check(at, instance, input);
    const wanted = withSecret(at, modified(at, instance, input), input);
    const changed = { ...wanted, ...deferredValues(at, instance, input) };
    if (changed.DBInstanceIdentifier !== instance.DBInstanceIdentifier) rename(at, instance, changed);
    const put = at.table(dbInstances).put(changed);
    const restarts =
      changed.DBInstanceClass !== instance.DBInstanceClass ||
      changed.DbInstancePort !== instance.DbInstancePort ||
      (input.DBParameterGroupName !== undefined && input.ApplyImmediately === true);
    const status = restarts ? 'modifying' : changed.newMasterPassword === undefined ? undefined : 'resetting-master-credentials';
    const passed = status !== undefined && put.DBInstanceStatus === 'available' ? pass(at, put, status) : put;
    return { DBInstance: describeInstance(at, { ...passed, ...secretStatus(instance, passed, input) }) };
  },
};
