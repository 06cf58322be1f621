import type { EC2 } from '@aws-sdk/client-ec2';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import type { Operations } from '../operation.ts';
import { applyFilters } from './filter.ts';
import table from './regions.json' with { type: 'json' };
import { defaultVpc } from './resources.ts';

export interface RegionFacts {
  readonly name: string;
  /** The prefix of zone ids: `use1` in `use1-az1`. */
  readonly code: string;
  readonly zones: string;
  readonly optIn?: boolean;
  /** Numbers of the zone ids when they are not 1, 2, 3 …; the mapping differs between accounts. */
  readonly order?: string;
}

/** https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-availability-zones.html */
export const regions: Readonly<Record<string, RegionFacts>> = table;

export interface Zone {
  readonly name: string;
  readonly id: string;
}

export function zonesOf(region: string): Zone[] {
  const {
    code,
    zones,
    order = '123456',
  }: RegionFacts = regions[region] ?? { name: region, code: region.replaceAll('-', ''), zones: 'abc' };
  return zones.split('').map((letter, index) => ({ name: `${region}${letter}`, id: `${code}-az${order.charAt(index)}` }));
}

/** The zone of this region (or of `among`) with a name or zone id, or the error of the call that asks for it. */
export function requireZone(
  at: Place,
  nameOrId: string,
  missing: (name: string, at: Place) => AwsError,
  among: readonly string[] = [at.region],
): Zone {
  const zone = among.flatMap(zonesOf).find(({ name, id }) => name === nameOrId || id === nameOrId);
  if (zone === undefined) throw missing(nameOrId, at);
  return zone;
}

/** What CreateSubnet and CreateDefaultSubnet say of a zone that is not there. */
export function noZoneForSubnet(name: string, at: Place): AwsError {
  const names = zonesOf(at.region).map((zone) => zone.name);
  return new AwsError(
    'InvalidParameterValue',
    `Value (${name}) for parameter availabilityZone is invalid. Subnets can currently only be created in the following availability zones: ${names.join(', ')}.`,
  );
}

/** The zone for a subnet or a volume; where rules are not held strictly, one of another region will do, or a region's name. */
export function requireZoneToPlace(at: Place, nameOrId: string, missing: (name: string, at: Place) => AwsError): Zone {
  if (at.strict) return requireZone(at, nameOrId, missing);
  if (Object.hasOwn(regions, nameOrId)) return { name: nameOrId, id: nameOrId };
  return requireZone(at, nameOrId, missing, [at.region, ...Object.keys(regions)]);
}

export const zoneOperations: Operations<EC2> = {
  DescribeAvailabilityZones({ Filters, ZoneNames, ZoneIds }, at) {
    const all = zonesOf(at.region);
    for (const name of ZoneNames ?? []) {
      if (!all.some((zone) => zone.name === name)) throw new AwsError('InvalidParameterValue', `Invalid availability zone: [${name}]`);
    }
    const asked = all.filter(({ name, id }) => (ZoneNames?.includes(name) ?? true) && (ZoneIds?.includes(id) ?? true));
    const zones = applyFilters(at, asked, Filters, () => undefined, {
      'zone-name': (zone) => zone.name,
      'zone-id': (zone) => zone.id,
      'zone-type': () => 'availability-zone',
      state: () => 'available',
      'region-name': () => at.region,
      'group-name': () => at.region,
      'opt-in-status': () => 'opt-in-not-required',
    });
    return {
      AvailabilityZones: zones.map(({ name, id }) => ({
        State: 'available',
        OptInStatus: 'opt-in-not-required',
        Messages: [],
        RegionName: at.region,
        ZoneName: name,
        ZoneId: id,
        GroupName: at.region,
        NetworkBorderGroup: at.region,
        ZoneType: 'availability-zone',
      })),
    };
  },

  DescribeRegions({ RegionNames, Filters, AllRegions }, at) {
    for (const name of RegionNames ?? []) {
      if (!(name in regions)) throw new AwsError('InvalidParameterValue', `Invalid region provided: [${name}]`);
    }
    const names = Object.keys(regions).filter(
      (name) => inPartition(at, name) && (RegionNames?.includes(name) ?? (AllRegions === true || regions[name]?.optIn !== true)),
    );
    const status = (name: string): string => (regions[name]?.optIn === true ? 'not-opted-in' : 'opt-in-not-required');
    const endpoint = (name: string): string => `ec2.${name}.${at.dnsSuffix}`;
    const found = applyFilters(at, names, Filters, () => undefined, {
      'region-name': (name) => name,
      endpoint,
      'opt-in-status': status,
    });
    return { Regions: found.map((name) => ({ RegionName: name, Endpoint: endpoint(name), OptInStatus: status(name) })) };
  },

  DescribeAccountAttributes({ AttributeNames }, at) {
    const attributes: Record<string, string> = {
      'vpc-max-security-groups-per-interface': '5',
      'max-instances': '20',
      'supported-platforms': 'VPC',
      'default-vpc': defaultVpc(at)?.VpcId ?? 'none',
      'max-elastic-ips': '5',
      'vpc-max-elastic-ips': '5',
    };
    const names = Object.keys(attributes).filter(
      (name) => AttributeNames === undefined || AttributeNames.length === 0 || AttributeNames.includes(name as never),
    );
    return { AccountAttributes: names.map((name) => ({ AttributeName: name, AttributeValues: [{ AttributeValue: attributes[name] }] })) };
  },
};

export function inPartition(at: Place, name: string): boolean {
  const china = name.startsWith('cn-');
  const gov = name.startsWith('us-gov-');
  return at.partition === 'aws-cn' ? china : at.partition === 'aws-us-gov' ? gov : !china && !gov;
}
