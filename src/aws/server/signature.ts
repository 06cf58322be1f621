import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { AwsError } from '../codec/error.ts';
import { header, queryOf, scopeOf, type CredentialScope, type HttpRequest } from './dispatch.ts';
import type { Wire } from './wire.ts';

/** AWS refuses signatures that are older or newer than this; a request that is sent again later is refused with it. */
const skewMaxMs = 5 * 60_000;
/** A presigned URL is valid for a week at most. */
const expiresMaxSeconds = 7 * 24 * 3600;

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** How a service tells trouble with signatures: by its protocol, and EC2 in its own way. */
interface Refusals {
  readonly missing: () => AwsError;
  readonly unknownKey: () => AwsError;
  readonly mismatch: () => AwsError;
  /** `message` names both times. */
  readonly skewed: (message: string) => AwsError;
}

const unknownToken = 'The security token included in the request is invalid.';
const mismatched =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.';
const refuse = (code: string, message: string, status: number) => new AwsError(code, message, { status });

/** https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html */
const queryRefusals: Refusals = {
  missing: () => refuse('MissingAuthenticationToken', 'Request is missing Authentication Token', 403),
  unknownKey: () => refuse('InvalidClientTokenId', unknownToken, 403),
  mismatch: () => refuse('SignatureDoesNotMatch', mismatched, 403),
  skewed: (message) => refuse('SignatureDoesNotMatch', message, 403),
};

/** https://docs.aws.amazon.com/AmazonECS/latest/APIReference/CommonErrors.html */
const jsonRefusals: Refusals = {
  missing: () => refuse('MissingAuthenticationTokenException', 'Missing Authentication Token', 400),
  unknownKey: () => refuse('UnrecognizedClientException', unknownToken, 400),
  mismatch: () => refuse('InvalidSignatureException', mismatched, 400),
  skewed: (message) => refuse('InvalidSignatureException', message, 400),
};

const notValidated = () => refuse('AuthFailure', 'AWS was not able to validate the provided access credentials', 401);

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html */
const ec2Refusals: Refusals = {
  missing: () => refuse('MissingAuthenticationToken', 'Request is missing Authentication Token', 403),
  unknownKey: notValidated,
  mismatch: notValidated,
  skewed: () => refuse('RequestExpired', 'Request has expired.', 400),
};

/**
 * Verifies Signature Version 4, in the Authorization header or in the query of a presigned URL, and throws AWS's error
 * when it does not hold.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export function verifySignature(request: HttpRequest, credentials: Credentials, nowMs: number, protocol: Wire['protocol']): void {
  const refusals = { query: queryRefusals, json: jsonRefusals, ec2: ec2Refusals }[protocol];
  const signed = signingOf(request);
  if (signed === undefined) throw refusals.missing();
  const { scope, signedHeaders, signature, date, validForMs } = signed;
  if (scope.accessKeyId !== credentials.accessKeyId) throw refusals.unknownKey();
  const fault = timeFault(date, nowMs, validForMs);
  if (fault !== undefined || !date.startsWith(scope.date)) throw refusals.skewed(fault ?? mismatched);
  const names = signedHeaders.split(';');
  const canonical = canonicalRequest(request, names);
  const credentialScope = `${scope.date}/${scope.region}/${scope.service}/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', date, credentialScope, sha256(canonical)].join('\n');
  const key = ['aws4_request', scope.service, scope.region, scope.date].reduceRight<Buffer | string>(
    (key, part) => createHmac('sha256', key).update(part).digest(),
    `AWS4${credentials.secretAccessKey}`,
  );
  const expected = createHmac('sha256', key).update(toSign).digest();
  if (!names.includes('host') || !timingSafeEqual(expected, Buffer.from(signature, 'hex'))) throw refusals.mismatch();
}

interface Signing {
  readonly scope: CredentialScope;
  readonly signedHeaders: string;
  readonly signature: string;
  readonly date: string;
  /** How long after its date it holds. */
  readonly validForMs: number;
}

function signingOf(request: HttpRequest): Signing | undefined {
  const { authorization } = request.headers;
  const query = queryOf(request.url);
  const given =
    authorization === undefined
      ? {
          text: query.get('X-Amz-SignedHeaders') ?? '',
          signature: query.get('X-Amz-Signature') ?? '',
          algorithm: query.get('X-Amz-Algorithm'),
        }
      : {
          text: /SignedHeaders=([a-z0-9;-]+)/.exec(authorization)?.[1] ?? '',
          signature: /Signature=([0-9a-f]{64})\b/.exec(authorization)?.[1] ?? '',
          algorithm: authorization.split(' ')[0],
        };
  const scope = scopeOf(request);
  if (scope === undefined || given.algorithm !== 'AWS4-HMAC-SHA256' || given.text === '' || !/^[0-9a-f]{64}$/.test(given.signature))
    return undefined;
  const seconds = Number(query.get('X-Amz-Expires') ?? Number.NaN);
  return {
    scope,
    signedHeaders: given.text,
    signature: given.signature,
    date: (authorization === undefined ? query.get('X-Amz-Date') : header(request.headers, 'x-amz-date')) ?? '',
    validForMs: authorization === undefined ? (seconds >= 1 && seconds <= expiresMaxSeconds ? seconds * 1000 : Number.NaN) : skewMaxMs,
  };
}

/** AWS's sentence for a signature that is too old or not valid yet. */
function timeFault(date: string, nowMs: number, validForMs: number): string | undefined {
  const signedMs = parseAmzDate(date);
  const shown = date.slice(0, 40);
  if (Number.isNaN(signedMs) || Number.isNaN(validForMs)) return `Date in the signature is not valid: ${shown}`;
  if (signedMs - nowMs > skewMaxMs)
    return `Signature not yet current: ${shown} is still later than ${amzDate(nowMs + skewMaxMs)} (${amzDate(nowMs)} + 5 min.)`;
  const minutes = Math.round(validForMs / 60_000);
  if (nowMs - signedMs > validForMs)
    return `Signature expired: ${shown} is now earlier than ${amzDate(nowMs - validForMs)} (${amzDate(nowMs)} - ${minutes} min.)`;
  return undefined;
}

const amzDate = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;

function canonicalRequest(request: HttpRequest, names: readonly string[]): string {
  const mark = request.url.indexOf('?');
  const path = mark < 0 ? request.url : request.url.slice(0, mark);
  const query = [...queryOf(request.url)]
    .filter(([key]) => key !== 'X-Amz-Signature')
    .map(([key, value]) => `${encode(key)}=${encode(value)}`)
    .toSorted()
    .join('&');
  const headers = names.map((name) => `${name}:${(header(request.headers, name) ?? '').trim().replace(/\s+/g, ' ')}\n`).join('');
  // The hash of the body that came, whatever x-amz-content-sha256 claims: the body is part of what is proved.
  const encodedPath = path
    .split('/')
    .map((part) => encode(part))
    .join('/');
  return [request.method, encodedPath, query, headers, names.join(';'), sha256(request.body)].join('\n');
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

function sha256(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}

/** `20260101T120000Z` */
function parseAmzDate(text: string): number {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (parts === null) return Number.NaN;
  const [year, month, day, hour, minute, second] = parts.slice(1).map(Number) as [number, number, number, number, number, number];
  return Date.UTC(year, month - 1, day, hour, minute, second);
}
