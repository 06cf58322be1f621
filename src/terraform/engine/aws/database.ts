import type { DBInstance } from '@aws-sdk/client-rds';
import { PlimsollError } from '../../../base/index.ts';
import { terraformErrors } from '../../errors.ts';
import { plain } from '../arguments.ts';
import type { Value } from '../../language/index.ts';
import { tagChanges, tagList, tagMap, unlessGone, waitUntil, type Clients, type ResourceType } from '../provider.ts';
import { computed, flag, forceNew, number, optional, required, settled, tagged, text, textSet } from '../schema.ts';
import { nameOf } from './names.ts';

/** `14` asks for any 14.x. */
const sameVersion = (before: Value, after: Value): boolean => before === after || plain(before).startsWith(`${plain(after)}.`);

export const database: ResourceType = {
  schema: {
    id: text(computed),
    arn: text(computed),
    address: text(computed),
    endpoint: text(computed),
    hosted_zone_id: text(computed),
    resource_id: text(computed),
    status: text(computed),
    identifier: text(settled, forceNew),
    identifier_prefix: text(optional, forceNew),
    allocated_storage: number(settled),
    max_allocated_storage: number(optional),
    storage_type: text(settled),
    storage_encrypted: flag(optional, forceNew),
    engine: text(settled, forceNew),
    engine_version: text(settled, { same: sameVersion }),
    engine_version_actual: text(computed),
    instance_class: text(required),
    db_name: text(settled, forceNew),
    name: text(optional, forceNew, { oldNameOf: 'db_name' }),
    username: text(settled, forceNew),
    password: text(optional, { sensitive: true }),
    port: number(settled),
    parameter_group_name: text(settled),
    db_subnet_group_name: text(settled, forceNew),
    vpc_security_group_ids: textSet(settled),
    availability_zone: text(settled, forceNew),
    multi_az: flag(settled),
    publicly_accessible: flag(optional, { fallback: false }),
    backup_retention_period: number(settled),
    backup_window: text(settled),
    maintenance_window: text(settled),
    auto_minor_version_upgrade: flag(optional, { fallback: true }),
    allow_major_version_upgrade: flag(optional),
    apply_immediately: flag(optional),
    copy_tags_to_snapshot: flag(optional, { fallback: false }),
    deletion_protection: flag(optional),
    delete_automated_backups: flag(optional, { fallback: true }),
    skip_final_snapshot: flag(optional, { fallback: false }),
    final_snapshot_identifier: text(optional),
    monitoring_interval: number(optional, { fallback: 0 }),
    performance_insights_enabled: flag(optional, { fallback: false }),
    ...tagged,
  },

  async create(aws, planned) {
    const name = nameOf(planned, 'terraform-', 'identifier');
    await (
      await aws.rds()
    ).createDBInstance({
      DBInstanceIdentifier: name,
      AllocatedStorage: planned.number('allocated_storage'),
      MaxAllocatedStorage: planned.number('max_allocated_storage'),
      StorageType: planned.text('storage_type'),
      StorageEncrypted: planned.flag('storage_encrypted'),
      Engine: planned.sure('engine'),
      EngineVersion: planned.text('engine_version'),
      DBInstanceClass: planned.sure('instance_class'),
      DBName: planned.text('db_name'),
      MasterUsername: planned.text('username'),
      MasterUserPassword: planned.text('password'),
      Port: planned.number('port'),
      DBParameterGroupName: planned.text('parameter_group_name'),
      DBSubnetGroupName: planned.text('db_subnet_group_name'),
      VpcSecurityGroupIds: planned.texts('vpc_security_group_ids'),
      AvailabilityZone: planned.text('availability_zone'),
      MultiAZ: planned.flag('multi_az'),
      PubliclyAccessible: planned.flag('publicly_accessible'),
      BackupRetentionPeriod: planned.number('backup_retention_period'),
      PreferredBackupWindow: planned.text('backup_window'),
      PreferredMaintenanceWindow: planned.text('maintenance_window'),
      AutoMinorVersionUpgrade: planned.flag('auto_minor_version_upgrade'),
      CopyTagsToSnapshot: planned.flag('copy_tags_to_snapshot'),
      DeletionProtection: planned.flag('deletion_protection'),
      Tags: tagList(planned),
    });
    return name;
  },

  async settle(aws, id) {
    await available(aws, id);
  },

  async read(aws, id) {
    const found = await find(aws, id);
    if (found === undefined || found.DBInstanceStatus === 'deleting') return undefined;
    const { Address = '', Port = 0, HostedZoneId = '' } = found.Endpoint ?? {};
    return {
      id,
      arn: found.DBInstanceArn ?? '',
      identifier: found.DBInstanceIdentifier ?? '',
      address: Address,
      port: Port,
      endpoint: Address === '' ? '' : `${Address}:${Port}`,
      hosted_zone_id: HostedZoneId,
      resource_id: found.DbiResourceId ?? '',
      status: found.DBInstanceStatus ?? '',
      allocated_storage: found.AllocatedStorage ?? 0,
      storage_type: found.StorageType ?? '',
      storage_encrypted: found.StorageEncrypted ?? false,
      engine: found.Engine ?? '',
      engine_version: found.EngineVersion ?? '',
      engine_version_actual: found.EngineVersion ?? '',
      instance_class: found.DBInstanceClass ?? '',
      db_name: found.DBName ?? '',
      username: found.MasterUsername ?? '',
      parameter_group_name: found.DBParameterGroups?.[0]?.DBParameterGroupName ?? '',
      db_subnet_group_name: found.DBSubnetGroup?.DBSubnetGroupName ?? '',
      vpc_security_group_ids: (found.VpcSecurityGroups ?? []).map(({ VpcSecurityGroupId = '' }) => VpcSecurityGroupId).toSorted(),
      availability_zone: found.AvailabilityZone ?? '',
      multi_az: found.MultiAZ ?? false,
      publicly_accessible: found.PubliclyAccessible ?? false,
      backup_retention_period: found.BackupRetentionPeriod ?? 0,
      backup_window: found.PreferredBackupWindow ?? '',
      maintenance_window: found.PreferredMaintenanceWindow ?? '',
      auto_minor_version_upgrade: found.AutoMinorVersionUpgrade ?? true,
      copy_tags_to_snapshot: found.CopyTagsToSnapshot ?? false,
      deletion_protection: found.DeletionProtection ?? false,
      ...(found.MaxAllocatedStorage !== undefined && { max_allocated_storage: found.MaxAllocatedStorage }),
      tags_all: tagMap(found.TagList),
    };
  },

  async update(aws, id, planned, changed, before) {
    const rds = await aws.rds();
    const { set, removed } = tagChanges(before, planned);
    const ResourceName = before.sure('arn');
    if (set.length > 0) await rds.addTagsToResource({ ResourceName, Tags: set });
    if (removed.length > 0) await rds.removeTagsFromResource({ ResourceName, TagKeys: removed });
    const local = new Set([
      'tags',
      'tags_all',
      'skip_final_snapshot',
      'final_snapshot_identifier',
      'apply_immediately',
      'delete_automated_backups',
    ]);
    if ([...changed].every((name) => local.has(name))) return;
    const when = <Item>(name: string, value: Item): Item | undefined => (changed.has(name) ? value : undefined);
    await rds.modifyDBInstance({
      DBInstanceIdentifier: id,
      ApplyImmediately: planned.flag('apply_immediately') ?? true,
      AllocatedStorage: when('allocated_storage', planned.number('allocated_storage')),
      MaxAllocatedStorage: when('max_allocated_storage', planned.number('max_allocated_storage')),
      StorageType: when('storage_type', planned.text('storage_type')),
      EngineVersion: when('engine_version', planned.text('engine_version')),
      AllowMajorVersionUpgrade: planned.flag('allow_major_version_upgrade'),
      DBInstanceClass: when('instance_class', planned.text('instance_class')),
      MasterUserPassword: when('password', planned.text('password')),
      DBPortNumber: when('port', planned.number('port')),
      DBParameterGroupName: when('parameter_group_name', planned.text('parameter_group_name')),
      VpcSecurityGroupIds: when('vpc_security_group_ids', planned.texts('vpc_security_group_ids')),
      MultiAZ: when('multi_az', planned.flag('multi_az')),
      PubliclyAccessible: when('publicly_accessible', planned.flag('publicly_accessible')),
      BackupRetentionPeriod: when('backup_retention_period', planned.number('backup_retention_period')),
      PreferredBackupWindow: when('backup_window', planned.text('backup_window')),
      PreferredMaintenanceWindow: when('maintenance_window', planned.text('maintenance_window')),
      AutoMinorVersionUpgrade: when('auto_minor_version_upgrade', planned.flag('auto_minor_version_upgrade')),
      CopyTagsToSnapshot: when('copy_tags_to_snapshot', planned.flag('copy_tags_to_snapshot')),
      DeletionProtection: when('deletion_protection', planned.flag('deletion_protection')),
    });
    await available(aws, id);
  },

  async delete(aws, id, known) {
    const skip = known.flag('skip_final_snapshot') === true;
    const call = (await aws.rds()).deleteDBInstance({
      DBInstanceIdentifier: id,
      SkipFinalSnapshot: skip,
      DeleteAutomatedBackups: known.flag('delete_automated_backups'),
      ...(!skip && { FinalDBSnapshotIdentifier: known.text('final_snapshot_identifier') }),
    });
    const gone = ['DBInstanceNotFound', 'DBInstanceNotFoundFault', 'InvalidDBInstanceState', 'InvalidDBInstanceStateFault'];
    await unlessGone(call, ...gone);
    await waitUntil(`database ${id} to be gone`, aws.signal, async () => ((await find(aws, id)) === undefined ? true : undefined));
  },
};

async function find(aws: Clients, id: string): Promise<DBInstance | undefined> {
  const call = (await aws.rds()).describeDBInstances({ DBInstanceIdentifier: id });
  return (await unlessGone(call, 'DBInstanceNotFound', 'DBInstanceNotFoundFault'))?.DBInstances?.[0];
}

async function available(aws: Clients, id: string): Promise<void> {
  await waitUntil(`database ${id} to be available`, aws.signal, async () => {
    const status = (await find(aws, id))?.DBInstanceStatus;
    if (status === 'available') return true;
    if (status !== undefined && !/^(failed|incompatible|inaccessible)/.test(status)) return undefined;
    throw new PlimsollError(terraformErrors.PL_TERRAFORM_APPLY, {
      what: `waiting for database ${id}: it is ${status ?? 'gone'}, not available`,
    });
  });
}
