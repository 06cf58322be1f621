import type { Address as SdkAddress, EC2, NatGateway as SdkNatGateway } from '@aws-sdk/client-ec2';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import { table } from '../../state/table.ts';
import type { Operations } from '../operation.ts';
import { page } from '../page.ts';
import { applyFilters } from './filter.ts';
import { byIds, notFound } from './ids.ts';
import { createNetworkInterface, deleteNetworkInterface } from './networkInterfaces.ts';
import { freshPublicAddress, publicDnsName } from './publicAddresses.ts';
import { networkInterfaces, primaryInterface, requireInstance, requireNetworkInterface, requireSubnet } from './resources.ts';
import { dropTags, tagNew, tagsOf } from './tagSets.ts';

interface Address extends Plain<Omit<SdkAddress, 'Tags'>> {
  readonly AllocationId: string;
  readonly PublicIp: string;
}

interface NatGateway extends Plain<Omit<SdkNatGateway, 'Tags'>> {
  readonly NatGatewayId: string;
}

export const addresses = table<Address>('ec2.address', (address) => address.AllocationId);
const natGateways = table<NatGateway>('ec2.nat-gateway', (gateway) => gateway.NatGatewayId);

function requireAddress(
  at: Place,
  { AllocationId, PublicIp }: { AllocationId?: string | undefined; PublicIp?: string | undefined },
): Address {
  if (AllocationId !== undefined) {
    const found = at.table(addresses).get(AllocationId);
    if (found === undefined) throw new AwsError('InvalidAllocationID.NotFound', `Allocation ID '${AllocationId}' not found.`);
    return found;
  }
  if (PublicIp === undefined) throw new AwsError('MissingParameter', 'Either an allocation ID or a public IP address must be specified.');
  const found = at.table(addresses).find((address) => address.PublicIp === PublicIp);
  if (found === undefined) throw new AwsError('InvalidAddress.NotFound', `Address '${PublicIp}' not found.`);
  return found;
}

function disassociate(at: Place, address: Address): void {
  const {
    AssociationId: _association,
    InstanceId: _instance,
    NetworkInterfaceId,
    PrivateIpAddress: _private,
    NetworkInterfaceOwnerId: _owner,
    ...rest
  } = address;
  at.table(addresses).put(rest);
  const eni = at.table(networkInterfaces).get(NetworkInterfaceId);
  if (eni === undefined) return;
  const { Association: _gone, ...without } = eni;
  at.table(networkInterfaces).put(without);
}

const describe = (at: Place, address: Address): Plain<SdkAddress> => ({ ...address, Tags: [...tagsOf(at, address.AllocationId)] });

export const addressOperations: Operations<EC2> = {
  AllocateAddress({ Address: wanted, TagSpecifications }, at) {
    const address = at.table(addresses).put({
      AllocationId: at.id('eipalloc'),
      PublicIp: wanted ?? freshPublicAddress(at),
      Domain: 'vpc',
      NetworkBorderGroup: at.region,
      PublicIpv4Pool: 'amazon',
    });
    tagNew(at, address.AllocationId, 'elastic-ip', TagSpecifications);
    return address;
  },

  AssociateAddress({ InstanceId, NetworkInterfaceId, AllowReassociation = false, ...reference }, at) {
    const address = requireAddress(at, reference);
    const same = NetworkInterfaceId === undefined ? address.InstanceId === InstanceId : address.NetworkInterfaceId === NetworkInterfaceId;
    if (address.AssociationId !== undefined && same) return { AssociationId: address.AssociationId };
    if (address.AssociationId !== undefined && !AllowReassociation) {
      throw new AwsError(
        'Resource.AlreadyAssociated',
        `resource ${address.AllocationId} is already associated with associate-id ${address.AssociationId}`,
      );
    }
    if (address.AssociationId !== undefined) disassociate(at, address);
    const instance = InstanceId === undefined ? undefined : requireInstance(at, InstanceId);
    const eni =
      NetworkInterfaceId === undefined
        ? instance && primaryInterface(at, instance.InstanceId)
        : requireNetworkInterface(at, NetworkInterfaceId);
    if (eni === undefined) throw new AwsError('MissingParameter', 'You must specify an instance ID or a network interface ID');
    const AssociationId = at.id('eipassoc');
    at.table(addresses).patch(requireAddress(at, reference), {
      AssociationId,
      ...(eni.Attachment?.InstanceId === undefined ? {} : { InstanceId: eni.Attachment.InstanceId }),
      NetworkInterfaceId: eni.NetworkInterfaceId,
      NetworkInterfaceOwnerId: at.account,
      PrivateIpAddress: eni.PrivateIpAddress,
    });
    at.table(networkInterfaces).patch(eni, {
      Association: {
        AllocationId: address.AllocationId,
        AssociationId,
        IpOwnerId: at.account,
        PublicIp: address.PublicIp,
        PublicDnsName: publicDnsName(at, eni.VpcId, address.PublicIp),
      },
    });
    return { AssociationId };
  },

  DisassociateAddress({ AssociationId, PublicIp }, at) {
    if (AssociationId === undefined && PublicIp === undefined)
      throw new AwsError('MissingParameter', 'Either an association ID or a public IP address must be specified.');
    const address = at
      .table(addresses)
      .find((one) => (AssociationId === undefined ? one.PublicIp === PublicIp : one.AssociationId === AssociationId));
    if (address === undefined)
      throw new AwsError('InvalidAssociationID.NotFound', `The association ID '${AssociationId ?? ''}' does not exist`);
    disassociate(at, address);
  },

  ReleaseAddress(reference, at) {
    const address = requireAddress(at, reference);
    if (address.AssociationId !== undefined) throw new AwsError('InvalidIPAddress.InUse', `Address ${address.PublicIp} is in use.`);
    at.table(addresses).delete(address.AllocationId);
    dropTags(at, address.AllocationId);
  },

  DescribeAddresses({ AllocationIds, PublicIps, Filters }, at) {
    for (const PublicIp of PublicIps ?? []) requireAddress(at, { PublicIp });
    const asked = byIds(at.table(addresses), AllocationIds).filter(
      (address) => PublicIps === undefined || PublicIps.length === 0 || PublicIps.includes(address.PublicIp),
    );
    const found = applyFilters(at, asked, Filters, (address) => address.AllocationId, {
      'allocation-id': (address) => address.AllocationId,
      'association-id': (address) => address.AssociationId,
      domain: (address) => address.Domain,
      'instance-id': (address) => address.InstanceId,
      'network-interface-id': (address) => address.NetworkInterfaceId,
      'private-ip-address': (address) => address.PrivateIpAddress,
      'public-ip': (address) => address.PublicIp,
    });
    return { Addresses: found.map((address) => describe(at, address)) };
  },

  DescribeAddressesAttribute({ AllocationIds, NextToken, MaxResults }, at) {
    const { items, next } = page(byIds(at.table(addresses), AllocationIds), { token: NextToken, max: MaxResults });
    return { Addresses: items.map(({ PublicIp, AllocationId }) => ({ PublicIp, AllocationId })), NextToken: next };
  },

  CreateNatGateway({ SubnetId, AllocationId, ConnectivityType = 'public', TagSpecifications, ClientToken }, at) {
    const subnet = requireSubnet(at, SubnetId);
    const address = AllocationId === undefined ? undefined : requireAddress(at, { AllocationId });
    const NatGatewayId = at.id('nat');
    const eni = createNetworkInterface(at, subnet, {
      description: `Interface for NAT Gateway ${NatGatewayId}`,
      interfaceType: 'nat_gateway',
      requesterId: at.account,
    });
    const gateway = at.table(natGateways).put({
      NatGatewayId,
      SubnetId: subnet.SubnetId,
      VpcId: subnet.VpcId,
      State: at.world.machinery.transition(at, NatGatewayId, 'pending', 'available'),
      CreateTime: at.nowMs,
      ConnectivityType,
      NatGatewayAddresses: [
        {
          AllocationId,
          PublicIp: address?.PublicIp,
          PrivateIp: eni.PrivateIpAddress,
          NetworkInterfaceId: eni.NetworkInterfaceId,
          IsPrimary: true,
          Status: 'succeeded',
        },
      ],
    });
    tagNew(at, NatGatewayId, 'natgateway', TagSpecifications);
    return { ClientToken, NatGateway: { ...gateway, Tags: [...tagsOf(at, NatGatewayId)] } };
  },

  DescribeNatGateways({ NatGatewayIds, Filter, NextToken, MaxResults }, at) {
    const found = applyFilters(at, byIds(at.table(natGateways), NatGatewayIds), Filter, (gateway) => gateway.NatGatewayId, {
      'nat-gateway-id': (gateway) => gateway.NatGatewayId,
      state: (gateway) => gateway.State,
      'subnet-id': (gateway) => gateway.SubnetId,
      'vpc-id': (gateway) => gateway.VpcId,
    });
    const { items, next } = page(found, { token: NextToken, max: MaxResults });
    return { NatGateways: items.map((gateway) => ({ ...gateway, Tags: [...tagsOf(at, gateway.NatGatewayId)] })), NextToken: next };
  },

  DeleteNatGateway({ NatGatewayId = '' }, at) {
    const gateway = at.table(natGateways).get(NatGatewayId);
    if (gateway === undefined) throw notFound(NatGatewayId);
    for (const { NetworkInterfaceId } of gateway.NatGatewayAddresses ?? [])
      if (NetworkInterfaceId !== undefined) deleteNetworkInterface(at, NetworkInterfaceId);
    at.table(natGateways).patch(gateway, { State: 'deleted', DeleteTime: at.nowMs });
    return { NatGatewayId };
  },
};
