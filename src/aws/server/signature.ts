import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { AwsError } from '../codec/error.ts';
import { header, scopeOf, type HttpRequest } from './dispatch.ts';

/** AWS refuses signatures that are older or newer than this. */
const skewMaxMs = 5 * 60_000;

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/**
 * Verifies Signature Version 4 of a header-signed request and throws AWS's error when it does not hold.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export function verifySignature(request: HttpRequest, credentials: Credentials, nowMs: number): void {
  const scope = scopeOf(request.headers);
  const authorization = request.headers.authorization ?? '';
  const signedHeaders = /SignedHeaders=([a-z0-9;-]+)/.exec(authorization)?.[1];
  const signature = /Signature=([0-9a-f]{64})\b/.exec(authorization)?.[1];
  if (scope === undefined || signedHeaders === undefined || signature === undefined || !authorization.startsWith('AWS4-HMAC-SHA256 ')) {
    throw new AwsError('MissingAuthenticationToken', 'Request is missing Authentication Token', { status: 403 });
  }
  if (scope.accessKeyId !== credentials.accessKeyId) {
    throw new AwsError('InvalidClientTokenId', 'The security token included in the request is invalid.', { status: 403 });
  }
  const date = header(request.headers, 'x-amz-date') ?? '';
  if (!(Math.abs(parseAmzDate(date) - nowMs) <= skewMaxMs) || !date.startsWith(scope.date)) {
    throw new AwsError(
      'SignatureDoesNotMatch',
      `Signature expired or not yet valid: ${date.slice(0, 40)} is more than 5 minutes from the endpoint's time.`,
      { status: 403 },
    );
  }
  const names = signedHeaders.split(';');
  const canonical = canonicalRequest(request, names);
  const credentialScope = `${scope.date}/${scope.region}/${scope.service}/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', date, credentialScope, sha256(canonical)].join('\n');
  const key = ['aws4_request', scope.service, scope.region, scope.date].reduceRight<Buffer | string>(
    (key, part) => createHmac('sha256', key).update(part).digest(),
    `AWS4${credentials.secretAccessKey}`,
  );
  const expected = createHmac('sha256', key).update(toSign).digest();
  if (!names.includes('host') || !timingSafeEqual(expected, Buffer.from(signature, 'hex'))) {
    throw new AwsError(
      'SignatureDoesNotMatch',
      'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.',
      { status: 403 },
    );
  }
}

function canonicalRequest(request: HttpRequest, names: readonly string[]): string {
  const mark = request.url.indexOf('?');
  const path = mark < 0 ? request.url : request.url.slice(0, mark);
  const query = [...new URLSearchParams(mark < 0 ? '' : request.url.slice(mark + 1))]
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
