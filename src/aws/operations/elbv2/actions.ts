import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import { type Action, targetGroups } from './resources.ts';

/** The target groups that actions forward to. */
export function groupsUsed(actions: readonly Action[] | undefined): string[] {
  return (actions ?? []).flatMap(({ TargetGroupArn, ForwardConfig }) => [
    ...(TargetGroupArn === undefined ? [] : [TargetGroupArn]),
    ...(ForwardConfig?.TargetGroups ?? []).flatMap(({ TargetGroupArn: arn }) => (arn === undefined ? [] : [arn])),
  ]);
}

const redirectCodes = new Set(['HTTP_301', 'HTTP_302']);

function check(at: Place, action: Action, index: number): void {
  const where = `Member: [${index + 1}]`;
  switch (action.Type) {
    case 'forward':
      for (const arn of groupsUsed([action]))
        if (!at.table(targetGroups).has(arn)) throw new AwsError('TargetGroupNotFound', `Target group '${arn}' not found`);
      if (groupsUsed([action]).length === 0) throw new AwsError('ValidationError', 'A target group ARN must be specified');
      return;
    case 'fixed-response': {
      const { StatusCode = '', ContentType } = action.FixedResponseConfig ?? {};
      if (!/^(2|4|5)\d\d$/.test(StatusCode))
        throw new AwsError(
          'ValidationError',
          `1 validation error detected: Value '${StatusCode}' at 'actions.${index + 1}.member.fixedResponseConfig.statusCode' failed to satisfy constraint: Member must satisfy regular expression pattern: ^(2|4|5)\\d\\d$`,
        );
      if (ContentType !== undefined && !contentTypes.has(ContentType))
        throw new AwsError(
          'InvalidLoadBalancerAction',
          `The ContentType must be one of:'text/html', 'application/json', 'application/javascript', 'text/css', 'text/plain'`,
        );
      return;
    }
    case 'redirect': {
      const code = action.RedirectConfig?.StatusCode ?? '';
      if (at.strict && !redirectCodes.has(code))
        throw new AwsError(
          'ValidationError',
          `1 validation error detected: Value '${code}' at 'actions.${index + 1}.member.redirectConfig.statusCode' failed to satisfy constraint: Member must satisfy enum value set: [HTTP_301, HTTP_302]`,
        );
      return;
    }
    case 'authenticate-cognito':
    case 'authenticate-oidc':
    case 'jwt-validation':
      return;
    default:
      throw new AwsError('ValidationError', `The action type '${String(action.Type)}' of ${where} is not valid`);
  }
}

const contentTypes = new Set(['text/plain', 'text/css', 'text/html', 'application/javascript', 'application/json']);

/** Checks actions and fills in the defaults of what they say. */
export function completeActions(at: Place, actions: readonly Action[]): Action[] {
  actions.forEach((action, index) => check(at, action, index));
  return actions
    .map((action, index) => ({
      ...completeAction(action),
      ...(action.Order === undefined && actions.length > 1 ? { Order: index + 1 } : {}),
    }))
    .toSorted((a, b) => (a.Order ?? 0) - (b.Order ?? 0));
}

/** The long form without weights gets them; a redirect gets the parts that it keeps. */
function completeAction(action: Action): Action {
  const config = action.ForwardConfig;
  if (action.Type === 'forward' && config !== undefined) {
    const groups = (config.TargetGroups ?? []).map((group) => ({ ...group, Weight: group.Weight ?? 1 }));
    return {
      ...action,
      ForwardConfig: {
        ...config,
        TargetGroups: groups,
        TargetGroupStickinessConfig: config.TargetGroupStickinessConfig ?? { Enabled: false },
      },
    };
  }
  if (action.Type === 'redirect') {
    return {
      ...action,
      RedirectConfig: {
        Protocol: '#{protocol}',
        Port: '#{port}',
        Host: '#{host}',
        Path: '/#{path}',
        Query: '#{query}',
        ...action.RedirectConfig,
      } as Action['RedirectConfig'],
    };
  }
  return action;
}
