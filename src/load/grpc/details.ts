import type { Metadata } from '@grpc/grpc-js';
import protobuf from 'protobufjs';
import { toJson } from './protojson.ts';

/** The richer error model (https://grpc.io/docs/guides/error/): google.rpc.Status in a trailer, with google.rpc's usual details. */
const { root } = protobuf.parse(
  `syntax = "proto3"; package google.rpc;
  message Status { int32 code = 1; string message = 2; repeated Detail details = 3; }
  message Detail { string type_url = 1; bytes value = 2; }
  message Span { int64 seconds = 1; int32 nanos = 2; }
  message RetryInfo { Span retry_delay = 1; }
  message DebugInfo { repeated string stack_entries = 1; string detail = 2; }
  message QuotaFailure { message Violation { string subject = 1; string description = 2; } repeated Violation violations = 1; }
  message ErrorInfo { string reason = 1; string domain = 2; map<string, string> metadata = 3; }
  message PreconditionFailure { message Violation { string type = 1; string subject = 2; string description = 3; } repeated Violation violations = 1; }
  message BadRequest { message FieldViolation { string field = 1; string description = 2; } repeated FieldViolation field_violations = 1; }
  message RequestInfo { string request_id = 1; string serving_data = 2; }
  message ResourceInfo { string resource_type = 1; string resource_name = 2; string owner = 3; string description = 4; }
  message Help { message Link { string description = 1; string url = 2; } repeated Link links = 1; }
  message LocalizedMessage { string locale = 1; string message = 2; }`,
  { keepCase: true },
);
root.resolveAll();
const status = root.lookupType('google.rpc.Status');

const TRAILER = 'grpc-status-details-bin';

/** `error.details` as JSON; a type that neither the client's files nor google.rpc has stays in base64. */
export function detailsOf(trailers: Metadata | undefined, roots: Iterable<protobuf.Root>): unknown[] {
  const [bytes] = trailers?.get(TRAILER) ?? [];
  if (!(bytes instanceof Buffer)) return [];
  try {
    const { details } = status.decode(bytes) as unknown as { details?: { type_url: string; value: Uint8Array }[] };
    return (details ?? []).map(({ type_url: url, value }) => {
      const type = typeOf(url, roots);
      if (!type) return { '@type': url, value: Buffer.from(value).toString('base64') };
      const json = toJson(type, type.decode(value) as unknown as Record<string, unknown>);
      return typeof json === 'object' && json !== null ? { '@type': url, ...json } : { '@type': url, value: json };
    });
  } catch {
    // A trailer that is none tells nothing.
    return [];
  }
}

function typeOf(url: string, roots: Iterable<protobuf.Root>): protobuf.Type | undefined {
  const name = url.split('/').pop() ?? '';
  for (const each of [...roots, root]) {
    const found = each.lookup(name, [protobuf.Type]);
    if (found instanceof protobuf.Type) return found;
  }
  return undefined;
}
