import type { EC2 } from '@aws-sdk/client-ec2';
import type { Place } from '../../state/place.ts';
import type { Operations } from '../operation.ts';
import { type Cidr, contains, parseCidr } from './cidr.ts';
import { applyFilters } from './filter.ts';
import { byIds } from './ids.ts';
import { requireVpc, routeTables, type Vpc, vpcs } from './resources.ts';
import { tagsOf } from './tagSets.ts';

/**
 * ClassicLink, which AWS retired in 2022: the settings are kept, nothing is linked.
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_EnableVpcClassicLink.html
 */
const classicRange: Cidr = parseCidr('10.0.0.0/8')!;
const allowedRanges: readonly Cidr[] = [parseCidr('10.0.0.0/16')!, parseCidr('10.1.0.0/16')!];

/** A VPC cannot be linked when a route of it, other than the two local ones allowed, lies in EC2-Classic's own range. */
function conflicts(at: Place, vpc: Vpc): boolean {
  return at
    .table(routeTables)
    .filter((one) => one.VpcId === vpc.VpcId)
    .flatMap((one) => one.Routes ?? [])
    .map((route) => parseCidr(route.DestinationCidrBlock ?? ''))
    .some((cidr) => cidr !== undefined && contains(classicRange, cidr) && !allowedRanges.some((range) => contains(range, cidr)));
}

const fields = { 'is-classic-link-enabled': (vpc: Vpc) => vpc.classicLink };

/** AWS answers whether the call succeeded, mocks with what holds now. */
const disabled = (at: Place): { Return: boolean } => ({ Return: at.strict });

export const classicLinkOperations: Operations<EC2> = {
  EnableVpcClassicLink({ VpcId }, at) {
    const vpc = requireVpc(at, VpcId);
    const possible = !conflicts(at, vpc);
    if (possible) at.table(vpcs).patch(vpc, { classicLink: true });
    return { Return: possible };
  },

  DisableVpcClassicLink({ VpcId }, at) {
    at.table(vpcs).patch(requireVpc(at, VpcId), { classicLink: false });
    return disabled(at);
  },

  DescribeVpcClassicLink({ VpcIds, Filters }, at) {
    const found = applyFilters(at, byIds(at.table(vpcs), VpcIds), Filters, (vpc) => vpc.VpcId, fields);
    return { Vpcs: found.map((vpc) => ({ VpcId: vpc.VpcId, ClassicLinkEnabled: vpc.classicLink, Tags: [...tagsOf(at, vpc.VpcId)] })) };
  },

  EnableVpcClassicLinkDnsSupport({ VpcId }, at) {
    at.table(vpcs).patch(requireVpc(at, VpcId), { classicLinkDns: true });
    return { Return: true };
  },

  DisableVpcClassicLinkDnsSupport({ VpcId }, at) {
    at.table(vpcs).patch(requireVpc(at, VpcId), { classicLinkDns: false });
    return disabled(at);
  },

  DescribeVpcClassicLinkDnsSupport({ VpcIds }, at) {
    const found = byIds(at.table(vpcs), VpcIds);
    return { Vpcs: found.map((vpc) => ({ VpcId: vpc.VpcId, ClassicLinkDnsSupported: vpc.classicLinkDns })) };
  },
};
