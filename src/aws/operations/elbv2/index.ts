import type { ElasticLoadBalancingV2 } from '@aws-sdk/client-elastic-load-balancing-v2';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import type { Operations } from '../operation.ts';
import { listenerOperations } from './listeners.ts';
import { loadBalancerOperations } from './loadBalancers.ts';
import { listeners, loadBalancers, rules, targetGroups } from './resources.ts';
import { ruleOperations } from './rules.ts';
import { sslPolicyOperations } from './sslPolicies.ts';
import { removeTags, setTags, tagsOf } from './tags.ts';
import { targetGroupOperations } from './targetGroups.ts';
import { targetOperations } from './targets.ts';

const kinds = [
  { part: ':loadbalancer/', table: loadBalancers, code: 'LoadBalancerNotFound', noun: 'load balancer' },
  { part: ':targetgroup/', table: targetGroups, code: 'TargetGroupNotFound', noun: 'target group' },
  { part: ':listener/', table: listeners, code: 'ListenerNotFound', noun: 'listener' },
  { part: ':listener-rule/', table: rules, code: 'RuleNotFound', noun: 'rule' },
] as const;

const missingMany = (noun: string): string => `One or more ${noun}s not found`;

/** RemoveTags has words of its own for listeners and rules. */
const missingWhenUntagging = (noun: string): string =>
  noun === 'listener' || noun === 'rule' ? `The specified ${noun} does not exist.` : missingMany(noun);

function requireTaggable(at: Place, arn: string, missing = missingMany): void {
  const kind = kinds.find(({ part }) => arn.includes(part));
  if (kind === undefined) throw new AwsError('ValidationError', `'${arn}' is not a valid ARN of a resource of this service`);
  if (!at.world.holds(at, kind.table.kind, arn)) throw new AwsError(kind.code, missing(kind.noun));
}

const tagOperations: Operations<ElasticLoadBalancingV2> = {
  AddTags({ ResourceArns = [], Tags = [] }, at) {
    for (const arn of ResourceArns) {
      requireTaggable(at, arn);
      setTags(at, arn, Tags);
    }
    return {};
  },

  RemoveTags({ ResourceArns = [], TagKeys = [] }, at) {
    for (const arn of ResourceArns) {
      requireTaggable(at, arn, missingWhenUntagging);
      removeTags(at, arn, TagKeys);
    }
    return {};
  },

  DescribeTags({ ResourceArns = [] }, at) {
    return {
      TagDescriptions: ResourceArns.map((arn) => {
        requireTaggable(at, arn);
        return { ResourceArn: arn, Tags: [...tagsOf(at, arn)] };
      }),
    };
  },
};

export const elbv2: Operations<ElasticLoadBalancingV2> = {
  ...loadBalancerOperations,
  ...listenerOperations,
  ...ruleOperations,
  ...sslPolicyOperations,
  ...tagOperations,
  ...targetGroupOperations,
  ...targetOperations,
};
