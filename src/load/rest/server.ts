import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { errorMessage, nodeHttp, PlimsollError } from '../../base/index.ts';
import { loadErrors } from '../errors.ts';
import type { LoadRun } from '../run/types.ts';
import { groupResources, metricResources, statusChange, statusResource, type Resource } from './resources.ts';

/** k6's REST API over a run; see `openRest`. */
export interface RestApi {
  /** `http://127.0.0.1:6565`, with the port that was bound. */
  readonly url: string;
  close(): Promise<void>;
}

const bodyBytesMax = 65_536;

interface Answer {
  readonly status: number;
  readonly body?: object | string;
}

/**
 * Serves k6's REST API for a run: status, pause, resume, scale and stop, metrics, groups, setup data.
 * `address` is `host:port`, `:port` for this machine only, port 0 for any free one. Web pages cannot drive it: requests with
 * an Origin, or for another host than an address or localhost, are refused.
 * @throws PL_LOAD_REST
 */
export async function openRest(run: LoadRun, address: string): Promise<RestApi> {
  const [, host = '', port = ''] = /^(?:\[?([\w.:-]*?)\]?:)?(\d{1,5})$/.exec(address) ?? [];
  if (port === '' || Number(port) > 65_535) throw restError(`${JSON.stringify(address)} is no address; it is host:port`, address);
  const server = nodeHttp.createServer((request, response) => void answer(run, request, response));
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(restError(`the REST API cannot listen: ${errorMessage(error)}`, address)));
    server.listen(Number(port), host === '' ? '127.0.0.1' : host, resolve);
  });
  return { url: urlOf(server), close: () => closeServer(server) };
}

function restError(what: string, where: string): PlimsollError {
  return new PlimsollError(loadErrors.PL_LOAD_REST, { what, where, fix: 'choose another --address, or leave it out' });
}

function urlOf(server: Server): string {
  const { address, port, family } = server.address() as AddressInfo;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

async function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise<void>((resolve) => server.close(() => resolve()));
}

async function answer(run: LoadRun, request: IncomingMessage, response: ServerResponse): Promise<void> {
  let result: Answer;
  try {
    result = isForeign(request) ? failure(403, 'requests of web pages are refused') : await route(run, request);
  } catch (error) {
    result = failure(error instanceof PlimsollError || error instanceof URIError ? 400 : 500, errorMessage(error));
  }
  const [type, body] =
    typeof result.body === 'string'
      ? ['text/plain', result.body]
      : ['application/json', result.body === undefined ? '' : JSON.stringify(result.body)];
  response.writeHead(result.status, { 'content-type': `${type}; charset=utf-8`, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

function isForeign({ headers }: IncomingMessage): boolean {
  const host = (headers.host ?? '').replace(/:\d+$/, '');
  return headers.origin !== undefined || !/^(localhost|\[[\da-f:]+\]|[\d.]+)$/i.test(host);
}

async function route(run: LoadRun, request: IncomingMessage): Promise<Answer> {
  const { method = 'GET' } = request;
  const path = (request.url ?? '/').split('?')[0] ?? '/';
  const [, kind = '', id] = /^\/v1\/(\w+)(?:\/(.+))?$/.exec(path) ?? [];
  if (kind === 'status')
    return method === 'GET' ? one(statusResource(run.status)) : method === 'PATCH' ? await patch(run, request) : notAllowed;
  if (path === '/ping' || path === '/') return { status: 200, body: 'ok' };
  if (path === '/v1/setup') return setup(run, request);
  if (path === '/v1/teardown') {
    if (method !== 'POST') return notAllowed;
    await run.teardown();
    return { status: 200 };
  }
  if (method !== 'GET') return kind === 'metrics' || kind === 'groups' ? notAllowed : failure(404, `there is no ${path}`);
  if (kind !== 'metrics' && kind !== 'groups') return failure(404, `there is no ${path}`);
  const data = run.snapshot();
  const all = data === undefined ? [] : kind === 'metrics' ? metricResources(data) : groupResources(data.root_group);
  if (id === undefined) return { status: 200, body: { data: all } };
  const found = all.find((resource) => resource.id === decodeURIComponent(id));
  return found === undefined ? failure(404, `No ${kind.slice(0, -1)} with that ID was found`) : one(found);
}

async function patch(run: LoadRun, request: IncomingMessage): Promise<Answer> {
  const body = await readBody(request);
  const change = body === undefined ? undefined : statusChange(body);
  if (change === undefined)
    return failure(400, 'the body is {"data":{"type":"status","id":"default","attributes":{"paused","vus","vus-max","stopped"}}}');
  await run.control(change);
  return one(statusResource(run.status));
}

/** GET tells what setup() returned, POST runs it once more, PUT puts other data in its place. */
async function setup(run: LoadRun, request: IncomingMessage): Promise<Answer> {
  switch (request.method) {
    case 'POST':
      await run.setup();
      break;
    case 'PUT': {
      const body = await readBody(request);
      if (body === undefined) return failure(400, 'the body is the data, as JSON');
      run.putSetupData(setupDataIn(body));
      break;
    }
    case 'GET':
      break;
    default:
      return notAllowed;
  }
  return one({ type: 'setupData', id: 'default', attributes: { data: run.setupData ?? null } });
}

/** In k6 the body is the data itself; that of an answer to GET is taken as well. */
function setupDataIn(body: unknown): unknown {
  const { type, attributes } = (body as { data?: { type?: unknown; attributes?: { data?: unknown } | null } } | null)?.data ?? {};
  return (type === 'setupData' && typeof attributes === 'object' && attributes !== null ? attributes.data : body) ?? undefined;
}

/** Undefined: too large, or no JSON. */
async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > bodyBytesMax) return undefined;
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    return undefined;
  }
}

const one = (data: Resource): Answer => ({ status: 200, body: { data } });
const notAllowed: Answer = { status: 405, body: { errors: [{ status: '405', title: 'method not allowed' }] } };

function failure(status: number, detail: string): Answer {
  return { status, body: { errors: [{ status: String(status), title: status === 404 ? 'Not Found' : 'Error', detail }] } };
}
