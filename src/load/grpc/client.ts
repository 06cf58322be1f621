import { createPrivateKey } from 'node:crypto';
import { createSecureContext, rootCertificates } from 'node:tls';
import { dirname, resolve } from 'node:path';
import {
  Client as Channel,
  connectivityState,
  credentials,
  status as Status,
  type ChannelCredentials,
  type ClientReadableStream,
  type ClientUnaryCall,
  type Metadata,
  type ServiceError,
  type StatusObject,
} from '@grpc/grpc-js';
import { monotonicMs, systemClock } from '../../base/index.ts';
import type protobuf from 'protobufjs';
import { textOf } from '../modules/bound.ts';
import { settleLater } from '../modules/later.ts';
import type { Engine } from '../vu/engine.ts';
import type { Suspension, Vu } from '../vu/vu.ts';
import { methodsOf, parseProtoFiles, readProtoset, type MethodDefinition, type MethodInfo } from './definitions.ts';
import { detailsOf } from './details.ts';
import { codeName, detailsText } from './codes.ts';
import { healthCheckMethod, healthStatus } from './health.ts';
import { readCallParams, readConnectParams, type CallParams, type ConnectParams } from './params.ts';
import { fromJson, toJson } from './protojson.ts';
import { reflectServices } from './reflection.ts';
import { CallTags } from './tags.ts';
import { Wire } from './wire.ts';

/** What `client.invoke()` answers (https://grafana.com/docs/k6/latest/javascript-api/k6-net-grpc/response/). */
export interface CallResponse {
  readonly status: number;
  readonly message: unknown;
  readonly headers: Readonly<Record<string, string[]>>;
  readonly trailers: Readonly<Record<string, string[]>>;
  readonly error: { readonly code: number; readonly details: readonly unknown[]; readonly message: string } | null;
}

/** Files are parsed once for all VUs of a process. */
const parsed = new WeakMap<Engine, Map<string, protobuf.Root>>();

const INVOKE_TIMEOUT_MS = 120_000;

/** `new grpc.Client()`: one connection of one VU. */
export class GrpcClient {
  readonly #vu: Vu;
  readonly #methods = new Map<string, MethodDefinition>();
  readonly #roots = new Set<protobuf.Root>();
  #wire = new Wire();
  #channel: Channel | undefined;
  #address = '';

  constructor(vu: Vu) {
    this.#vu = vu;
  }

  load(importPaths: readonly string[] | null | undefined, ...files: string[]): MethodInfo[] {
    this.#mustBeInit('load');
    const folder = dirname(this.#vu.engine.scriptFile);
    const folders = (importPaths ?? []).map((path) => resolve(folder, path.replace(/^file:\/\//, '')));
    if (folders.length === 0) folders.push(folder);
    return this.#learn(this.#once(JSON.stringify([folders, files]), () => parseProtoFiles(folders, files)));
  }

  loadProtoset(file: string): MethodInfo[] {
    this.#mustBeInit('loadProtoset');
    const path = resolve(dirname(this.#vu.engine.scriptFile), file);
    return this.#learn(this.#once(path, () => readProtoset(path)));
  }

  /** Blocks until the connection stands; throws when it does not in time. */
  connect(given: unknown, params?: unknown): Promise<boolean> {
    this.#vu.enter();
    const address = textOf(given);
    if (!this.#vu.isInitialised) throw new Error('connecting to a gRPC server in the init context is not supported');
    const read = readConnectParams(params);
    if (!/:\d+$|^unix:/.test(address))
      throw new Error('connection error: desc = "transport: error while dialing: missing port in address"');
    this.#channel?.close();
    this.countBytes();
    this.#wire = new Wire();
    const channel = new Channel(this.#hostOf(address), this.#wire.watch(this.#credentials(read)), {
      // Each VU is a client of its own; the library would share connections between them.
      'grpc.use_local_subchannel_pool': 1,
      'grpc.max_receive_message_length': read.maxReceiveSize ?? 4 * 1024 * 1024,
      'grpc.max_send_message_length': read.maxSendSize ?? -1,
      'grpc.primary_user_agent': this.#vu.engine.options.userAgent,
      ...(read.authority === undefined ? {} : { 'grpc.default_authority': read.authority }),
    });
    this.#channel = channel;
    this.#address = address;
    return block(this.#vu, () => channel.close(), this.#ready(channel, read));
  }

  /** Blocks until the answer is there; a failed call is an answer too. */
  invoke(path: string, request: unknown, params?: unknown): Promise<CallResponse> {
    this.#vu.enter();
    const method = this.method(path, 'invoke');
    const call = this.#call(method, request, readCallParams(params, "GRPC's client.invoke()"));
    return block(this.#vu, call.cancel, call.response);
  }

  asyncInvoke(path: string, request: unknown, params?: unknown): unknown {
    this.#vu.enter();
    const call = async (): Promise<CallResponse> => {
      const method = this.method(path, 'asyncInvoke');
      return this.#call(method, request, readCallParams(params, "GRPC's client.asyncInvoke()")).response;
    };
    return settleLater(this.#vu, call());
  }

  /** The standard health service (https://github.com/grpc/grpc/blob/master/doc/health-checking.md). */
  healthCheck(service?: unknown): Promise<{ readonly status: number }> {
    this.#vu.enter();
    this.channel();
    const call = this.#call(healthCheckMethod, { service: textOf(service) }, readCallParams(undefined, 'client.healthCheck()'));
    return block(this.#vu, call.cancel, call.response.then(healthOf));
  }

  close(): void {
    this.#vu.enter();
    this.countBytes();
    this.#channel?.close();
    this.#channel = undefined;
  }

  // For streams.

  countBytes(): void {
    this.#wire.count(this.#vu);
  }

  errorDetails(trailers: Metadata | undefined): unknown[] {
    return detailsOf(trailers, this.#roots);
  }

  channel(): Channel {
    if (!this.#vu.isInitialised) throw new Error('invoking RPC methods in the init context is not supported');
    if (!this.#channel) throw new Error('no gRPC connection, you must call connect first');
    return this.#channel;
  }

  method(path: string, call: string): MethodDefinition {
    this.channel();
    if (!path) throw new Error(`method to ${call} cannot be empty`);
    const method = this.#methods.get(path.startsWith('/') ? path : `/${path}`);
    if (!method) throw new Error(`method ${JSON.stringify(path.startsWith('/') ? path : `/${path}`)} not found in file descriptors`);
    return method;
  }

  tags(method: MethodDefinition, params: CallParams): CallTags {
    return new CallTags(this.#vu, this.#address, method.path, params.tags);
  }

  async #ready(channel: Channel, params: ConnectParams): Promise<boolean> {
    await new Promise<void>((done, fail) => {
      const deadline = systemClock.nowMs() + params.timeoutMs;
      channel.waitForReady(deadline, (error) => {
        if (error) fail(new Error(`context deadline exceeded: no connection to ${this.#address} within ${params.timeoutMs} ms`));
        else done();
      });
      // As in k6 nobody waits for an address where nothing listens; a handshake that fails may come right yet.
      const transport = channel.getChannel();
      const look = (): void => {
        const state = transport.getConnectivityState(false);
        if (state === connectivityState.TRANSIENT_FAILURE && !this.#wire.isDialled)
          fail(new Error(`connection error: desc = "transport: error while dialing: dial tcp ${this.#address}: connection refused"`));
        else if (state !== connectivityState.READY && state !== connectivityState.SHUTDOWN)
          transport.watchConnectivityState(state, deadline, (error) => error ?? look());
      };
      look();
    });
    this.countBytes();
    if (params.reflect) this.#learn(await reflectServices(channel, params.reflectMetadata, params.timeoutMs));
    return true;
  }

  #call(method: MethodDefinition, request: unknown, params: CallParams): { response: Promise<CallResponse>; cancel: () => void } {
    if (request === undefined || request === null) throw new Error('request cannot be nil');
    const { engine } = this.#vu;
    const tags = this.tags(method, params);
    const message = encodable(method, request);
    const startedAt = monotonicMs();
    const { promise, resolve: answer } = Promise.withResolvers<CallResponse>();
    let headers: Metadata | undefined;
    let trailers: Metadata | undefined;
    let error: ServiceError | null = null;
    let reply: Message | undefined;
    let replies = 0;
    const call = sendOne(this.channel(), method, message, params, (failure, value) => {
      error = failure;
      if (value === undefined) return;
      reply = value;
      // One message of a stream is an answer, two are none.
      if (++replies === 2) call.cancel();
    });
    call.on('metadata', (metadata: Metadata) => (headers = metadata));
    call.on('status', (answered: StatusObject) => {
      const status = method.isServerStream ? statusOfOne(replies, answered) : answered;
      trailers = status.metadata;
      tags.status = status.code;
      this.countBytes();
      const failed = status.code !== Status.OK;
      engine.metrics.builtIn('grpc_req_duration').add(monotonicMs() - startedAt, tags);
      if (failed) engine.countError(`grpc status ${status.code}: ${detailsText(status.code, status.details)}`);
      // The status comes first, the callback with the message in the same turn.
      queueMicrotask(() =>
        answer({
          status: status.code,
          // As in k6 a call that failed has an empty message.
          message: params.discardResponseMessage ? null : toJson(method.response, reply ?? {}),
          headers: pairsOf(headers),
          trailers: pairsOf(trailers),
          error:
            !failed && error === null
              ? null
              : { code: status.code, details: this.errorDetails(trailers), message: detailsText(status.code, status.details) },
        }),
      );
    });
    return { response: promise, cancel: () => call.cancel() };
  }

  #learn(root: protobuf.Root): MethodInfo[] {
    this.#roots.add(root);
    return methodsOf(root).map(([method, info]) => {
      this.#methods.set(method.path, method);
      return info;
    });
  }

  #once(key: string, make: () => protobuf.Root): protobuf.Root {
    const { engine } = this.#vu;
    let roots = parsed.get(engine);
    if (!roots) parsed.set(engine, (roots = new Map()));
    let root = roots.get(key);
    if (!root) roots.set(key, (root = make()));
    return root;
  }

  #mustBeInit(call: string): void {
    if (this.#vu.isInitialised) throw new Error(`${call} must be called in the init context`);
  }

  #hostOf(address: string): string {
    const { hosts } = this.#vu.engine.options;
    const mapped = hosts[address] ?? hosts[address.replace(/:\d+$/, '')];
    if (mapped === undefined) return address;
    return /:\d+$/.test(mapped) ? mapped : `${mapped}${/:\d+$/.exec(address)?.[0] ?? ''}`;
  }

  #credentials({ plaintext, tls }: ConnectParams): ChannelCredentials {
    if (plaintext) return credentials.createInsecure();
    const { insecureSkipTLSVerify } = this.#vu.engine.options;
    const key =
      tls?.key !== undefined && tls.password
        ? createPrivateKey({ key: tls.key, passphrase: tls.password }).export({ type: 'pkcs8', format: 'pem' })
        : tls?.key;
    const context = createSecureContext({
      ...(tls && tls.cacerts.length > 0 ? { ca: [...rootCertificates, ...tls.cacerts] } : {}),
      ...(tls?.cert !== undefined && key !== undefined ? { cert: tls.cert, key } : {}),
    });
    return credentials.createFromSecureContext(context, { rejectUnauthorized: !insecureSkipTLSVerify });
  }
}

/** The VU waits; giving it up cancels the call. */
function block<T>(vu: Vu, cancel: () => void, pending: Promise<T>): Promise<T> {
  const waiting: Suspension = { drop: cancel };
  vu.suspension = waiting;
  const { promise, resolve: go, reject } = Promise.withResolvers<T>();
  const settle = (then: () => void): void => {
    // Dropped meanwhile: the script never goes on.
    if (vu.suspension !== waiting) return;
    vu.suspension = undefined;
    then();
  };
  pending.then(
    (value) => settle(() => go(value)),
    (error: unknown) => settle(() => reject(error)),
  );
  return promise;
}

type Message = Record<string, unknown>;

/** Sends one message; `onReply` gets the answer or the failure, each message of a stream. */
function sendOne(
  channel: Channel,
  method: MethodDefinition,
  message: Message,
  params: CallParams,
  onReply: (failure: ServiceError | null, reply?: Message) => void,
): ClientUnaryCall | ClientReadableStream<Message> {
  const encode = (value: Message): Buffer => Buffer.from(method.request.encode(value).finish());
  const decode = (bytes: Buffer): Message => method.response.decode(bytes) as unknown as Message;
  const options = { deadline: systemClock.nowMs() + (params.timeoutMs ?? INVOKE_TIMEOUT_MS) };
  if (!method.isServerStream) return channel.makeUnaryRequest(method.path, encode, decode, message, params.metadata, options, onReply);
  const stream = channel.makeServerStreamRequest(method.path, encode, decode, message, params.metadata, options);
  stream.on('data', (reply: Message) => onReply(null, reply));
  stream.on('error', (failure: ServiceError) => onReply(failure));
  return stream;
}

/** How a call of a method ended that is to answer with one message, and may answer with many. */
function statusOfOne(replies: number, status: StatusObject): StatusObject {
  if (replies === 1 || (replies === 0 && status.code !== Status.OK)) return status;
  return {
    ...status,
    code: Status.INTERNAL,
    details: `${replies === 0 ? 'no message' : 'more than one message'} from a stream that was invoked`,
  };
}

/** A message, or k6's words for what is none. */
export function encodable(method: MethodDefinition, value: unknown): Record<string, unknown> {
  try {
    return fromJson(method.request, value);
  } catch (error) {
    throw new Error(`unable to serialise request object to protocol buffer: ${(error as Error).message}`, { cause: error });
  }
}

function healthOf({ status, message, error }: CallResponse): { readonly status: number } {
  if (error) throw new Error(`rpc error: code = ${codeName(status)} desc = ${error.message}`);
  return { status: healthStatus[String((message as { status?: unknown }).status)] ?? 0 };
}

function pairsOf(metadata: Metadata | undefined): Record<string, string[]> {
  const out: Record<string, string[]> = {};
  for (const name of Object.keys(metadata?.getMap() ?? {})) out[name] = (metadata?.get(name) ?? []).map(String);
  return out;
}
