import type { STS } from '@aws-sdk/client-sts';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import { findUserOfKey } from '../iam/accessKeys.ts';
import { iamId } from '../iam/identities.ts';
import { roles } from '../iam/resources.ts';
import type { Operations } from '../operation.ts';
import { findSession, sessionRegion, sessions } from './sessions.ts';

interface Issued {
  AccessKeyId: string;
  SecretAccessKey: string;
  SessionToken: string;
  Expiration: number;
}

function issue(at: Place, account: string, arn: string, userId: string, seconds: number): Issued {
  const expiresAtMs = at.nowMs + seconds * 1000;
  const accessKeyId = iamId(at, 'ASIA');
  at.world.place('000000000000', sessionRegion).table(sessions).put({ accessKeyId, account, arn, userId, expiresAtMs });
  return { AccessKeyId: accessKeyId, SecretAccessKey: at.hex(40), SessionToken: `FQoGZXIvYXdzE${at.hex(343)}`, Expiration: expiresAtMs };
}

/**
 * Credentials are anybody's choice: where nothing runs they are the ones that mocks give, those of the examples in
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html and API_GetFederationToken.html.
 */
const exampleKeys = { AccessKeyId: 'AKIAIOSFODNN7EXAMPLE', SecretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKEY' };
const exampleTokens = {
  session:
    'AQoEXAMPLEH4aoAH0gNCAPyJxz4BlCFFxWNE1OPTgk5TthT+FvwqnKwRcOIfrRh3c/LTo6UDdyJwOOvEVPvLXCrrrUtdnniCEXAMPLE/IvU1dYUg2RVAJBanLiHb' +
    '4IgRmpRV3zrkuWJOgQs8IZZaIv2BXIa2R4OlgkBN9bkUDNCJiBeb/AXlzBBko7b15fjrBs2+cTQtpZ3CYWFXG8C5zqx37wnOE49mRl/+OtkIKGO7fAE',
  federation:
    'AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkP' +
    'pKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7Z' +
    'D0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==',
};

interface AssumedRole {
  Credentials: Issued;
  AssumedRoleUser: { AssumedRoleId: string; Arn: string };
  PackedPolicySize: number;
}

/** What the three AssumeRole calls share: a session of `roleArn` in the account that its ARN names. */
function assume(at: Place, roleArn: string, name: string, seconds = 3600): AssumedRole {
  const parts = /^arn:([a-z-]+):iam::(\d{12}):role\/(?:.*\/)?([^/]+)$/.exec(roleArn);
  if (parts === null) throw new AwsError('ValidationError', `${roleArn} is invalid`);
  if (!/^[\w+=,.@-]{2,64}$/.test(name)) {
    const rule =
      name.length > 64
        ? 'Member must have length less than or equal to 64'
        : 'Member must satisfy regular expression pattern: [\\w+=,.@-]*';
    throw new AwsError(
      'ValidationError',
      `1 validation error detected: Value '${name}' at 'roleSessionName' failed to satisfy constraint: ${rule}`,
    );
  }
  if (seconds < 900 || seconds > 43_200) {
    throw new AwsError(
      'ValidationError',
      `1 validation error detected: Value '${seconds}' at 'durationSeconds' failed to satisfy constraint: Member must have value ${seconds < 900 ? 'greater than or equal to 900' : 'less than or equal to 43200'}`,
    );
  }
  const [, partition = '', account = '', role = ''] = parts;
  const known = at.world.place(account, at.global.region).table(roles).get(role);
  const id = `${known?.id ?? iamId(at, 'AROA')}:${name}`;
  const arn = `arn:${partition}:sts::${account}:assumed-role/${role}/${name}`;
  return { Credentials: issue(at, account, arn, id, seconds), AssumedRoleUser: { AssumedRoleId: id, Arn: arn }, PackedPolicySize: 6 };
}

function checkPolicySize(policy: string | undefined): void {
  if (policy === undefined || policy.length <= 2048) return;
  throw new AwsError(
    'ValidationError',
    `1 validation error detected: Value '${policy}' at 'policy' failed to satisfy constraint: Member must have length less than or equal to 2048`,
  );
}

export const sts: Operations<STS> = {
  GetCallerIdentity(_input, at, { accessKeyId }) {
    const session = findSession(at.world, accessKeyId);
    if (session !== undefined) return { UserId: session.userId, Account: session.account, Arn: session.arn };
    const user = findUserOfKey(at.global, accessKeyId);
    if (user !== undefined) return { UserId: user.id, Account: at.account, Arn: user.arn };
    return {
      UserId: 'AKIAIOSFODNN7EXAMPLE',
      Account: at.account,
      Arn: `arn:${at.partition}:sts::${at.account}:user/${at.strict ? 'plimsoll' : 'moto'}`,
    };
  },

  GetSessionToken({ DurationSeconds = 43_200 }, at) {
    const issued = issue(at, at.account, `arn:${at.partition}:iam::${at.account}:root`, at.account, DurationSeconds);
    return { Credentials: at.strict ? issued : { ...issued, ...exampleKeys, SessionToken: exampleTokens.session } };
  },

  GetFederationToken({ Name = '', Policy, DurationSeconds = 43_200 }, at) {
    checkPolicySize(Policy);
    const arn = `arn:${at.partition}:sts::${at.account}:federated-user/${Name}`;
    const id = `${at.account}:${Name}`;
    const issued = issue(at, at.account, arn, id, DurationSeconds);
    return {
      Credentials: at.strict ? issued : { ...issued, ...exampleKeys, SessionToken: exampleTokens.federation },
      FederatedUser: { FederatedUserId: id, Arn: arn },
      PackedPolicySize: 6,
    };
  },

  AssumeRole({ RoleArn = '', RoleSessionName = '', DurationSeconds, Policy }, at) {
    checkPolicySize(Policy);
    return assume(at, RoleArn, RoleSessionName, DurationSeconds);
  },

  AssumeRoleWithWebIdentity({ RoleArn = '', RoleSessionName = '', DurationSeconds, ProviderId }, at) {
    return {
      ...assume(at, RoleArn, RoleSessionName, DurationSeconds),
      SubjectFromWebIdentityToken: RoleSessionName,
      Provider: ProviderId ?? 'accounts.google.com',
    };
  },

  AssumeRoleWithSAML({ RoleArn = '', SAMLAssertion = '', DurationSeconds }, at) {
    const assertion = Buffer.from(SAMLAssertion, 'base64').toString('utf8');
    const attribute = (name: string): string | undefined =>
      new RegExp(`Attributes/${name}"[^>]*>\\s*<[^>]*AttributeValue[^>]*>([^<]*)<`).exec(assertion)?.[1];
    const name = attribute('RoleSessionName') ?? 'saml';
    const seconds = DurationSeconds ?? (Number(attribute('SessionDuration')) || 3600);
    return {
      ...assume(at, RoleArn, name, seconds),
      SubjectType: 'persistent',
      Subject: name,
      Audience: 'https://signin.aws.amazon.com/saml',
      Issuer: 'https://localhost/saml',
      NameQualifier: 'saml',
    };
  },

  GetAccessKeyInfo: (_input, at) => ({ Account: at.account }),

  DecodeAuthorizationMessage: ({ EncodedMessage = '' }) => ({ DecodedMessage: EncodedMessage }),
};
