import type { RDS } from '@aws-sdk/client-rds';
import type { Place } from '../../state/place.ts';
import type { Operations } from '../operation.ts';
import { rdsPage } from './page.ts';
import { fault, securityGroups, type SecurityGroup } from './resources.ts';
import { dropTags, setTags } from './tags.ts';

function requireSecurityGroup(at: Place, name = ''): SecurityGroup {
  const group = at.table(securityGroups).get(name.toLowerCase());
  if (group === undefined) throw fault('DBSecurityGroupNotFound', `Security Group ${name} not found.`, 404);
  return group;
}

/** Groups of the time before VPCs. AWS has retired them, and so they exist only where nothing runs. */
export const securityGroupOperations: Operations<RDS> = {
  CreateDBSecurityGroup({ DBSecurityGroupName = '', DBSecurityGroupDescription, Tags }, at) {
    if (at.strict)
      throw fault('DBSecurityGroupNotSupported', 'DB security groups are retired. Use VPC security groups (VpcSecurityGroupIds).');
    const name = DBSecurityGroupName.toLowerCase();
    if (at.table(securityGroups).has(name)) throw fault('DBSecurityGroupAlreadyExists', `Security Group ${name} already exists.`);
    const made = at.table(securityGroups).put({
      DBSecurityGroupName: name,
      DBSecurityGroupDescription,
      DBSecurityGroupArn: at.arn('rds', `secgrp:${name}`),
      OwnerId: at.account,
      EC2SecurityGroups: [],
      IPRanges: [],
    });
    setTags(at, made.DBSecurityGroupArn, Tags);
    return { DBSecurityGroup: made };
  },

  DescribeDBSecurityGroups({ DBSecurityGroupName, ...list }, at) {
    const asked = DBSecurityGroupName === undefined ? at.table(securityGroups).values() : [requireSecurityGroup(at, DBSecurityGroupName)];
    const { items, ...tail } = rdsPage(asked, list);
    return { DBSecurityGroups: items, ...tail };
  },

  AuthorizeDBSecurityGroupIngress({ DBSecurityGroupName, CIDRIP }, at) {
    const group = requireSecurityGroup(at, DBSecurityGroupName);
    if (group.IPRanges?.some((range) => range.CIDRIP === CIDRIP))
      throw fault('AuthorizationAlreadyExists', `${CIDRIP ?? ''} is already authorized.`);
    const IPRanges = [...(group.IPRanges ?? []), { Status: 'authorized', CIDRIP }];
    return { DBSecurityGroup: at.table(securityGroups).patch(group, { IPRanges }) };
  },

  RevokeDBSecurityGroupIngress({ DBSecurityGroupName, CIDRIP }, at) {
    const group = requireSecurityGroup(at, DBSecurityGroupName);
    const IPRanges = (group.IPRanges ?? []).filter((range) => range.CIDRIP !== CIDRIP);
    return { DBSecurityGroup: at.table(securityGroups).patch(group, { IPRanges }) };
  },

  DeleteDBSecurityGroup({ DBSecurityGroupName }, at) {
    const group = requireSecurityGroup(at, DBSecurityGroupName);
    at.table(securityGroups).delete(group.DBSecurityGroupName);
    dropTags(at, group.DBSecurityGroupArn);
  },
};
