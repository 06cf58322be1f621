import type { RDS } from '@aws-sdk/client-rds';
import { AwsError } from '../../codec/error.ts';
import type { Operations } from '../operation.ts';

export interface Engine {
  readonly version: string;
  readonly major: string;
  readonly family: string;
  readonly port: number;
  readonly license: string;
}

interface EngineFacts {
  readonly port: number;
  readonly license: string;
  readonly versions: readonly string[];
  /** The part of a version that a parameter group family names. */
  readonly majorParts: 1 | 2;
}

/** Newest first. Engines other than postgres exist as records only. */
const engines: Readonly<Record<string, EngineFacts>> = {
  postgres: {
    port: 5432,
    license: 'postgresql-license',
    versions: ['17.4', '16.8', '15.12', '14.17', '13.20', '12.22', '9.6.24'],
    majorParts: 1,
  },
  mysql: { port: 3306, license: 'general-public-license', versions: ['8.0.41', '5.7.44', '5.6.51'], majorParts: 2 },
  mariadb: { port: 3306, license: 'general-public-license', versions: ['10.11.11', '10.6.21'], majorParts: 2 },
  'aurora-mysql': { port: 3306, license: 'general-public-license', versions: ['8.0.mysql_aurora.3.08.1'], majorParts: 2 },
  'aurora-postgresql': { port: 5432, license: 'postgresql-license', versions: ['16.6', '15.10'], majorParts: 1 },
  'oracle-ee': { port: 1521, license: 'bring-your-own-license', versions: ['19.0.0.0.ru-2025-01.rur-2025-01.r1'], majorParts: 1 },
  'oracle-se2': { port: 1521, license: 'license-included', versions: ['19.0.0.0.ru-2025-01.rur-2025-01.r1'], majorParts: 1 },
  'sqlserver-ex': { port: 1433, license: 'license-included', versions: ['16.00.4175.1.v1'], majorParts: 2 },
  'sqlserver-ee': {
    port: 1433,
    license: 'license-included',
    versions: ['16.00.4175.1.v1', '15.00.4420.2.v1', '11.00.7507.2.v1'],
    majorParts: 2,
  },
  'sqlserver-se': { port: 1433, license: 'license-included', versions: ['16.00.4175.1.v1'], majorParts: 2 },
  'custom-oracle-ee': { port: 1521, license: 'bring-your-own-license', versions: ['19.0.0.0'], majorParts: 1 },
};

/** What a name and perhaps a version or its beginning mean. */
export function engineOf(name: string, version?: string): Engine {
  const facts = engines[name];
  if (facts === undefined)
    throw new AwsError('InvalidParameterValue', `Value ${name} for parameter Engine is invalid. Reason: engine ${name} not supported`);
  const found = facts.versions.find((one) => version === undefined || one === version || one.startsWith(`${version}.`)) ?? version ?? '';
  const parts = found.split('.');
  const major = parts.slice(0, found.startsWith('9.') ? 2 : facts.majorParts).join('.');
  return { version: found, major, family: `${name}${major}`, port: facts.port, license: facts.license };
}

/** Refuses an engine, or a major version of it, that there is not. */
export function requireMajorVersion(name: string, major: string | undefined): void {
  const facts = engines[name];
  if (facts === undefined) throw new AwsError('InvalidParameterValue', `Invalid DB engine: ${name}`);
  if (major !== undefined && !facts.versions.some((version) => engineOf(name, version).major === major))
    throw new AwsError('InvalidParameterCombination', `Cannot find major version ${major} for ${name}`);
}

export const engineOperations: Operations<RDS> = {
  DescribeDBEngineVersions({ Engine, EngineVersion, DefaultOnly = false, DBParameterGroupFamily }) {
    const rows = Object.entries(engines)
      .filter(([name]) => Engine === undefined || Engine === name)
      .flatMap(([name, { versions }]) =>
        (DefaultOnly ? versions.slice(0, 1) : versions).map((version) => ({ name, ...engineOf(name, version) })),
      )
      .filter(
        ({ version, major, family }) =>
          (EngineVersion === undefined || version === EngineVersion || major === EngineVersion) &&
          (DBParameterGroupFamily === undefined || family === DBParameterGroupFamily),
      );
    return {
      DBEngineVersions: rows.map(({ name, version, major, family }) => ({
        Engine: name,
        EngineVersion: version,
        MajorEngineVersion: major,
        DBParameterGroupFamily: family,
        DBEngineDescription: name,
        DBEngineVersionDescription: `${name} ${version}`,
        Status: 'available',
        ValidUpgradeTarget: [],
      })),
    };
  },

  DescribeOrderableDBInstanceOptions({ Engine = 'postgres', DBInstanceClass }, at) {
    const { version, license } = engineOf(Engine);
    const classes =
      DBInstanceClass === undefined
        ? ['db.t3.micro', 'db.t3.small', 'db.t3.medium', 'db.t4g.micro', 'db.m5.large', 'db.r5.large']
        : [DBInstanceClass];
    return {
      OrderableDBInstanceOptions: classes.map((name) => ({
        Engine,
        EngineVersion: version,
        DBInstanceClass: name,
        LicenseModel: license,
        AvailabilityZones: [{ Name: `${at.region}a` }, { Name: `${at.region}b` }],
        MultiAZCapable: true,
        Vpc: true,
        StorageType: 'gp2',
      })),
    };
  },
};
