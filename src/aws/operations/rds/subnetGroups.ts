import type { RDS } from '@aws-sdk/client-rds';
import type { Place } from '../../state/place.ts';
import { subnets } from '../ec2/resources.ts';
import type { Operations } from '../operation.ts';
import { rdsPage } from './page.ts';
import { dbInstances, fault, requireSubnetGroup, subnetGroups, type SubnetGroup } from './resources.ts';
import { dropTags, setTags } from './tags.ts';

function membersOf(at: Place, ids: readonly string[]): Pick<SubnetGroup, 'VpcId' | 'Subnets'> {
  const found = ids.map((id) => {
    const subnet = at.table(subnets).get(id);
    if (subnet === undefined)
      throw fault(
        'InvalidSubnet',
        `The requested subnet ${id} is invalid, or multiple subnets were requested that are not all in a common VPC.`,
      );
    return subnet;
  });
  return {
    VpcId: found[0]?.VpcId,
    Subnets: found.map((subnet) => ({
      SubnetIdentifier: subnet.SubnetId,
      SubnetAvailabilityZone: { Name: subnet.AvailabilityZone },
      SubnetStatus: 'Active',
      SubnetOutpost: {},
    })),
  };
}

export const subnetGroupOperations: Operations<RDS> = {
  CreateDBSubnetGroup({ DBSubnetGroupName = '', DBSubnetGroupDescription, SubnetIds = [], Tags }, at) {
    const name = DBSubnetGroupName.toLowerCase();
    if (at.table(subnetGroups).has(name)) throw fault('DBSubnetGroupAlreadyExists', `The DB subnet group '${name}' already exists.`);
    const arn = at.arn('rds', `subgrp:${name}`);
    const group = at.table(subnetGroups).put({
      DBSubnetGroupName: name,
      DBSubnetGroupDescription,
      DBSubnetGroupArn: arn,
      SubnetGroupStatus: 'Complete',
      SupportedNetworkTypes: ['IPV4'],
      ...membersOf(at, SubnetIds),
    });
    setTags(at, arn, Tags);
    return { DBSubnetGroup: group };
  },

  DescribeDBSubnetGroups({ DBSubnetGroupName, ...list }, at) {
    const { items, ...tail } = rdsPage(
      DBSubnetGroupName === undefined ? at.table(subnetGroups).values() : [requireSubnetGroup(at, DBSubnetGroupName)],
      list,
    );
    return { DBSubnetGroups: items, ...tail };
  },

  ModifyDBSubnetGroup({ DBSubnetGroupName, DBSubnetGroupDescription, SubnetIds = [] }, at) {
    const group = requireSubnetGroup(at, DBSubnetGroupName);
    return {
      DBSubnetGroup: at.table(subnetGroups).patch(group, {
        DBSubnetGroupDescription: DBSubnetGroupDescription ?? group.DBSubnetGroupDescription,
        ...membersOf(at, SubnetIds),
      }),
    };
  },

  DeleteDBSubnetGroup({ DBSubnetGroupName }, at) {
    const group = requireSubnetGroup(at, DBSubnetGroupName);
    if (at.table(dbInstances).find((instance) => instance.DBSubnetGroup?.DBSubnetGroupName === group.DBSubnetGroupName))
      throw fault(
        'InvalidDBSubnetGroupStateFault',
        `Cannot delete the subnet group '${group.DBSubnetGroupName}' because at least one database instance is still using it.`,
      );
    at.table(subnetGroups).delete(group.DBSubnetGroupName);
    dropTags(at, group.DBSubnetGroupArn);
  },
};
