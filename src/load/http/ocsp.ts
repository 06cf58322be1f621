/** `response.ocsp` (https://grafana.com/docs/k6/latest/javascript-api/k6-http/response/); times in seconds since 1970. */
export interface Ocsp {
  readonly produced_at: number;
  readonly this_update: number;
  readonly next_update: number;
  readonly revoked_at: number;
  readonly revocation_reason: string;
  readonly status: string;
}

export const noOcsp: Ocsp = { produced_at: 0, this_update: 0, next_update: 0, revoked_at: 0, revocation_reason: '', status: '' };
const unknown: Ocsp = { ...noOcsp, status: 'unknown' };

/** Names that k6 gives to the reasons of RFC 5280 section 5.3.1, by number. */
const reasons = [
  'unspecified', 'key_compromise', 'ca_compromise', 'affiliation_changed', 'superseded', 'cessation_of_operation', 'certificate_hold',
  '', 'remove_from_crl', 'privilege_withdrawn', 'aa_compromise',
]; // prettier-ignore

const parsed = new WeakMap<Buffer, Ocsp>();

/** Reads an OCSP response (RFC 6960 section 4.2.1). None, and one that is not understood, is `unknown`, as in k6. */
export function ocspOf(staple: Buffer | undefined): Ocsp {
  if (!staple) return unknown;
  let ocsp = parsed.get(staple);
  if (!ocsp) {
    try {
      ocsp = parse(staple);
    } catch {
      ocsp = unknown;
    }
    parsed.set(staple, ocsp);
  }
  return ocsp;
}

/** One value of DER (X.690): its tag and its content. */
interface Value {
  readonly tag: number;
  readonly content: Buffer;
}

const SEQUENCE = 0x30;
const GENERALIZED_TIME = 0x18;
const OCTET_STRING = 0x04;
/** Tag of `[n]` with content of its own; 0x80 with a plain value. */
const EXPLICIT = 0xa0;
const IMPLICIT = 0x80;

function parse(bytes: Buffer): Ocsp {
  const [response] = valuesOf(bytes);
  const [, wrapper] = valuesOf(contentOf(response, SEQUENCE));
  const [typed] = valuesOf(contentOf(wrapper, EXPLICIT));
  const [, octets] = valuesOf(contentOf(typed, SEQUENCE));
  const [basic] = valuesOf(contentOf(octets, OCTET_STRING));
  const [data] = valuesOf(contentOf(basic, SEQUENCE));
  const fields = valuesOf(contentOf(data, SEQUENCE));
  const producedAt = fields.find(({ tag }) => tag === GENERALIZED_TIME);
  const list = fields[fields.indexOf(producedAt as Value) + 1];
  const [single] = valuesOf(contentOf(list, SEQUENCE));
  const [, status, thisUpdate, nextUpdate] = valuesOf(contentOf(single, SEQUENCE));
  return {
    ...noOcsp,
    produced_at: secondsOf(producedAt),
    this_update: secondsOf(thisUpdate),
    next_update: nextUpdate?.tag === EXPLICIT ? secondsOf(valuesOf(nextUpdate.content)[0]) : 0,
    ...statusOf(status),
  };
}

function statusOf(value: Value | undefined): Partial<Ocsp> & { status: string } {
  if (value?.tag === IMPLICIT) return { status: 'good' };
  if (value?.tag !== EXPLICIT + 1) return { status: 'unknown' };
  const [revokedAt, reason] = valuesOf(value.content);
  const number = reason?.tag === EXPLICIT ? (valuesOf(reason.content)[0]?.content[0] ?? 0) : 0;
  return { status: 'revoked', revoked_at: secondsOf(revokedAt), revocation_reason: reasons[number] ?? '' };
}

function valuesOf(bytes: Buffer): Value[] {
  const values: Value[] = [];
  for (let at = 0; at < bytes.length;) {
    const tag = bytes.readUInt8(at);
    let length = bytes.readUInt8(at + 1);
    let start = at + 2;
    if (length > 0x80) {
      const size = length - 0x80;
      length = bytes.readUIntBE(start, size);
      start += size;
    }
    if (start + length > bytes.length) throw new RangeError('a value is longer than what holds it');
    values.push({ tag, content: bytes.subarray(start, start + length) });
    at = start + length;
  }
  return values;
}

function contentOf(value: Value | undefined, tag: number): Buffer {
  if (value?.tag !== tag) throw new TypeError('not an OCSP response');
  return value.content;
}

/** `20261121120000Z`. */
function secondsOf(value: Value | undefined): number {
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(value?.tag === GENERALIZED_TIME ? value.content.toString('latin1') : '');
  if (!match) throw new TypeError('not a time');
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number) as [number, number, number, number, number, number];
  return Date.UTC(year, month - 1, day, hour, minute, second) / 1000;
}
