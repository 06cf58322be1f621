import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { gunzipSync } from 'node:zlib';
import {
  errorMessage,
  PlimsollError,
  systemClock,
  systemErrorCode,
  systemRandom,
  uuid,
  type Clock,
  type Random,
} from '../../base/index.ts';
import type { Store } from '../../state/index.ts';
import { AwsError } from '../codec/error.ts';
import { awsErrors } from '../errors.ts';
import { operations, seed, type ServiceOperations } from '../operations/index.ts';
import type { AnyHandler, InputOf, OperationTable, OutputOf, RequestContext } from '../operations/operation.ts';
import { sessionAccount } from '../operations/sts/sessions.ts';
import type { Place } from '../state/place.ts';
import { immediate, World, type Machinery } from '../state/world.ts';
import { checkConstraints } from './constraints.ts';
import { dispatch, scopeOf, type Call, type HttpRequest } from './dispatch.ts';
import { refusal } from './guard.ts';
import { once } from './idempotency.ts';
import { checkQuotaSettings, enforceQuotas, type QuotaSettings } from './quotas.ts';
import { ServiceModel, services, type OperationModel, type ServiceEntry, type ServiceName } from './services.ts';
import { verifySignature, type Credentials } from './signature.ts';
import { requireMembers } from './required.ts';
import { jsonWire, type Answer } from './wire.ts';

/** Larger than anything that AWS takes for these services (PutLogEvents: 1 MiB). */
const bodyBytesMax = 4 << 20;

export interface EndpointOptions {
  readonly store: Store;
  /** Port to listen on; 0 lets the kernel choose. */
  readonly port: number;
  /** Address to listen on, loopback unless given. */
  readonly host?: string;
  readonly account?: string;
  /** When given, every request must be signed with it. */
  readonly credentials?: Credentials;
  readonly clock?: Clock;
  readonly random?: Random;
  /** Lower quotas than AWS's usual ones. */
  readonly quotas?: QuotaSettings;
  /** What stands behind the resources; control plane only unless given. */
  readonly machinery?: Machinery;
  /** Told of faults of ours; the caller gets InternalFailure with the request id. */
  readonly onFault?: (message: string, error: unknown) => void;
}

/** The AWS endpoint: every service on one port, on path `/`. */
export class Endpoint {
  readonly world: World;
  readonly #options: EndpointOptions;
  readonly #account: string;
  readonly #random: Random;
  readonly #models = new Map<ServiceEntry, Promise<ServiceModel>>();
  readonly #server: Server;

  constructor(options: EndpointOptions) {
    this.#options = options;
    if (options.quotas !== undefined) checkQuotaSettings(options.quotas);
    this.#account = options.account ?? '123456789012';
    this.#random = options.random ?? systemRandom;
    this.world = new World({
      clock: options.clock ?? systemClock,
      random: this.#random,
      store: options.store,
      seed,
      machinery: options.machinery ?? immediate,
    });
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  /** The account that callers without a session of another are in, in a region. */
  place(region: string): Place {
    return this.world.place(this.#account, region);
  }

  async listen(): Promise<void> {
    const { host = '127.0.0.1', port } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (error) => reject(listenError(error, host, port)));
      this.#server.listen(port, host, resolve);
    });
  }

  /** `http://127.0.0.1:4566`, with the port that was bound. */
  get url(): string {
    const { address, port, family } = this.#server.address() as AddressInfo;
    return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
  }

  /** Stops listening and ends open connections; requests that were answered are durable. */
  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const requestId = uuid(this.#random);
    let answer: Answer;
    try {
      answer = await this.#answer(request, requestId);
    } catch (error) {
      if (request.destroyed && !request.complete) return;
      answer = plain(500, 'InternalFailure', errorMessage(error));
      this.#options.onFault?.(`request ${requestId} failed`, error);
    }
    if (answer.stream !== undefined) {
      response.writeHead(answer.status, { ...answer.headers, 'x-amzn-requestid': requestId });
      // It ends when it ends, or when the client goes.
      await pipeline(answer.stream, response).catch(() => undefined);
      return;
    }
    const body = typeof answer.body === 'string' ? Buffer.from(answer.body) : answer.body;
    response.writeHead(answer.status, { ...answer.headers, 'x-amzn-requestid': requestId, 'content-length': body.byteLength });
    response.end(request.method === 'HEAD' ? undefined : body);
  }

  async #answer(incoming: IncomingMessage, requestId: string): Promise<Answer> {
    const refused = refusal(incoming.headers);
    if (refused !== undefined) return plain(403, 'AccessDenied', refused);
    const body = await readBody(incoming);
    if (body === undefined) return { ...plain(413, 'RequestEntityTooLarge', `The request body is larger than ${bodyBytesMax} bytes.`) };
    const request: HttpRequest = { method: incoming.method ?? 'GET', url: incoming.url ?? '/', headers: incoming.headers, body };
    return this.#ownAnswer(request) ?? this.#call(request, requestId);
  }

  /** What is ours and not AWS's: health, where things really are, and reset. */
  #ownAnswer({ method, url }: HttpRequest): Answer | undefined {
    const path = url.split('?')[0];
    if (path === '/_plimsoll/health') return json(200, { status: 'ok' });
    if (path === '/_plimsoll/status') {
      const { machinery } = this.world;
      return json(200, { live: machinery.live, listeners: {}, instances: {}, ...machinery.whereabouts?.() });
    }
    if (path !== '/moto-api/reset' && path !== '/_plimsoll/reset') return undefined;
    if (method !== 'POST') return plain(405, 'MethodNotAllowed', `${path} takes POST`);
    if (this.#options.credentials !== undefined)
      return plain(403, 'AccessDenied', `${path} is not signed, and this endpoint requires credentials; restart it to empty its state`);
    this.world.reset();
    return json(200, { status: 'ok' });
  }

  #call(request: HttpRequest, requestId: string): Promise<Answer> {
    const { credentials } = this.#options;
    const call = dispatch(inflated(request));
    const scope = scopeOf(request);
    const caller = { region: scope?.region ?? 'us-east-1', accessKeyId: scope?.accessKeyId, requestId };
    return this.#perform(call, caller, () => {
      if (credentials !== undefined) verifySignature(request, credentials, systemClock.nowMs(), call.wire.protocol);
    });
  }

  /**
   * Calls an operation by name, as the console does: body and answer are AWS JSON 1.1 whatever the service's own protocol is.
   * Errors are answers too. Nothing is verified: whoever calls says who may.
   */
  callJson(service: string, operation: string, body: Buffer, region: string): Promise<Answer> {
    const entry = services.find(({ name }) => name === service);
    const problem = new AwsError('UnknownOperationException', `No service here is called ${service.slice(0, 100)}.`);
    const caller = { region, accessKeyId: undefined, requestId: uuid(this.#random) };
    return this.#perform({ entry, operation, wire: jsonWire(body, '1.1', false), problem }, caller, () => undefined);
  }

  async #perform(call: Call, { region, ...context }: RequestContext & { region: string }, admit: () => void): Promise<Answer> {
    let model: ServiceModel | undefined;
    const { entry, wire } = call;
    try {
      admit();
      if (entry === undefined) throw call.problem ?? new AwsError('InvalidAction', 'The action is not valid for this endpoint.');
      model = await this.#model(entry);
      const operation = model.operation(call.operation);
      if (operation === undefined) throw unknownAction(entry, call.operation);
      const handler = handlerOf(entry, call.operation);
      const output = this.#run(entry, operation, handler, wire.decode(operation), region, context);
      return wire.answer(model, operation, output, context.requestId);
    } catch (error) {
      if (error instanceof AwsError) return wire.fail(model, error, context.requestId);
      // A disk that is full is no fault of ours, and clients try again after 503.
      if (error instanceof PlimsollError && error.code === 'PL_STATE_UNWRITABLE')
        return wire.fail(model, new AwsError('ServiceUnavailable', error.message, { status: 503 }), context.requestId);
      this.#options.onFault?.(`${entry?.name ?? ''} ${call.operation} (request ${context.requestId})`, error);
      const fault = new AwsError('InternalFailure', `The endpoint failed in ${call.operation}: ${errorMessage(error)}`, { status: 500 });
      return wire.fail(model, fault, context.requestId);
    }
  }

  /** What every call goes through, from the wire or from within. */
  #run(
    entry: ServiceEntry,
    operation: OperationModel,
    handler: AnyHandler,
    input: Record<string, unknown>,
    region: string,
    context: RequestContext,
  ): Record<string, unknown> {
    requireMembers(entry, operation.input, input);
    checkConstraints(entry, operation.input, input, this.world.machinery.live);
    if (input['DryRun'] === true)
      throw new AwsError('DryRunOperation', 'Request would have succeeded, but DryRun flag is set.', { status: 412 });
    const place = this.world.place(sessionAccount(this.world, context.accessKeyId) ?? this.#account, region);
    const at = entry.name === 'iam' ? place.global : place;
    return this.world.transaction(() =>
      once(entry.name, operation.name, input, at, () => {
        const output = handler(input, at, context) ?? {};
        if (this.#options.quotas !== undefined) enforceQuotas(this.#options.quotas, entry.name, operation.name, at);
        return output;
      }),
    );
  }

  /**
   * Calls an operation from within this process, with the same checks as from without. Input and output are the
   * SDK's as plain data: times are epoch milliseconds.
   * @throws AwsError
   */
  async call<Name extends ServiceName, Operation extends keyof ServiceOperations[Name] & string>(
    service: Name,
    operation: Operation,
    input: InputOf<ServiceOperations[Name][Operation]>,
    region: string,
  ): Promise<OutputOf<ServiceOperations[Name][Operation]>> {
    const entry = services.find(({ name }) => name === service)!;
    const model = (await this.#model(entry)).operation(operation)!;
    const context = { accessKeyId: undefined, requestId: uuid(this.#random) };
    const output = this.#run(entry, model, handlerOf(entry, operation), input as Record<string, unknown>, region, context);
    return output as OutputOf<ServiceOperations[Name][Operation]>;
  }

  #model(entry: ServiceEntry): Promise<ServiceModel> {
    let model = this.#models.get(entry);
    if (model === undefined) this.#models.set(entry, (model = ServiceModel.load(entry)));
    return model;
  }
}

function handlerOf(entry: ServiceEntry, operation: string): AnyHandler {
  const handler = (operations as Readonly<Record<string, OperationTable>>)[entry.name]?.[operation];
  if (handler !== undefined) return handler;
  throw new AwsError('NotImplemented', `Plimsoll does not implement ${entry.name} ${operation}.`, { status: 501 });
}

function unknownAction(entry: ServiceEntry, operation: string): AwsError {
  const name = operation.slice(0, 100);
  if (entry.protocol.startsWith('json')) return new AwsError('UnknownOperationException', `${name} is no operation of ${entry.name}.`);
  return new AwsError('InvalidAction', `The action ${name} is not valid for this web service.`);
}

function listenError(error: Error, host: string, port: number): PlimsollError {
  const busy = systemErrorCode(error) === 'EADDRINUSE';
  return new PlimsollError(busy ? awsErrors.PL_AWS_PORT_BUSY : awsErrors.PL_AWS_LISTEN_FAILED, {
    what: busy ? `port ${port} is in use` : `cannot listen: ${errorMessage(error)}`,
    where: `${host}:${port}`,
    fix: busy ? 'stop what uses it, or choose another with --port' : 'choose another address with --listen or another port with --port',
    cause: error,
  });
}

/** Undefined when the body is larger than allowed. */
function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      // What is too much is read and dropped up to a point, so that the client sees the answer and not a reset.
      if (size > bodyBytesMax * 8) request.destroy();
      if (size <= bodyBytesMax) chunks.push(chunk);
    });
    request.on('end', () => resolve(size > bodyBytesMax ? undefined : chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)));
    request.on('error', reject);
    request.on('close', () => reject(new Error('the connection ended before the request did')));
  });
}

/** Clients compress large CloudWatch bodies. */
function inflated(request: HttpRequest): HttpRequest {
  if (request.headers['content-encoding'] !== 'gzip') return request;
  try {
    return { ...request, body: gunzipSync(request.body, { maxOutputLength: bodyBytesMax }) };
  } catch {
    return { ...request, body: Buffer.from('\u0000') };
  }
}

function json(status: number, value: unknown): Answer {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) };
}

function plain(status: number, code: string, message: string): Answer {
  return json(status, { __type: code, message });
}
