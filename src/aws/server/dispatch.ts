import type { IncomingHttpHeaders } from 'node:http';
import { AwsError } from '../codec/error.ts';
import { services, type ServiceEntry } from './services.ts';
import { cborWire, ec2Wire, jsonWire, queryWire, type Wire } from './wire.ts';

export interface HttpRequest {
  readonly method: string;
  /** Path and query as sent. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** What a request asks for. `entry` undefined: no service could be told, `problem` says why. */
export interface Call {
  readonly entry: ServiceEntry | undefined;
  readonly operation: string;
  readonly wire: Wire;
  readonly problem?: AwsError;
}

const rpcPath = /^\/service\/([^/?]+)\/operation\/([^/?]+)/;

/** Tells service, operation and protocol from the request alone: RPC v2 path, X-Amz-Target, or Action and Version. */
export function dispatch(request: HttpRequest): Call {
  const rpc = rpcPath.exec(request.url);
  if (rpc !== null) return byTarget(rpc[1]!, rpc[2]!, cborWire(request.body));
  const target = header(request.headers, 'x-amz-target');
  if (target !== undefined) {
    const dot = target.lastIndexOf('.');
    const version = (request.headers['content-type'] ?? '').includes('json-1.0') ? '1.0' : '1.1';
    const wire = jsonWire(request.body, version, header(request.headers, 'x-amzn-query-mode') === 'true');
    return byTarget(target.slice(0, Math.max(0, dot)), target.slice(dot + 1), wire);
  }
  return byAction(request);
}

function byTarget(prefix: string, operation: string, wire: Wire): Call {
  const entry = services.find(({ target }) => target === prefix);
  if (entry !== undefined) return { entry, operation, wire };
  return {
    entry,
    operation,
    wire,
    problem: new AwsError('UnknownOperationException', `No service here is called ${prefix.slice(0, 100)}.`),
  };
}

function byAction(request: HttpRequest): Call {
  const [path, query] = split(request.url, '?');
  const fields = new URLSearchParams(request.method === 'POST' ? request.body.toString('utf8') : query);
  const action = fields.get('Action');
  const version = fields.get('Version');
  if (action === null) {
    const scope = scopeOf(request)?.service;
    const what = scope === undefined ? `${request.method} ${path.slice(0, 200)}` : `The service ${scope}`;
    const problem = new AwsError('MissingAction', `${what} is not part of this endpoint, or the request names no Action.`);
    return { entry: undefined, operation: '', wire: queryWire(fields), problem };
  }
  const entry = services.find((service) => service.version === version && isForm(service)) ?? formServiceByScope(request, version);
  const wire = entry?.protocol === 'ec2Query' ? ec2Wire(fields) : queryWire(fields);
  if (entry !== undefined) return { entry, operation: action, wire };
  const problem = new AwsError(
    'InvalidAction',
    `Could not find operation ${action.slice(0, 100)} for version ${version?.slice(0, 40) ?? 'NO_VERSION_SPECIFIED'}`,
  );
  return { entry, operation: action, wire, problem };
}

/** CloudWatch's clients of old speak awsQuery too. */
function isForm({ protocol, name }: ServiceEntry): boolean {
  return protocol === 'ec2Query' || protocol === 'awsQuery' || name === 'cloudwatch';
}

/** A call without a version is taken as meant for the newest; another version than ours is another API. */
function formServiceByScope(request: HttpRequest, version: string | null): ServiceEntry | undefined {
  if (version !== null) return undefined;
  const scope = scopeOf(request)?.service;
  return services.find((service) => service.scope === scope && isForm(service));
}

export interface CredentialScope {
  readonly accessKeyId: string;
  readonly date: string;
  readonly region: string;
  readonly service: string;
}

/** `Credential=AKID/20260101/us-east-1/ec2/aws4_request` of the Authorization header, or X-Amz-Credential of a presigned URL. */
export function scopeOf({ headers, url }: HttpRequest): CredentialScope | undefined {
  const text = headers.authorization ?? `Credential=${queryOf(url).get('X-Amz-Credential') ?? ''}`;
  const match = /Credential=([^/,\s]+)\/(\d{8})\/([a-z0-9-]+)\/([a-z0-9-]+)\/aws4_request/.exec(text);
  if (match === null) return undefined;
  return { accessKeyId: match[1]!, date: match[2]!, region: match[3]!, service: match[4]! };
}

export function queryOf(url: string): URLSearchParams {
  return new URLSearchParams(split(url, '?')[1]);
}

export function header(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

function split(text: string, at: string): [string, string] {
  const index = text.indexOf(at);
  return index < 0 ? [text, ''] : [text.slice(0, index), text.slice(index + 1)];
}
