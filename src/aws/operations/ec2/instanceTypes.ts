import type { EC2, InstanceTypeInfo } from '@aws-sdk/client-ec2';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import type { Operations } from '../operation.ts';
import { page } from '../page.ts';
import { applyFilters, type FilterFields } from './filter.ts';
import { zonesOf } from './zones.ts';
import table from './instanceTypes.json' with { type: 'json' };

export interface InstanceTypeFacts {
  readonly vcpus: number;
  readonly memoryMiB: number;
  readonly architecture: 'x86_64' | 'arm64';
  readonly threadsPerCore: number;
}

const families: Readonly<Record<string, string>> = table.families;

/** vCPUs and GiB of the sizes of burstable types, https://aws.amazon.com/ec2/instance-types/t3/ */
const burstable: Readonly<Record<string, readonly [number, number]>> = {
  nano: [2, 0.5],
  micro: [2, 1],
  small: [2, 2],
  medium: [2, 4],
  large: [2, 8],
  xlarge: [4, 16],
  '2xlarge': [8, 32],
};

/** Types that follow no rule. https://aws.amazon.com/ec2/previous-generation/ */
const exceptions: Readonly<Record<string, readonly [number, number]>> = {
  't1.micro': [1, 0.61],
  'm1.small': [1, 1.7],
  'm1.medium': [1, 3.75],
  'm1.large': [2, 7.5],
  'm1.xlarge': [4, 15],
  'm3.medium': [1, 3.75],
  't2.nano': [1, 0.5],
  't2.micro': [1, 1],
  't2.small': [1, 2],
};

/** GiB for each vCPU, by the class letter of the family. */
const memoryPerVcpu: Readonly<Record<string, number>> = {
  c: 2,
  m: 4,
  r: 8,
  x: 16,
  z: 8,
  i: 8,
  d: 8,
  h: 8,
  g: 4,
  p: 8,
  a: 2,
  u: 27,
  f: 8,
  v: 8,
  t: 4,
};

/** What a type offers; undefined for one that does not exist. Sizes of regular families follow from their names. */
export function instanceTypeFacts(type: string): InstanceTypeFacts | undefined {
  const [family = '', size = ''] = type.split('.');
  if (!(families[family]?.split(' ').includes(size) ?? false)) return undefined;
  const architecture =
    /^(a1|[a-z]+\d+g|[a-z]+\d+gd|[a-z]+\d+gn|[a-z]+\d+gb|im4gn|is4gen|g5g|hpc7g)/.test(family) && !/^g\d+$/.test(family)
      ? 'arm64'
      : 'x86_64';
  const threadsPerCore = architecture === 'arm64' || /^(t2|m1|t1)$/.test(family) ? 1 : 2;
  const [vcpus, gib] = exceptions[type] ?? (/^t\d/.test(family) ? burstable[size] : undefined) ?? regular(family, size);
  return { vcpus, memoryMiB: Math.round(gib * 1024), architecture, threadsPerCore: vcpus === 1 ? 1 : threadsPerCore };
}

function regular(family: string, size: string): readonly [number, number] {
  const times = /^(\d+)xlarge/.exec(size)?.[1] ?? /^metal-(\d+)xl/.exec(size)?.[1];
  const vcpus = times !== undefined ? Number(times) * 4 : size === 'medium' ? 1 : size === 'large' ? 2 : size === 'xlarge' ? 4 : 96;
  return [vcpus, vcpus * (memoryPerVcpu[family.charAt(0)] ?? 4)];
}

function describe(type: string): Plain<InstanceTypeInfo> {
  const facts = instanceTypeFacts(type)!;
  const cores = Math.max(1, facts.vcpus / facts.threadsPerCore);
  return {
    InstanceType: type as never,
    CurrentGeneration: !/^([cmrgi][123]|t1|a1|hs1|cc|cg|cr)/.test(type),
    FreeTierEligible: type === 't2.micro' || type === 't3.micro',
    SupportedUsageClasses: ['on-demand', 'spot'],
    SupportedRootDeviceTypes: ['ebs'],
    SupportedVirtualizationTypes: ['hvm'],
    BareMetal: type.includes('metal'),
    ...(type.includes('metal') ? {} : { Hypervisor: /^(t2|m[1-4]|c[134]|r[34])\./.test(type) ? 'xen' : 'nitro' }),
    ProcessorInfo: {
      SupportedArchitectures: [facts.architecture],
      SustainedClockSpeedInGhz: 2.5,
      Manufacturer: facts.architecture === 'arm64' ? 'AWS' : 'Intel',
    },
    VCpuInfo: {
      DefaultVCpus: facts.vcpus,
      DefaultCores: cores,
      DefaultThreadsPerCore: facts.threadsPerCore,
      ValidThreadsPerCore: [1, 2].slice(0, facts.threadsPerCore),
    },
    MemoryInfo: { SizeInMiB: facts.memoryMiB },
    InstanceStorageSupported: false,
    EbsInfo: { EbsOptimizedSupport: 'default', EncryptionSupport: 'supported', NvmeSupport: 'required' },
    NetworkInfo: {
      NetworkPerformance: 'Up to 5 Gigabit',
      MaximumNetworkInterfaces: facts.vcpus > 4 ? 8 : 4,
      MaximumNetworkCards: 1,
      DefaultNetworkCardIndex: 0,
      Ipv4AddressesPerInterface: 15,
      Ipv6AddressesPerInterface: 15,
      Ipv6Supported: true,
      EnaSupport: 'required',
    },
    PlacementGroupInfo: { SupportedStrategies: ['cluster', 'partition', 'spread'] },
    HibernationSupported: false,
    BurstablePerformanceSupported: /^t\d/.test(type),
    DedicatedHostsSupported: false,
    AutoRecoverySupported: true,
    SupportedBootModes: ['legacy-bios', 'uefi'],
  };
}

const allTypes = (): string[] => Object.entries(families).flatMap(([family, sizes]) => sizes.split(' ').map((size) => `${family}.${size}`));

const fields: FilterFields<Plain<InstanceTypeInfo>> = {
  'instance-type': (one) => one.InstanceType,
  'bare-metal': (one) => one.BareMetal,
  'burstable-performance-supported': (one) => one.BurstablePerformanceSupported,
  'current-generation': (one) => one.CurrentGeneration,
  'free-tier-eligible': (one) => one.FreeTierEligible,
  'hibernation-supported': (one) => one.HibernationSupported,
  hypervisor: (one) => one.Hypervisor,
  'memory-info.size-in-mib': (one) => one.MemoryInfo?.SizeInMiB,
  'processor-info.supported-architecture': (one) => one.ProcessorInfo?.SupportedArchitectures ?? [],
  'supported-root-device-type': (one) => one.SupportedRootDeviceTypes ?? [],
  'supported-virtualization-type': (one) => one.SupportedVirtualizationTypes ?? [],
  'vcpu-info.default-vcpus': (one) => one.VCpuInfo?.DefaultVCpus,
  'vcpu-info.default-cores': (one) => one.VCpuInfo?.DefaultCores,
};

interface Offering {
  readonly InstanceType: string;
  readonly LocationType: string;
  readonly Location: string;
}

export const instanceTypeOperations: Operations<EC2> = {
  DescribeInstanceTypes({ InstanceTypes, Filters, NextToken, MaxResults }, at) {
    const unknown = (InstanceTypes ?? []).filter((type) => instanceTypeFacts(type) === undefined);
    if (unknown.length > 0) {
      throw new AwsError('InvalidInstanceType', `The following supplied instance types do not exist: [${unknown.join(', ')}]`);
    }
    const asked = (InstanceTypes !== undefined && InstanceTypes.length > 0 ? [...InstanceTypes] : allTypes()).map(describe);
    const found = applyFilters(at, asked, Filters, () => undefined, fields);
    const { items, next } = page(
      found,
      { token: NextToken, max: MaxResults },
      { defaultMax: InstanceTypes === undefined ? 100 : found.length },
    );
    return { InstanceTypes: items, NextToken: next };
  },

  DescribeInstanceTypeOfferings({ LocationType = 'region', Filters, NextToken, MaxResults }, at) {
    const found = applyFilters(at, offerings(at, LocationType), Filters, () => undefined, {
      'instance-type': (one) => one.InstanceType,
      location: (one) => one.Location,
    });
    const { items, next } = page(found, { token: NextToken, max: MaxResults }, { defaultMax: 1000 });
    return { InstanceTypeOfferings: items as never, NextToken: next };
  },
};

function offerings(at: Place, LocationType: string): Offering[] {
  const zones = zonesOf(at.region);
  const locations =
    LocationType === 'availability-zone'
      ? zones.map(({ name }) => name)
      : LocationType === 'availability-zone-id'
        ? zones.map(({ id }) => id)
        : [at.region];
  return allTypes().flatMap((InstanceType) => locations.map((Location) => ({ InstanceType, LocationType, Location })));
}
