import type { EC2 } from '@aws-sdk/client-ec2';
import type { Operations } from '../operation.ts';
import { addressOperations } from './addresses.ts';
import { classicLinkOperations } from './classicLink.ts';
import { dhcpOptionsOperations } from './dhcpOptions.ts';
import { imageOperations } from './images.ts';
import { instanceAttributeOperations } from './instanceAttributes.ts';
import { instanceTypeOperations } from './instanceTypes.ts';
import { instanceOperations } from './instances.ts';
import { internetGatewayOperations } from './internetGateways.ts';
import { keyPairOperations } from './keyPairs.ts';
import { launchTemplateOperations } from './launchTemplates.ts';
import { networkAclOperations } from './networkAcls.ts';
import { networkInterfaceOperations } from './networkInterfaces.ts';
import { peeringOperations } from './peering.ts';
import { prefixListOperations } from './prefixLists.ts';
import { profileAssociationOperations } from './profileAssociations.ts';
import { routeTableOperations } from './routeTables.ts';
import { securityGroupRuleOperations } from './securityGroupRules.ts';
import { securityGroupOperations } from './securityGroups.ts';
import { subnetOperations } from './subnets.ts';
import { tagOperations } from './tags.ts';
import { volumeOperations } from './volumes.ts';
import { vpcEndpointOperations } from './vpcEndpoints.ts';
import { vpcOperations } from './vpcs.ts';
import { zoneOperations } from './zones.ts';

export const ec2: Operations<EC2> = {
  ...addressOperations,
  ...classicLinkOperations,
  ...dhcpOptionsOperations,
  ...imageOperations,
  ...instanceAttributeOperations,
  ...instanceOperations,
  ...instanceTypeOperations,
  ...internetGatewayOperations,
  ...keyPairOperations,
  ...launchTemplateOperations,
  ...networkAclOperations,
  ...networkInterfaceOperations,
  ...peeringOperations,
  ...prefixListOperations,
  ...profileAssociationOperations,
  ...routeTableOperations,
  ...securityGroupOperations,
  ...securityGroupRuleOperations,
  ...subnetOperations,
  ...tagOperations,
  ...volumeOperations,
  ...vpcEndpointOperations,
  ...vpcOperations,
  ...zoneOperations,
};
