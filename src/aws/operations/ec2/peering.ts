import type {
  EC2,
  VpcPeeringConnection,
  VpcPeeringConnectionOptionsDescription,
  VpcPeeringConnectionStateReasonCode,
} from '@aws-sdk/client-ec2';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import { table } from '../../state/table.ts';
import type { Operations } from '../operation.ts';
import { page } from '../page.ts';
import { overlaps, parseCidr } from './cidr.ts';
import { applyFilters } from './filter.ts';
import { notFound } from './ids.ts';
import { requireVpc, type Vpc, vpcs } from './resources.ts';
import { tagNew, tagsOf } from './tagSets.ts';

type Options = Plain<VpcPeeringConnectionOptionsDescription>;

interface Side {
  readonly account: string;
  readonly region: string;
  readonly vpcId: string;
  readonly options: Options;
}

/** Kept in the requester's account and region, and in the accepter's where that is another. */
interface Peering {
  readonly id: string;
  readonly requester: Side;
  readonly accepter: Side;
  readonly state: VpcPeeringConnectionStateReasonCode;
  readonly message: string;
}

const peerings = table<Peering>('ec2.peering', (peering) => peering.id);

const noOptions: Options = {
  AllowDnsResolutionFromRemoteVpc: false,
  AllowEgressFromLocalClassicLinkToRemoteVpc: false,
  AllowEgressFromLocalVpcToRemoteClassicLink: false,
};

const messages: Readonly<Partial<Record<VpcPeeringConnectionStateReasonCode, string>>> = {
  active: 'Active',
  'initiating-request': '',
  rejected: 'Inactive',
};

function requirePeering(at: Place, id = ''): Peering {
  const peering = at.table(peerings).get(id);
  if (peering === undefined) throw notFound(id.startsWith('pcx-') ? id : `pcx-${id}`);
  return peering;
}

function put(at: Place, peering: Peering): Peering {
  for (const { account, region } of [peering.requester, peering.accepter]) at.world.place(account, region).table(peerings).put(peering);
  return peering;
}

function move(at: Place, peering: Peering, state: VpcPeeringConnectionStateReasonCode): Peering {
  const message = state === 'deleted' ? `Deleted by ${at.account}` : (messages[state] ?? '');
  return put(at, { ...peering, state, message });
}

function requirePending(peering: Peering): void {
  if (peering.state === 'pending-acceptance') return;
  throw new AwsError(
    'InvalidStateTransition',
    `Invalid state transition for ${peering.id}, attempted to transition from ${peering.state} to active`,
  );
}

/** Only the accepter's side, in its own region, may answer a request. */
function requireAccepter(at: Place, peering: Peering, what: string): void {
  const { account, region } = peering.accepter;
  if (account !== at.account) throw new AwsError('OperationNotPermitted', `User (${at.account}) cannot ${what} peering ${peering.id}`);
  if (region !== at.region)
    throw new AwsError(
      'OperationNotPermitted',
      `Incorrect region (${at.region}) specified for this request. VPC peering connection ${peering.id} must be ${what}ed in region ${region}`,
    );
}

function describeSide(at: Place, side: Side): NonNullable<Plain<VpcPeeringConnection>['AccepterVpcInfo']> {
  const vpc = at.world.place(side.account, side.region).table(vpcs).get(side.vpcId);
  return {
    OwnerId: side.account,
    Region: side.region,
    VpcId: side.vpcId,
    ...(vpc === undefined
      ? {}
      : { CidrBlock: vpc.CidrBlock, CidrBlockSet: (vpc.CidrBlockAssociationSet ?? []).map(({ CidrBlock }) => ({ CidrBlock })) }),
    PeeringOptions: side.options,
  };
}

function describe(at: Place, peering: Peering): Plain<VpcPeeringConnection> {
  return {
    VpcPeeringConnectionId: peering.id,
    RequesterVpcInfo: describeSide(at, peering.requester),
    AccepterVpcInfo: describeSide(at, peering.accepter),
    Status: { Code: peering.state, Message: peering.message },
    Tags: [...tagsOf(at, peering.id)],
  };
}

function overlap(own: Vpc, other: Vpc): boolean {
  const blocks = (vpc: Vpc): string[] => (vpc.CidrBlockAssociationSet ?? []).map(({ CidrBlock = '' }) => CidrBlock);
  return blocks(own).some((a) => blocks(other).some((b) => overlaps(parseCidr(a)!, parseCidr(b)!)));
}

export const peeringOperations: Operations<EC2> = {
  CreateVpcPeeringConnection({ VpcId, PeerVpcId = '', PeerOwnerId, PeerRegion, TagSpecifications }, at) {
    const vpc = requireVpc(at, VpcId);
    const account = PeerOwnerId ?? at.account;
    const region = PeerRegion ?? at.region;
    const peer = at.world.place(account, region).table(vpcs).get(PeerVpcId);
    if (peer === undefined && account === at.account) throw notFound(PeerVpcId);
    // A request that cannot become a connection is made all the same, and fails at once.
    const state = peer === undefined || overlap(vpc, peer) ? 'failed' : 'pending-acceptance';
    const message =
      state === 'failed' ? 'Failed due to incorrect VPC-ID, Account ID, or overlapping CIDR range' : `Pending Acceptance by ${account}`;
    const peering = put(at, {
      id: at.id('pcx'),
      requester: { account: at.account, region: at.region, vpcId: vpc.VpcId, options: noOptions },
      accepter: { account, region, vpcId: PeerVpcId, options: noOptions },
      state,
      message,
    });
    tagNew(at, peering.id, 'vpc-peering-connection', TagSpecifications);
    const shown = describe(at, peering);
    return { VpcPeeringConnection: { ...shown, Status: { Code: 'initiating-request', Message: `Initiating Request to ${account}` } } };
  },

  AcceptVpcPeeringConnection({ VpcPeeringConnectionId }, at) {
    const peering = requirePeering(at, VpcPeeringConnectionId);
    requireAccepter(at, peering, 'accept');
    requirePending(peering);
    return { VpcPeeringConnection: describe(at, move(at, peering, 'active')) };
  },

  RejectVpcPeeringConnection({ VpcPeeringConnectionId }, at) {
    const peering = requirePeering(at, VpcPeeringConnectionId);
    requireAccepter(at, peering, 'reject');
    requirePending(peering);
    move(at, peering, 'rejected');
    return { Return: true };
  },

  DeleteVpcPeeringConnection({ VpcPeeringConnectionId }, at) {
    move(at, requirePeering(at, VpcPeeringConnectionId), 'deleted');
    return { Return: true };
  },

  DescribeVpcPeeringConnections({ VpcPeeringConnectionIds, Filters, NextToken, MaxResults }, at) {
    const asked =
      VpcPeeringConnectionIds === undefined || VpcPeeringConnectionIds.length === 0
        ? at.table(peerings).values()
        : VpcPeeringConnectionIds.map((id) => requirePeering(at, id));
    const found = applyFilters(at, asked, Filters, (peering) => peering.id, {
      'vpc-peering-connection-id': (peering) => peering.id,
      'status-code': (peering) => peering.state,
      'status-message': (peering) => peering.message,
      'requester-vpc-info.vpc-id': (peering) => peering.requester.vpcId,
      'requester-vpc-info.owner-id': (peering) => peering.requester.account,
      'requester-vpc-info.cidr-block': (peering) => describeSide(at, peering.requester).CidrBlock,
      'accepter-vpc-info.vpc-id': (peering) => peering.accepter.vpcId,
      'accepter-vpc-info.owner-id': (peering) => peering.accepter.account,
      'accepter-vpc-info.cidr-block': (peering) => describeSide(at, peering.accepter).CidrBlock,
    });
    const { items, next } = page(found, { token: NextToken, max: MaxResults });
    return { VpcPeeringConnections: items.map((peering) => describe(at, peering)), NextToken: next };
  },

  ModifyVpcPeeringConnectionOptions({ VpcPeeringConnectionId, RequesterPeeringConnectionOptions, AccepterPeeringConnectionOptions }, at) {
    const peering = requirePeering(at, VpcPeeringConnectionId);
    const merged = (side: Side, options: Options | undefined): Side => ({ ...side, options: { ...side.options, ...options } });
    put(at, {
      ...peering,
      requester: merged(peering.requester, RequesterPeeringConnectionOptions),
      accepter: merged(peering.accepter, AccepterPeeringConnectionOptions),
    });
    return { RequesterPeeringConnectionOptions, AccepterPeeringConnectionOptions };
  },
};
