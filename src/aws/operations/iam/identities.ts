import type { Place } from '../../state/place.ts';

const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/**
 * A unique id of IAM: four letters that tell the kind and seventeen more (AROA, AIPA, ANPA, AIDA …), or sixteen
 * for an access key (AKIA, ASIA).
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
 */
export function iamId(at: Place, kind: string): string {
  const length = kind === 'AKIA' || kind === 'ASIA' ? 20 : 21;
  let text = kind;
  while (text.length < length) text += base32.charAt(Number.parseInt(at.hex(2), 16) & 31);
  return text;
}

export function normalPath(path: string | undefined): string {
  return path ?? '/';
}

/** `role/path/name` as ARNs write it. */
export function iamArn(at: Place, kind: string, path: string, name: string): string {
  return at.arn('iam', `${kind}${path}${name}`);
}

/** IAM answers and takes policy documents URL-encoded where the API says so. */
export function encodeDocument(document: string): string {
  return encodeURIComponent(document);
}
