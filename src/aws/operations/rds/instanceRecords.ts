import type { CreateDBInstanceMessage, DBInstance as SdkDBInstance } from '@aws-sdk/client-rds';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import { defaultGroupIds } from '../ec2/networkInterfaces.ts';
import { defaultVpc, subnets } from '../ec2/resources.ts';
import { engineOf } from './engines.ts';
import { tellEvent } from './events.ts';
import {
  checkInstanceIdentifier,
  dbInstances,
  fault,
  given,
  nameOf,
  refuseLive,
  requireOptionGroup,
  requireParameterGroup,
  requireRunnable,
  requireSubnetGroup,
  type DBInstance,
} from './resources.ts';
import { backUp } from './snapshotRecords.ts';
import { dropTags, setTags, tagsOf } from './tags.ts';
import { checkWindows } from './windows.ts';

export type Input = Plain<CreateDBInstanceMessage>;

const usualStorageGiB = 20;

export function parameterGroupOf(
  at: Place,
  input: { DBParameterGroupName?: string | undefined },
  family: string,
): NonNullable<DBInstance['DBParameterGroups']> {
  const name = input.DBParameterGroupName ?? `default.${family}`;
  if (input.DBParameterGroupName !== undefined && !name.startsWith('default.')) requireParameterGroup(at, name);
  return [{ DBParameterGroupName: name, ParameterApplyStatus: 'in-sync' }];
}

export function subnetGroupOf(at: Place, name: string | undefined): NonNullable<DBInstance['DBSubnetGroup']> {
  if (name !== undefined && name !== 'default') return requireSubnetGroup(at, name);
  const vpc = defaultVpc(at);
  return {
    DBSubnetGroupName: 'default',
    DBSubnetGroupDescription: 'default',
    VpcId: vpc?.VpcId,
    SubnetGroupStatus: 'Complete',
    Subnets: at
      .table(subnets)
      .filter((subnet) => subnet.VpcId === vpc?.VpcId)
      .map((subnet) => ({
        SubnetIdentifier: subnet.SubnetId,
        SubnetAvailabilityZone: { Name: subnet.AvailabilityZone },
        SubnetStatus: 'Active',
        SubnetOutpost: {},
      })),
  };
}

export function optionGroupOf(
  at: Place,
  name: string | undefined,
  engine: string,
  major: string,
): NonNullable<DBInstance['OptionGroupMemberships']> {
  if (name !== undefined && !name.startsWith('default:')) requireOptionGroup(at, name);
  return [{ OptionGroupName: name ?? `default:${engine}-${major.replace('.', '-')}`, Status: 'in-sync' }];
}

/** AWS's certificate authority for new instances, or what mocks call it. */
const certificateAuthority = (at: Place): string => (at.strict ? 'rds-ca-rsa2048-g1' : 'rds-ca-default');

function checkCreation(at: Place, input: Input): void {
  checkInstanceIdentifier(input.DBInstanceIdentifier);
  if (at.table(dbInstances).has(nameOf(input.DBInstanceIdentifier))) throw fault('DBInstanceAlreadyExists', 'DB instance already exists');
  checkStorage(input.AllocatedStorage ?? usualStorageGiB, input.MaxAllocatedStorage);
  checkMonitoring(input);
  if (at.strict && input.ManageMasterUserPassword !== true)
    for (const member of ['MasterUsername', 'MasterUserPassword'] as const)
      if ((input[member] ?? '') === '')
        throw fault('InvalidParameterValue', `The parameter ${member} must be provided and must not be blank.`);
}

function checkMonitoring({ MonitoringRoleArn: role, MonitoringInterval: interval = 0 }: Input): void {
  if (role !== undefined && interval === 0)
    throw fault(
      'InvalidParameterCombination',
      'You must specify a MonitoringInterval value other than 0 when you specify a MonitoringRoleARN value.',
    );
  if (role === undefined && interval !== 0)
    throw fault(
      'InvalidParameterCombination',
      'A MonitoringRoleARN value is required if you specify a MonitoringInterval value other than 0.',
    );
}

/** Storage may grow up to a maximum above what there is. */
export function checkStorage(allocated: number, max: number | undefined): void {
  if (max !== undefined && max < allocated)
    throw fault('InvalidParameterCombination', 'Max storage size must be greater than storage size');
}

/** A new DB instance, on its way to be available. */
export function newInstance(at: Place, input: Input): DBInstance {
  checkCreation(at, input);
  const identifier = nameOf(input.DBInstanceIdentifier);
  const engineName = input.Engine ?? 'postgres';
  const engine = engineOf(engineName, input.EngineVersion);
  requireRunnable(at, engineName);
  const backupWindow = input.PreferredBackupWindow ?? '13:14-13:44';
  const maintenanceWindow = checkWindows(input.PreferredMaintenanceWindow ?? 'wed:06:38-wed:07:08', backupWindow);
  const arn = at.arn('rds', `db:${identifier}`);
  const group = subnetGroupOf(at, input.DBSubnetGroupName);
  const port = input.Port ?? engine.port;
  const authority = input.CACertificateIdentifier ?? certificateAuthority(at);
  const instance = at.table(dbInstances).put({
    DBInstanceIdentifier: identifier,
    DBInstanceArn: arn,
    DbiResourceId: `db-${at.hex(26).toUpperCase()}`,
    DBInstanceClass: input.DBInstanceClass ?? 'db.t3.micro',
    DBInstanceStatus: at.world.machinery.transition(at, arn, 'creating', 'available'),
    Engine: engineName,
    EngineVersion: engine.version,
    ...given({ DBName: input.DBName, Iops: input.Iops, MaxAllocatedStorage: input.MaxAllocatedStorage }),
    ...given({ DBClusterIdentifier: input.DBClusterIdentifier, MonitoringRoleArn: input.MonitoringRoleArn }),
    MasterUsername: input.MasterUsername ?? 'admin',
    masterPassword: input.MasterUserPassword ?? '',
    ...(input.ManageMasterUserPassword === true ? { MasterUserSecret: newSecret(at, input.MasterUserSecretKmsKeyId) } : {}),
    AllocatedStorage: input.AllocatedStorage ?? usualStorageGiB,
    StorageType: input.StorageType ?? (input.Iops === undefined ? 'gp2' : 'io1'),
    StorageEncrypted: input.StorageEncrypted ?? false,
    ...(input.StorageEncrypted === true || input.KmsKeyId !== undefined
      ? { KmsKeyId: input.KmsKeyId ?? at.arn('kms', `key/${at.uuid()}`) }
      : {}),
    InstanceCreateTime: at.nowMs,
    // A server that is being made has no address yet.
    ...(at.world.machinery.live
      ? {}
      : {
          Endpoint: { Address: `${identifier}.${at.hex(12)}.${at.region}.rds.${at.dnsSuffix}`, Port: port, HostedZoneId: 'Z1TTGA775OQIYO' },
        }),
    DbInstancePort: port,
    PreferredMaintenanceWindow: maintenanceWindow,
    PreferredBackupWindow: backupWindow,
    BackupRetentionPeriod: input.BackupRetentionPeriod ?? 1,
    DBSecurityGroups: (input.DBSecurityGroups ?? []).map((name) => ({ DBSecurityGroupName: name, Status: 'active' })),
    VpcSecurityGroups: vpcSecurityGroups(at, input, group).map((id) => ({ VpcSecurityGroupId: id, Status: 'active' })),
    DBParameterGroups: parameterGroupOf(at, input, engine.family),
    OptionGroupMemberships: optionGroupOf(at, input.OptionGroupName, engineName, engine.major),
    DBSubnetGroup: group,
    AvailabilityZone: input.AvailabilityZone ?? `${at.region}a`,
    MultiAZ: input.MultiAZ ?? false,
    AutoMinorVersionUpgrade: input.AutoMinorVersionUpgrade ?? true,
    LicenseModel: input.LicenseModel ?? engine.license,
    PubliclyAccessible: input.PubliclyAccessible ?? input.DBSubnetGroupName === undefined,
    CopyTagsToSnapshot: input.CopyTagsToSnapshot ?? false,
    DeletionProtection: input.DeletionProtection ?? false,
    IAMDatabaseAuthenticationEnabled: input.EnableIAMDatabaseAuthentication ?? false,
    MonitoringInterval: input.MonitoringInterval ?? 0,
    PerformanceInsightsEnabled: input.EnablePerformanceInsights ?? false,
    EnabledCloudwatchLogsExports: input.EnableCloudwatchLogsExports ?? [],
    CACertificateIdentifier: authority,
    CertificateDetails: { CAIdentifier: authority, ValidTill: at.nowMs + 3 * 365 * 86_400_000 },
    DomainMemberships: domainsOf(input),
    AssociatedRoles: [],
    ReadReplicaDBInstanceIdentifiers: [],
    ReadReplicaDBClusterIdentifiers: [],
    StatusInfos: [],
    PendingModifiedValues: {},
    NetworkType: input.NetworkType ?? 'IPV4',
    BackupTarget: 'region',
    CustomerOwnedIpEnabled: false,
    ActivityStreamStatus: 'stopped',
    StorageThroughput: 0,
    DedicatedLogVolume: false,
    EngineLifecycleSupport: 'open-source-rds-extended-support',
    DatabaseInsightsMode: 'standard',
  });
  setTags(at, arn, input.Tags);
  // Where things run it is told when the server answers.
  if (!at.world.machinery.live) tellEvent(at, 'created', identifier, arn);
  backUp(at, instance);
  return instance;
}

export function describeInstance(
  at: Place,
  { masterPassword: _secret, newMasterPassword: _asked, sourceSnapshot: _source, ...instance }: DBInstance,
): Plain<SdkDBInstance> {
  return { ...instance, TagList: tagsOf(at, instance.DBInstanceArn) };
}

/** The default group of the VPC where none is named, unless a group of the time before VPCs is. */
function vpcSecurityGroups(at: Place, input: Input, group: NonNullable<DBInstance['DBSubnetGroup']>): readonly string[] {
  if (input.VpcSecurityGroupIds?.length) return input.VpcSecurityGroupIds;
  return input.DBSecurityGroups?.length ? [] : defaultGroupIds(at, group.VpcId ?? '');
}

function domainsOf(input: Input): NonNullable<DBInstance['DomainMemberships']> {
  if (input.Domain === undefined) return [];
  return [
    {
      Domain: input.Domain,
      Status: 'active',
      FQDN: input.DomainFqdn,
      IAMRoleName: input.DomainIAMRoleName ?? 'rds-directory-service-access-role',
      OU: input.DomainOu,
      AuthSecretArn: input.DomainAuthSecretArn,
      DnsIps: input.DomainDnsIps ?? [],
    },
  ];
}

/** A password that RDS keeps in Secrets Manager. Nobody could read it here: there is no such service, and so no server has one. */
export function newSecret(at: Place, key: string | undefined): NonNullable<DBInstance['MasterUserSecret']> {
  refuseLive(at, 'Plimsoll has no Secrets Manager to keep a master password in. Give MasterUserPassword.');
  const id = at.uuid();
  return {
    SecretArn: at.arn('secretsmanager', `secret:rds!db-${id}-${at.hex(6)}`),
    SecretStatus: 'active',
    KmsKeyId: key ?? at.arn('kms', `key/${at.uuid()}`),
  };
}

/** The record of an instance that is gone for good. */
export function removeDBInstance(at: Place, identifier: string): void {
  const instance = at.table(dbInstances).get(identifier);
  if (instance === undefined) return;
  at.table(dbInstances).delete(identifier);
  dropTags(at, instance.DBInstanceArn);
  tellEvent(at, 'deleted', identifier, instance.DBInstanceArn);
}
