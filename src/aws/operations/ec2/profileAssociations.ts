import type { EC2, IamInstanceProfileAssociation, IamInstanceProfileSpecification } from '@aws-sdk/client-ec2';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import { table } from '../../state/table.ts';
import { findInstanceProfile } from '../iam/instanceProfiles.ts';
import type { Operations } from '../operation.ts';
import { page } from '../page.ts';
import { applyFilters } from './filter.ts';
import { instances, requireInstance, type Instance } from './resources.ts';

interface Association {
  readonly AssociationId: string;
  readonly InstanceId: string;
  readonly IamInstanceProfile: { readonly Arn: string; readonly Id: string };
  readonly Timestamp: number;
}

/** Which instance has which instance profile: at most one each. */
const associations = table<Association>('ec2.iam-instance-profile-association', (one) => one.AssociationId);

/** Gives an instance its profile, at launch or later. */
export function associateProfile(at: Place, instance: Instance, wanted: Plain<IamInstanceProfileSpecification>): Association {
  const profile = findInstanceProfile(at.global, wanted.Arn ?? wanted.Name ?? '');
  const IamInstanceProfile = { Arn: profile.Arn, Id: profile.InstanceProfileId };
  at.table(instances).patch(instance, { IamInstanceProfile });
  return at
    .table(associations)
    .put({ AssociationId: at.id('iip-assoc'), InstanceId: instance.InstanceId, IamInstanceProfile, Timestamp: at.nowMs });
}

export function dropProfile(at: Place, instance: Instance): void {
  for (const one of at.table(associations).filter(({ InstanceId }) => InstanceId === instance.InstanceId))
    at.table(associations).delete(one.AssociationId);
}

function requireAssociation(at: Place, id = ''): Association {
  const found = at.table(associations).get(id);
  if (found === undefined) throw new AwsError('InvalidAssociationID.NotFound', `An invalid association-id of '${id}' was given`);
  return found;
}

function describe(one: Association, State: IamInstanceProfileAssociation['State']): Plain<IamInstanceProfileAssociation> {
  return { ...one, State };
}

export const profileAssociationOperations: Operations<EC2> = {
  AssociateIamInstanceProfile({ InstanceId, IamInstanceProfile = {} }, at) {
    const instance = requireInstance(at, InstanceId);
    if (at.table(associations).find((one) => one.InstanceId === instance.InstanceId))
      throw new AwsError('IncorrectState', `There is an existing association for instance ${instance.InstanceId}`);
    return { IamInstanceProfileAssociation: describe(associateProfile(at, instance, IamInstanceProfile), 'associating') };
  },

  DescribeIamInstanceProfileAssociations({ AssociationIds, Filters, NextToken, MaxResults }, at) {
    const asked = AssociationIds?.length ? AssociationIds.map((id) => requireAssociation(at, id)) : at.table(associations).values();
    const found = applyFilters(at, asked, Filters, () => undefined, { 'instance-id': (one) => one.InstanceId, state: () => 'associated' });
    const { items, next } = page(found, { token: NextToken, max: MaxResults });
    return { IamInstanceProfileAssociations: items.map((one) => describe(one, 'associated')), NextToken: next };
  },

  ReplaceIamInstanceProfileAssociation({ AssociationId, IamInstanceProfile = {} }, at) {
    const held = requireAssociation(at, AssociationId);
    at.table(associations).delete(held.AssociationId);
    const made = associateProfile(at, requireInstance(at, held.InstanceId), IamInstanceProfile);
    return { IamInstanceProfileAssociation: describe(made, 'associating') };
  },

  DisassociateIamInstanceProfile({ AssociationId }, at) {
    const held = requireAssociation(at, AssociationId);
    at.table(associations).delete(held.AssociationId);
    const { IamInstanceProfile: _gone, ...instance } = requireInstance(at, held.InstanceId);
    at.table(instances).put(instance);
    return { IamInstanceProfileAssociation: describe(held, 'disassociating') };
  },
};
