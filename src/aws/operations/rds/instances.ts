import type { CreateDBInstanceMessage, DBInstance as SdkDBInstance, ModifyDBInstanceMessage, RDS } from '@aws-sdk/client-rds';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import { defaultGroupIds } from '../ec2/networkInterfaces.ts';
import { defaultVpc, subnets } from '../ec2/resources.ts';
import type { Operations } from '../operation.ts';
import { engineOf } from './engines.ts';
import { dbInstances, pass, removeDBInstance, requireRunnable, type DBInstance } from './dbInstance.ts';
import { optionGroups, requireParameterGroup, requireSubnetGroup } from './groups.ts';
import { rdsPage } from './page.ts';
import { createSnapshot, snapshots } from './snapshots.ts';
import { dropTags, setTags, tagsOf } from './tags.ts';
import { checkWindows } from './windows.ts';

export { dbInstances, type DBInstance } from './dbInstance.ts';

const fault = (code: string, message: string, status = 400): AwsError => new AwsError(code, message, { status });

export function requireInstance(at: Place, identifier = ''): DBInstance {
  const name = identifier.startsWith('arn:') ? identifier.split(':').at(-1) : identifier;
  const instance = at.table(dbInstances).get(name?.toLowerCase());
  if (instance === undefined) throw fault('DBInstanceNotFound', `DBInstance ${identifier} not found.`, 404);
  return instance;
}

/** https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html#RDS_Limits.Constraints */
function checkIdentifier(name: string): void {
  if (/^[A-Za-z](?!.*--)[A-Za-z0-9-]{0,62}$/.test(name) && !name.endsWith('-')) return;
  throw fault(
    'InvalidParameterValue',
    'The parameter DBInstanceIdentifier is not a valid identifier. Identifiers must begin with a letter; must contain only ASCII letters, digits, and hyphens; and must not end with a hyphen or contain two consecutive hyphens.',
  );
}

type Input = Plain<CreateDBInstanceMessage>;

function parameterGroupOf(
  at: Place,
  input: { DBParameterGroupName?: string | undefined },
  family: string,
): NonNullable<DBInstance['DBParameterGroups']> {
  const name = input.DBParameterGroupName ?? `default.${family}`;
  if (input.DBParameterGroupName !== undefined && !name.startsWith('default.')) requireParameterGroup(at, name);
  return [{ DBParameterGroupName: name, ParameterApplyStatus: 'in-sync' }];
}

function subnetGroupOf(at: Place, name: string | undefined): NonNullable<DBInstance['DBSubnetGroup']> {
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

function optionGroupOf(
  at: Place,
  name: string | undefined,
  engine: string,
  major: string,
): NonNullable<DBInstance['OptionGroupMemberships']> {
  if (name !== undefined && !name.startsWith('default:') && !at.table(optionGroups).has(name))
    throw fault('OptionGroupNotFoundFault', `Specified OptionGroupName: ${name} not found.`, 404);
  return [{ OptionGroupName: name ?? `default:${engine}-${major.replace('.', '-')}`, Status: 'in-sync' }];
}

export function newInstance(at: Place, input: Input): DBInstance {
  const given = input.DBInstanceIdentifier ?? '';
  checkIdentifier(given);
  const identifier = given.toLowerCase();
  if (at.table(dbInstances).has(identifier)) throw fault('DBInstanceAlreadyExists', 'DB instance already exists');
  const engine = engineOf(input.Engine ?? 'postgres', input.EngineVersion);
  requireRunnable(at, input.Engine ?? 'postgres');
  const maintenanceWindow = checkWindows(
    input.PreferredMaintenanceWindow ?? 'wed:06:38-wed:07:08',
    input.PreferredBackupWindow ?? '13:14-13:44',
  );
  const arn = at.arn('rds', `db:${identifier}`);
  const group = subnetGroupOf(at, input.DBSubnetGroupName);
  const port = input.Port ?? engine.port;
  const groupIds = input.VpcSecurityGroupIds?.length
    ? input.VpcSecurityGroupIds
    : input.DBSecurityGroups?.length
      ? []
      : defaultGroupIds(at, group.VpcId ?? '');
  const instance = at.table(dbInstances).put({
    DBInstanceIdentifier: identifier,
    DBInstanceArn: arn,
    DbiResourceId: `db-${at.hex(26).toUpperCase()}`,
    DBInstanceClass: input.DBInstanceClass ?? 'db.t3.micro',
    DBInstanceStatus: at.world.machinery.transition(at, arn, 'creating', 'available'),
    Engine: input.Engine ?? 'postgres',
    EngineVersion: engine.version,
    ...(input.DBName === undefined ? {} : { DBName: input.DBName }),
    ...(input.DBClusterIdentifier === undefined ? {} : { DBClusterIdentifier: input.DBClusterIdentifier }),
    MasterUsername: input.MasterUsername ?? 'admin',
    masterPassword: input.MasterUserPassword ?? '',
    AllocatedStorage: input.AllocatedStorage ?? 20,
    StorageType: input.StorageType ?? (input.Iops === undefined ? 'gp2' : 'io1'),
    ...(input.Iops === undefined ? {} : { Iops: input.Iops }),
    ...(input.MaxAllocatedStorage === undefined ? {} : { MaxAllocatedStorage: input.MaxAllocatedStorage }),
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
    PreferredBackupWindow: input.PreferredBackupWindow ?? '13:14-13:44',
    BackupRetentionPeriod: input.BackupRetentionPeriod ?? 1,
    DBSecurityGroups: (input.DBSecurityGroups ?? []).map((name) => ({ DBSecurityGroupName: name, Status: 'active' })),
    VpcSecurityGroups: groupIds.map((id) => ({ VpcSecurityGroupId: id, Status: 'active' })),
    DBParameterGroups: parameterGroupOf(at, input, engine.family),
    OptionGroupMemberships: optionGroupOf(at, input.OptionGroupName, input.Engine ?? 'postgres', engine.major),
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
    ...(input.MonitoringRoleArn === undefined ? {} : { MonitoringRoleArn: input.MonitoringRoleArn }),
    PerformanceInsightsEnabled: input.EnablePerformanceInsights ?? false,
    EnabledCloudwatchLogsExports: input.EnableCloudwatchLogsExports ?? [],
    CACertificateIdentifier: input.CACertificateIdentifier ?? 'rds-ca-rsa2048-g1',
    CertificateDetails: { CAIdentifier: input.CACertificateIdentifier ?? 'rds-ca-rsa2048-g1', ValidTill: at.nowMs + 3 * 365 * 86_400_000 },
    DomainMemberships:
      input.Domain === undefined
        ? []
        : [
            {
              Domain: input.Domain,
              Status: 'active',
              FQDN: input.DomainFqdn,
              IAMRoleName: input.DomainIAMRoleName ?? 'rds-directory-service-access-role',
              OU: input.DomainOu,
              AuthSecretArn: input.DomainAuthSecretArn,
              DnsIps: input.DomainDnsIps ?? [],
            },
          ],
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
  return instance;
}

export function describeInstance(
  at: Place,
  { masterPassword: _secret, sourceSnapshot: _source, ...instance }: DBInstance,
): Plain<SdkDBInstance> {
  return { ...instance, TagList: tagsOf(at, instance.DBInstanceArn) };
}

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

function modified(at: Place, instance: DBInstance, input: Plain<ModifyDBInstanceMessage>): DBInstance {
  const {
    ApplyImmediately: _apply,
    DBInstanceIdentifier: _id,
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
  const own = Object.fromEntries(Object.entries(plain).filter(([, value]) => value !== undefined)) as Partial<DBInstance>;
  const maintenanceWindow = checkWindows(
    input.PreferredMaintenanceWindow ?? instance.PreferredMaintenanceWindow ?? '',
    input.PreferredBackupWindow ?? instance.PreferredBackupWindow ?? '',
  );
  const logs = CloudwatchLogsExportConfiguration;
  const id = NewDBInstanceIdentifier?.toLowerCase() ?? instance.DBInstanceIdentifier;
  return {
    ...instance,
    ...own,
    DBInstanceIdentifier: id,
    DBInstanceArn: at.arn('rds', `db:${id}`),
    PreferredMaintenanceWindow: maintenanceWindow,
    masterPassword: MasterUserPassword ?? instance.masterPassword,
    ...(EnableIAMDatabaseAuthentication === undefined ? {} : { IAMDatabaseAuthenticationEnabled: EnableIAMDatabaseAuthentication }),
    ...(EnablePerformanceInsights === undefined ? {} : { PerformanceInsightsEnabled: EnablePerformanceInsights }),
    ...(VpcSecurityGroupIds === undefined
      ? {}
      : { VpcSecurityGroups: VpcSecurityGroupIds.map((VpcSecurityGroupId) => ({ VpcSecurityGroupId, Status: 'active' })) }),
    ...(DBSecurityGroups === undefined
      ? {}
      : { DBSecurityGroups: DBSecurityGroups.map((name) => ({ DBSecurityGroupName: name, Status: 'active' })) }),
    ...(DBParameterGroupName === undefined ? {} : { DBParameterGroups: parameterGroupOf(at, { DBParameterGroupName }, '') }),
    ...(OptionGroupName === undefined ? {} : { OptionGroupMemberships: optionGroupOf(at, OptionGroupName, instance.Engine, '') }),
    ...(DBSubnetGroupName === undefined ? {} : { DBSubnetGroup: subnetGroupOf(at, DBSubnetGroupName) }),
    ...(DBPortNumber === undefined ? {} : { DbInstancePort: DBPortNumber, Endpoint: { ...instance.Endpoint, Port: DBPortNumber } }),
    EnabledCloudwatchLogsExports: [
      ...(instance.EnabledCloudwatchLogsExports ?? []).filter((one) => !(logs?.DisableLogTypes ?? []).includes(one)),
      ...(logs?.EnableLogTypes ?? []),
    ],
    PendingModifiedValues: {},
  };
}

function requireStatus(instance: DBInstance, status: string, what: string): void {
  if (instance.DBInstanceStatus !== status)
    throw fault('InvalidDBInstanceState', `Instance ${instance.DBInstanceIdentifier} is not in ${what} state.`);
}

interface RdsFilter {
  Name?: string | undefined;
  Values?: string[] | undefined;
}

const filterFields: Readonly<Record<string, (instance: DBInstance) => (string | undefined)[]>> = {
  'db-cluster-id': (one) => [one.DBClusterIdentifier],
  'db-instance-id': (one) => [one.DBInstanceIdentifier, one.DBInstanceArn],
  'dbi-resource-id': (one) => [one.DbiResourceId],
  domain: (one) => (one.DomainMemberships ?? []).map(({ Domain }) => Domain),
  engine: (one) => [one.Engine],
};

function matches(instance: DBInstance, filters: readonly RdsFilter[] | undefined): boolean {
  return (filters ?? []).every(({ Name = '', Values = [] }) => {
    const field = filterFields[Name];
    if (field === undefined) throw fault('InvalidParameterValue', `Unrecognized filter name: ${Name}`);
    if (Values.length === 0) throw fault('InvalidParameterCombination', `No filters specified for filter ${Name}`);
    return field(instance).some((value) => value !== undefined && Values.includes(value));
  });
}

export const instanceOperations: Operations<RDS> = {
  CreateDBInstance: (input, at) => ({ DBInstance: describeInstance(at, newInstance(at, input)) }),

  DescribeDBInstances({ DBInstanceIdentifier, Filters, ...list }, at) {
    const asked = DBInstanceIdentifier === undefined ? at.table(dbInstances).values() : [requireInstance(at, DBInstanceIdentifier)];
    const { items, ...tail } = rdsPage(
      asked.filter((instance) => matches(instance, Filters)),
      list,
    );
    return { DBInstances: items.map((instance) => describeInstance(at, instance)), ...tail };
  },

  ModifyDBInstance(input, at) {
    const instance = requireInstance(at, input.DBInstanceIdentifier);
    if (input.NewDBInstanceIdentifier !== undefined) checkIdentifier(input.NewDBInstanceIdentifier);
    const changed = modified(at, instance, input);
    if (input.ApplyImmediately !== true) {
      const pending = Object.fromEntries(
        deferred.filter((key) => input[key] !== undefined && input[key] !== instance[key]).map((key) => [key, input[key]]),
      );
      const held = Object.fromEntries(deferred.map((key) => [key, instance[key]]));
      return {
        DBInstance: describeInstance(
          at,
          at.table(dbInstances).put({
            ...changed,
            ...held,
            DBInstanceIdentifier: instance.DBInstanceIdentifier,
            DBInstanceArn: instance.DBInstanceArn,
            PendingModifiedValues: pending,
          }),
        ),
      };
    }
    if (changed.DBInstanceIdentifier !== instance.DBInstanceIdentifier) {
      at.table(dbInstances).delete(instance.DBInstanceIdentifier);
      setTags(at, changed.DBInstanceArn, tagsOf(at, instance.DBInstanceArn));
      dropTags(at, instance.DBInstanceArn);
    }
    const restarts = changed.DBInstanceClass !== instance.DBInstanceClass || input.DBParameterGroupName !== undefined;
    const put = at.table(dbInstances).put(changed);
    return { DBInstance: describeInstance(at, restarts && put.DBInstanceStatus === 'available' ? pass(at, put, 'modifying') : put) };
  },

  DeleteDBInstance({ DBInstanceIdentifier, FinalDBSnapshotIdentifier, SkipFinalSnapshot = false }, at) {
    const instance = requireInstance(at, DBInstanceIdentifier);
    if (instance.DeletionProtection === true)
      throw fault('InvalidParameterCombination', 'Cannot delete protected DB Instance, please disable deletion protection and try again.');
    if (FinalDBSnapshotIdentifier !== undefined && !SkipFinalSnapshot) createSnapshot(at, instance, FinalDBSnapshotIdentifier, undefined);
    const source = at.table(dbInstances).get(instance.ReadReplicaSourceDBInstanceIdentifier);
    if (source !== undefined)
      at.table(dbInstances).patch(source, {
        ReadReplicaDBInstanceIdentifiers: (source.ReadReplicaDBInstanceIdentifiers ?? []).filter(
          (id) => id !== instance.DBInstanceIdentifier,
        ),
      });
    const described = describeInstance(at, instance);
    if (at.world.machinery.live) pass(at, requireInstance(at, DBInstanceIdentifier), 'deleting');
    else removeDBInstance(at, instance.DBInstanceIdentifier);
    return { DBInstance: { ...described, DBInstanceStatus: 'deleting' } };
  },

  RebootDBInstance({ DBInstanceIdentifier }, at) {
    return { DBInstance: describeInstance(at, pass(at, requireInstance(at, DBInstanceIdentifier), 'rebooting')) };
  },

  StopDBInstance({ DBInstanceIdentifier, DBSnapshotIdentifier }, at) {
    const instance = requireInstance(at, DBInstanceIdentifier);
    requireStatus(instance, 'available', 'available');
    if (DBSnapshotIdentifier !== undefined) createSnapshot(at, instance, DBSnapshotIdentifier, undefined);
    return {
      DBInstance: describeInstance(
        at,
        at
          .table(dbInstances)
          .patch(instance, { DBInstanceStatus: at.world.machinery.transition(at, instance.DBInstanceArn, 'stopping', 'stopped') }),
      ),
    };
  },

  StartDBInstance({ DBInstanceIdentifier }, at) {
    const instance = requireInstance(at, DBInstanceIdentifier);
    requireStatus(instance, 'stopped', 'stopped');
    return {
      DBInstance: describeInstance(
        at,
        at
          .table(dbInstances)
          .patch(instance, { DBInstanceStatus: at.world.machinery.transition(at, instance.DBInstanceArn, 'starting', 'available') }),
      ),
    };
  },

  CreateDBInstanceReadReplica(input, at) {
    const source = requireInstance(at, input.SourceDBInstanceIdentifier);
    const { DBInstanceIdentifier: _id, DBInstanceArn: _arn, ...copied } = source;
    const id = (input.DBInstanceIdentifier ?? '').toLowerCase();
    checkIdentifier(id);
    if (at.table(dbInstances).has(id)) throw fault('DBInstanceAlreadyExists', 'DB instance already exists');
    const arn = at.arn('rds', `db:${id}`);
    const replica = at.table(dbInstances).put({
      ...copied,
      DBInstanceIdentifier: id,
      DBInstanceArn: arn,
      DbiResourceId: `db-${at.hex(26).toUpperCase()}`,
      DBInstanceClass: input.DBInstanceClass ?? source.DBInstanceClass,
      Endpoint: { ...source.Endpoint, Address: `${id}.${at.hex(12)}.${at.region}.rds.${at.dnsSuffix}` },
      ReadReplicaSourceDBInstanceIdentifier: input.SourceDBInstanceIdentifier?.startsWith('arn:')
        ? source.DBInstanceArn
        : source.DBInstanceIdentifier,
      ReadReplicaDBInstanceIdentifiers: [],
      StatusInfos: [{ StatusType: 'read replication', Status: 'replicating', Normal: true }],
      InstanceCreateTime: at.nowMs,
    });
    at.table(dbInstances).patch(source, { ReadReplicaDBInstanceIdentifiers: [...(source.ReadReplicaDBInstanceIdentifiers ?? []), id] });
    setTags(at, arn, input.Tags);
    return { DBInstance: describeInstance(at, replica) };
  },

  PromoteReadReplica({ DBInstanceIdentifier }, at) {
    const { ReadReplicaSourceDBInstanceIdentifier: _source, ...rest } = requireInstance(at, DBInstanceIdentifier);
    return { DBInstance: describeInstance(at, at.table(dbInstances).put({ ...rest, StatusInfos: [] })) };
  },

  RestoreDBInstanceFromDBSnapshot(input, at) {
    const snapshot = at.table(snapshots).get(input.DBSnapshotIdentifier?.split(':').at(-1)?.toLowerCase());
    if (snapshot === undefined) throw fault('DBSnapshotNotFound', `DBSnapshot ${input.DBSnapshotIdentifier ?? ''} not found.`, 404);
    const own = Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined));
    const restored = newInstance(at, { ...snapshot.source, Tags: snapshot.copied, ...own } as Input);
    const sourced = at.table(dbInstances).patch(restored, { sourceSnapshot: snapshot.DBSnapshotIdentifier });
    return { DBInstance: describeInstance(at, sourced) };
  },

  RestoreDBInstanceToPointInTime(input, at) {
    const source = requireInstance(at, input.SourceDBInstanceIdentifier ?? input.SourceDbiResourceId);
    const own = Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined));
    return {
      DBInstance: describeInstance(
        at,
        newInstance(at, { ...creationInput(source), ...own, DBInstanceIdentifier: input.TargetDBInstanceIdentifier } as Input),
      ),
    };
  },

  AddRoleToDBInstance({ DBInstanceIdentifier, RoleArn, FeatureName }, at) {
    const instance = requireInstance(at, DBInstanceIdentifier);
    if (instance.AssociatedRoles?.some((role) => role.RoleArn === RoleArn))
      throw fault(
        'DBInstanceRoleAlreadyExists',
        `Role ARN ${RoleArn ?? ''} is already associated with DB Instance: ${instance.DBInstanceIdentifier}.`,
      );
    at.table(dbInstances).patch(instance, {
      AssociatedRoles: [...(instance.AssociatedRoles ?? []), { RoleArn, FeatureName, Status: 'ACTIVE' }],
    });
  },

  RemoveRoleFromDBInstance({ DBInstanceIdentifier, RoleArn }, at) {
    const instance = requireInstance(at, DBInstanceIdentifier);
    at.table(dbInstances).patch(instance, { AssociatedRoles: (instance.AssociatedRoles ?? []).filter((role) => role.RoleArn !== RoleArn) });
  },

  DescribeDBLogFiles({ DBInstanceIdentifier }, at) {
    requireInstance(at, DBInstanceIdentifier);
    return { DescribeDBLogFiles: [] };
  },

  DescribeDBInstanceAutomatedBackups({ DBInstanceIdentifier }, at) {
    const found = at
      .table(dbInstances)
      .filter(
        (one) =>
          (one.BackupRetentionPeriod ?? 0) > 0 && (DBInstanceIdentifier === undefined || one.DBInstanceIdentifier === DBInstanceIdentifier),
      );
    return {
      DBInstanceAutomatedBackups: found.map(
        ({ DBInstanceIdentifier: id, DBInstanceArn, DbiResourceId, Engine, EngineVersion, BackupRetentionPeriod }) => ({
          DBInstanceIdentifier: id,
          DBInstanceArn,
          DbiResourceId,
          Engine,
          EngineVersion,
          BackupRetentionPeriod,
          Region: at.region,
          Status: 'active',
        }),
      ),
    };
  },
};

/** What it would take to create an instance like this one. */
export function creationInput(instance: DBInstance): Partial<Input> {
  return {
    Engine: instance.Engine,
    EngineVersion: instance.EngineVersion,
    DBName: instance.DBName,
    DBInstanceClass: instance.DBInstanceClass,
    MasterUsername: instance.MasterUsername,
    MasterUserPassword: instance.masterPassword,
    AllocatedStorage: instance.AllocatedStorage,
    StorageType: instance.StorageType,
    Iops: instance.Iops,
    Port: instance.DbInstancePort,
    StorageEncrypted: instance.StorageEncrypted,
    KmsKeyId: instance.KmsKeyId,
    MultiAZ: instance.MultiAZ,
    LicenseModel: instance.LicenseModel,
    PubliclyAccessible: instance.PubliclyAccessible,
  };
}
