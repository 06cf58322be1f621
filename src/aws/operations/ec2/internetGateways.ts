import type { EC2, EgressOnlyInternetGateway, InternetGateway as SdkInternetGateway } from '@aws-sdk/client-ec2';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import { table } from '../../state/table.ts';
import type { Operations } from '../operation.ts';
import { page } from '../page.ts';
import { applyFilters } from './filter.ts';
import { byIds, notFound } from './ids.ts';
import { type InternetGateway, internetGateways, requireVpc } from './resources.ts';
import { dropTags, tagNew, tagsOf } from './tagSets.ts';

interface EgressOnly extends Plain<Omit<EgressOnlyInternetGateway, 'Tags'>> {
  readonly EgressOnlyInternetGatewayId: string;
}

export const egressOnlyGateways = table<EgressOnly>('ec2.egress-only-internet-gateway', (gateway) => gateway.EgressOnlyInternetGatewayId);

function requireGateway(at: Place, id = ''): InternetGateway {
  const gateway = at.table(internetGateways).get(id);
  if (gateway === undefined) throw notFound(id.startsWith('igw-') ? id : `igw-${id}`);
  return gateway;
}

export const internetGatewayOperations: Operations<EC2> = {
  CreateInternetGateway({ TagSpecifications }, at) {
    const gateway = at.table(internetGateways).put({ InternetGatewayId: at.id('igw'), OwnerId: at.account, Attachments: [] });
    tagNew(at, gateway.InternetGatewayId, 'internet-gateway', TagSpecifications);
    return { InternetGateway: describe(at, gateway) };
  },

  DescribeInternetGateways({ InternetGatewayIds, Filters, NextToken, MaxResults }, at) {
    const found = applyFilters(at, byIds(at.table(internetGateways), InternetGatewayIds), Filters, (gateway) => gateway.InternetGatewayId, {
      'internet-gateway-id': (gateway) => gateway.InternetGatewayId,
      'attachment.vpc-id': (gateway) => (gateway.Attachments ?? []).map(({ VpcId }) => VpcId),
      'attachment.state': (gateway) => (gateway.Attachments ?? []).map(({ State }) => State),
      'owner-id': (gateway) => gateway.OwnerId,
    });
    const { items, next } = page(found, { token: NextToken, max: MaxResults });
    return { InternetGateways: items.map((gateway) => describe(at, gateway)), NextToken: next };
  },

  AttachInternetGateway({ InternetGatewayId, VpcId }, at) {
    const gateway = requireGateway(at, InternetGatewayId);
    const vpc = requireVpc(at, VpcId);
    if ((gateway.Attachments ?? []).length > 0) {
      throw new AwsError(
        'Resource.AlreadyAssociated',
        `resource ${gateway.InternetGatewayId} is already attached to network ${gateway.Attachments?.[0]?.VpcId ?? ''}`,
      );
    }
    const other = at.table(internetGateways).find((one) => one.Attachments?.some((attachment) => attachment.VpcId === vpc.VpcId) ?? false);
    if (other !== undefined) throw new AwsError('InvalidParameterValue', `Network ${vpc.VpcId} already has an internet gateway attached`);
    at.table(internetGateways).patch(gateway, { Attachments: [{ State: 'available' as never, VpcId: vpc.VpcId }] });
  },

  DetachInternetGateway({ InternetGatewayId, VpcId = '' }, at) {
    const gateway = requireGateway(at, InternetGatewayId);
    if (!gateway.Attachments?.some((attachment) => attachment.VpcId === VpcId)) {
      throw new AwsError('Gateway.NotAttached', `resource ${gateway.InternetGatewayId} is not attached to network ${VpcId}`);
    }
    at.table(internetGateways).patch(gateway, { Attachments: [] });
  },

  DeleteInternetGateway({ InternetGatewayId }, at) {
    const gateway = requireGateway(at, InternetGatewayId);
    if ((gateway.Attachments ?? []).length > 0) {
      throw new AwsError(
        'DependencyViolation',
        `The internetGateway '${gateway.InternetGatewayId}' has dependencies and cannot be deleted.`,
      );
    }
    at.table(internetGateways).delete(gateway.InternetGatewayId);
    dropTags(at, gateway.InternetGatewayId);
  },

  CreateEgressOnlyInternetGateway({ VpcId, TagSpecifications }, at) {
    const vpc = requireVpc(at, VpcId);
    const gateway = at
      .table(egressOnlyGateways)
      .put({ EgressOnlyInternetGatewayId: at.id('eigw'), Attachments: [{ State: 'attached', VpcId: vpc.VpcId }] });
    tagNew(at, gateway.EgressOnlyInternetGatewayId, 'egress-only-internet-gateway', TagSpecifications);
    return { EgressOnlyInternetGateway: { ...gateway, Tags: [...tagsOf(at, gateway.EgressOnlyInternetGatewayId)] } };
  },

  DescribeEgressOnlyInternetGateways({ EgressOnlyInternetGatewayIds, Filters }, at) {
    const found = applyFilters(
      at,
      byIds(at.table(egressOnlyGateways), EgressOnlyInternetGatewayIds),
      Filters,
      (gateway) => gateway.EgressOnlyInternetGatewayId,
      {},
    );
    return {
      EgressOnlyInternetGateways: found.map((gateway) => ({ ...gateway, Tags: [...tagsOf(at, gateway.EgressOnlyInternetGatewayId)] })),
    };
  },

  DeleteEgressOnlyInternetGateway({ EgressOnlyInternetGatewayId = '' }, at) {
    if (!at.table(egressOnlyGateways).delete(EgressOnlyInternetGatewayId)) throw notFound(EgressOnlyInternetGatewayId);
    dropTags(at, EgressOnlyInternetGatewayId);
    return { ReturnCode: true };
  },
};

function describe(at: Place, gateway: InternetGateway): Plain<SdkInternetGateway> {
  return { ...gateway, Tags: [...tagsOf(at, gateway.InternetGatewayId)] };
}
