import type {
  DBInstance as SdkDBInstance,
  DBParameterGroup as SdkParameterGroup,
  DBSecurityGroup as SdkSecurityGroup,
  DBSnapshot as SdkDBSnapshot,
  DBSubnetGroup as SdkSubnetGroup,
  OptionGroup as SdkOptionGroup,
  Parameter,
} from '@aws-sdk/client-rds';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import { table } from '../../state/table.ts';

export interface RdsTag {
  readonly Key?: string | undefined;
  readonly Value?: string | undefined;
}

export interface DBInstance extends Plain<Omit<SdkDBInstance, 'TagList'>> {
  readonly DBInstanceIdentifier: string;
  readonly DBInstanceArn: string;
  readonly DBInstanceStatus: string;
  readonly Engine: string;
  /** Kept for the server that a running region starts; never answered. */
  readonly masterPassword: string;
  /** One that the server is still to be given. */
  readonly newMasterPassword?: string | undefined;
  /** `files` of the snapshot that its data come from. */
  readonly sourceSnapshot?: string | undefined;
}

export interface Snapshot extends Plain<Omit<SdkDBSnapshot, 'TagList'>> {
  readonly DBSnapshotIdentifier: string;
  readonly DBSnapshotArn: string;
  /** What it takes to create the instance again. */
  readonly source: CreationInput;
  /** The snapshot that its data were first kept for, which copies share; itself where it is missing. */
  readonly files?: string;
  readonly copied: readonly RdsTag[];
  readonly sharedWith: readonly string[];
}

export interface SubnetGroup extends Plain<SdkSubnetGroup> {
  readonly DBSubnetGroupName: string;
  readonly DBSubnetGroupArn: string;
}

export interface ParameterGroup extends Plain<SdkParameterGroup> {
  readonly DBParameterGroupName: string;
  readonly DBParameterGroupArn: string;
  readonly parameters: readonly Plain<Parameter>[];
}

export interface OptionGroup extends Plain<SdkOptionGroup> {
  readonly OptionGroupName: string;
  readonly OptionGroupArn: string;
}

export interface SecurityGroup extends Plain<SdkSecurityGroup> {
  readonly DBSecurityGroupName: string;
  readonly DBSecurityGroupArn: string;
}

export const dbInstances = table<DBInstance>('rds.db-instance', (instance) => instance.DBInstanceIdentifier);
export const snapshots = table<Snapshot>('rds.db-snapshot', (snapshot) => snapshot.DBSnapshotIdentifier);
export const subnetGroups = table<SubnetGroup>('rds.db-subnet-group', (group) => group.DBSubnetGroupName);
export const parameterGroups = table<ParameterGroup>('rds.db-parameter-group', (group) => group.DBParameterGroupName);
export const optionGroups = table<OptionGroup>('rds.option-group', (group) => group.OptionGroupName);
export const securityGroups = table<SecurityGroup>('rds.db-security-group', (group) => group.DBSecurityGroupName);

export const fault = (code: string, message: string, status = 400): AwsError => new AwsError(code, message, { status });

/** What it would take to create an instance like this one. */
export function creationInput(instance: DBInstance) {
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
    DBSecurityGroups: (instance.DBSecurityGroups ?? []).map(({ DBSecurityGroupName = '' }) => DBSecurityGroupName),
  };
}

export type CreationInput = ReturnType<typeof creationInput>;

/** The name in an ARN, which may itself hold colons (`rds:db-1-2026-11-21-10-30`), or a name as it is; names have no case. */
export function nameOf(identifier = ''): string {
  return (identifier.startsWith('arn:') ? identifier.split(':').slice(6).join(':') : identifier).toLowerCase();
}

/** Where a resource that an ARN names is: in this region, or in another one of the same account. */
export function placeOf(at: Place, identifier = ''): Place {
  const [arn, , , region, account] = identifier.split(':');
  if (arn !== 'arn' || region === undefined || region === '' || region === at.region || account !== at.account) return at;
  return at.world.place(at.account, region);
}

export function requireInstance(at: Place, identifier = ''): DBInstance {
  const instance = placeOf(at, identifier).table(dbInstances).get(nameOf(identifier));
  if (instance === undefined) throw fault('DBInstanceNotFound', `DBInstance ${identifier} not found.`, 404);
  return instance;
}

export function requireSnapshot(at: Place, identifier: string | undefined): Snapshot {
  const snapshot = placeOf(at, identifier).table(snapshots).get(nameOf(identifier));
  if (snapshot === undefined) throw fault('DBSnapshotNotFound', `DBSnapshot ${nameOf(identifier)} not found.`, 404);
  return snapshot;
}

export function requireSubnetGroup(at: Place, name = ''): SubnetGroup {
  const group = at.table(subnetGroups).get(name.toLowerCase());
  if (group === undefined) throw fault('DBSubnetGroupNotFoundFault', `Subnet group ${name} not found.`, 404);
  return group;
}

export function requireParameterGroup(at: Place, name = ''): ParameterGroup {
  const group = at.table(parameterGroups).get(name.toLowerCase());
  if (group === undefined) throw fault('DBParameterGroupNotFound', `DBParameterGroup not found: ${name}`, 404);
  return group;
}

export function requireOptionGroup(at: Place, name = ''): OptionGroup {
  const group = at.table(optionGroups).get(name.toLowerCase());
  if (group === undefined) throw fault('OptionGroupNotFoundFault', `Specified OptionGroupName: ${name} not found.`, 404);
  return group;
}

const rulesOf = (parameter: string): string =>
  `The parameter ${parameter} is not a valid identifier. Identifiers must begin with a letter; must contain only ASCII letters, digits, and hyphens; and must not end with a hyphen or contain two consecutive hyphens.`;

/** https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html#RDS_Limits.Constraints */
export function checkInstanceIdentifier(name = ''): void {
  if (/^[A-Za-z](?!.*--)[A-Za-z0-9-]{0,62}$/.test(name) && !name.endsWith('-')) return;
  throw fault('InvalidParameterValue', rulesOf('DBInstanceIdentifier'));
}

export function checkSnapshotIdentifier(name = ''): void {
  if (name === '') throw fault('InvalidParameterValue', 'The parameter DBSnapshotIdentifier must be provided and must not be blank.');
  if (!/^[A-Za-z]/.test(name)) throw fault('InvalidParameterValue', `Invalid snapshot identifier:  ${name}`);
  if (!/^(?!.*--)[A-Za-z0-9-]{1,255}$/.test(name) || name.endsWith('-'))
    throw fault('InvalidParameterValue', rulesOf('DBSnapshotIdentifier'));
}

/** A region that really runs things has PostgreSQL alone: any other engine is refused rather than pretended. */
export function requireRunnable(at: Place, engine: string): void {
  if (engine !== 'postgres') refuseLive(at, `Plimsoll runs DB instances of the engine postgres only, not ${engine}.`);
}

/** Refuses in a region that runs things what would only be pretended there. */
export function refuseLive(at: Place, message: string): void {
  if (at.world.machinery.live) throw fault('InvalidParameterCombination', message);
}

/** Moves an instance to a state that the machinery behind it leads on from. */
export function pass(at: Place, instance: DBInstance, status: string): DBInstance {
  return at.world.machinery.live ? at.table(dbInstances).patch(instance, { DBInstanceStatus: status }) : instance;
}

export function requireStatus(instance: DBInstance, status: string): void {
  if (instance.DBInstanceStatus !== status)
    throw fault('InvalidDBInstanceState', `Instance ${instance.DBInstanceIdentifier} is not in ${status} state.`);
}

/** The members of an input that were given. */
export function given<Input extends object>(input: Input): Partial<Input> {
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined)) as Partial<Input>;
}
