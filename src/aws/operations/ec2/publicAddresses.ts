import type { Place } from '../../state/place.ts';
import { type NetworkInterface, networkInterfaces, vpcs } from './resources.ts';

/** Addresses of TEST-NET-3 and its neighbours (RFC 5737), so that nothing real is meant. */
export function freshPublicAddress(at: Place): string {
  return `203.0.${113 + (Number.parseInt(at.hex(2), 16) % 10)}.${1 + (Number.parseInt(at.hex(4), 16) % 254)}`;
}

/** The name of a public address; empty in a VPC without DNS host names. */
export function publicDnsName(at: Place, vpcId: string, address: string): string {
  if (at.strict && at.table(vpcs).get(vpcId)?.enableDnsHostnames !== true) return '';
  const host = `ec2-${address.replaceAll('.', '-')}`;
  return at.region === 'us-east-1' ? `${host}.compute-1.${at.dnsSuffix}` : `${host}.${at.region}.compute.${at.dnsSuffix}`;
}

/** Gives an interface an address of Amazon's pool, which it keeps until its instance stops. */
export function assignPublicAddress(at: Place, one: NetworkInterface): NetworkInterface {
  if (one.Association !== undefined) return one;
  const PublicIp = freshPublicAddress(at);
  return at.table(networkInterfaces).patch(one, {
    Association: { IpOwnerId: at.strict ? 'amazon' : at.account, PublicIp, PublicDnsName: publicDnsName(at, one.VpcId, PublicIp) },
  });
}

/** Takes an address of Amazon's pool back; an Elastic IP stays. */
export function releasePublicAddress(at: Place, one: NetworkInterface): void {
  const { Association: association, ...rest } = one;
  if (association !== undefined && association.AllocationId === undefined) at.table(networkInterfaces).put(rest);
}
