/**
 * Everything that can be wrong with a message, as small integers so that the hot path never throws.
 * Parsers return `-problem`. `problemInfo[problem]` tells the reason (stable, used in logs and metrics)
 * and the status that a server answers with; what a proxy makes of a bad *response* is always 502.
 */
export const Problem = {
  startLine: 1,
  version: 2,
  method: 3,
  target: 4,
  startLineTooLong: 5,
  fieldTooLong: 6,
  headTooLong: 7,
  tooManyFields: 8,
  lineEnd: 9,
  fold: 10,
  fieldName: 11,
  fieldValue: 12,
  hostMissing: 13,
  hostRepeated: 14,
  host: 15,
  contentLength: 16,
  contentLengthConflict: 17,
  transferCoding: 18,
  transferCodingUnknown: 19,
  transferCodingVersion: 20,
  chunkSize: 21,
  chunkEnd: 22,
  chunkExtension: 23,
  chunkExtensionTooLong: 24,
  trailer: 25,
  framingConflict: 26,
} as const;

export type Problem = (typeof Problem)[keyof typeof Problem];

export interface ProblemInfo {
  readonly reason: string;
  readonly status: number;
}

const bad = (reason: string, status = 400): ProblemInfo => ({ reason, status });

export const problemInfo: readonly ProblemInfo[] = [
  bad('none'),
  bad('bad-start-line'),
  bad('unsupported-version', 505),
  bad('bad-method'),
  bad('bad-target'),
  bad('start-line-too-long', 414),
  bad('header-too-long', 431),
  bad('headers-too-long', 431),
  bad('too-many-headers', 431),
  bad('bad-line-end'),
  bad('folded-header'),
  bad('bad-header-name'),
  bad('bad-header-value'),
  bad('host-missing'),
  bad('host-repeated'),
  bad('bad-host'),
  bad('bad-content-length'),
  bad('conflicting-content-lengths'),
  bad('bad-transfer-encoding'),
  bad('unknown-transfer-coding', 501),
  bad('transfer-encoding-on-http10'),
  bad('bad-chunk-size'),
  bad('bad-chunk-end'),
  bad('bad-chunk-extension'),
  bad('chunk-extension-too-long', 413),
  bad('bad-trailer'),
  bad('content-length-with-transfer-encoding'),
];

/** What `parse` returned below zero, as its description. */
export function describeProblem(result: number): ProblemInfo {
  return problemInfo[-result] ?? bad('unknown');
}
