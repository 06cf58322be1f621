import type { CloudWatch } from '@aws-sdk/client-cloudwatch';
import type { Operations } from '../operation.ts';
import { page } from '../page.ts';
import { insightRules } from './resources.ts';
import { setTags } from './tags.ts';

export const insightRuleOperations: Operations<CloudWatch> = {
  PutInsightRule({ RuleName = '', RuleDefinition = '', RuleState = 'ENABLED', Tags }, at) {
    at.table(insightRules).put({
      Name: RuleName,
      State: RuleState,
      Schema: '{"Name" : "CloudWatchLogRule", "Version" : 1}',
      Definition: RuleDefinition,
      ManagedRule: false,
    });
    setTags(at, at.arn('cloudwatch', `insight-rule/${RuleName}`), Tags);
    return {};
  },

  DescribeInsightRules({ NextToken, MaxResults }, at) {
    const { items, next } = page(at.table(insightRules).values(), { token: NextToken, max: MaxResults }, { defaultMax: 500 });
    return { InsightRules: items, NextToken: next };
  },

  DeleteInsightRules: ({ RuleNames = [] }, at) => ({
    Failures: RuleNames.filter((name) => !at.table(insightRules).delete(name)).map(failure),
  }),

  EnableInsightRules({ RuleNames = [] }, at) {
    const missing = RuleNames.filter((name) => !at.table(insightRules).has(name));
    for (const rule of at.table(insightRules).filter(({ Name }) => RuleNames.includes(Name)))
      at.table(insightRules).patch(rule, { State: 'ENABLED' });
    return { Failures: missing.map(failure) };
  },

  DisableInsightRules({ RuleNames = [] }, at) {
    const missing = RuleNames.filter((name) => !at.table(insightRules).has(name));
    for (const rule of at.table(insightRules).filter(({ Name }) => RuleNames.includes(Name)))
      at.table(insightRules).patch(rule, { State: 'DISABLED' });
    return { Failures: missing.map(failure) };
  },
};

function failure(name: string): { FailureResource: string; ExceptionType: string; FailureCode: string; FailureDescription: string } {
  return {
    FailureResource: name,
    ExceptionType: '404',
    FailureCode: 'ResourceNotFoundException',
    FailureDescription: 'Rule does not exist',
  };
}
