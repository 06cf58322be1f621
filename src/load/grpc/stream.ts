import { status, type ClientDuplexStream, type Metadata, type ServiceError } from '@grpc/grpc-js';
import { assert, monotonicMs, systemClock } from '../../base/index.ts';
import { isAbsent } from '../modules/bound.ts';
import type { Job } from '../vu/loop.ts';
import type { Suspension, Vu } from '../vu/vu.ts';
import { codeName, detailsText } from './codes.ts';
import { encodable, type GrpcClient } from './client.ts';
import { readCallParams, type CallParams } from './params.ts';
import { toJson } from './protojson.ts';
import type { CallTags } from './tags.ts';

type Handler = (value: unknown, metadata: { ts: number }) => unknown;
type Message = Record<string, unknown>;

const eventNames = new Set(['data', 'error', 'end', 'status']);

/**
 * `new grpc.Stream(client, method, params)` (https://grafana.com/docs/k6/latest/javascript-api/k6-net-grpc/stream/):
 * its events are jobs of the VU's loop, and the iteration lasts until it has ended.
 */
export class GrpcStream implements Suspension {
  readonly #vu: Vu;
  readonly #client: GrpcClient;
  readonly #tags: CallTags;
  readonly #isClientStream: boolean;
  readonly #call: ClientDuplexStream<Message, Message>;
  readonly #encode: (value: unknown) => Message;
  readonly #handlers = new Map<string, Handler[]>();
  #settle: ((job: Job) => void) | undefined;
  #isWritable = true;

  constructor(vu: Vu, client: GrpcClient, path: string, params?: unknown) {
    vu.enter();
    const { loop } = vu;
    assert(loop, 'a script that imports k6/net/grpc has a loop');
    this.#vu = vu;
    this.#client = client;
    const method = client.method(path, 'Stream');
    this.#isClientStream = method.isClientStream;
    const read: CallParams = readCallParams(params, "GRPC Stream's");
    this.#tags = client.tags(method, read);
    this.#encode = (value) => encodable(method, value);
    this.#call = client.channel().makeBidiStreamRequest(
      method.path,
      (value: Message) => Buffer.from(method.request.encode(value).finish()),
      (bytes: Buffer) => method.response.decode(bytes) as unknown as Message,
      read.metadata,
      read.timeoutMs === undefined ? {} : { deadline: systemClock.nowMs() + read.timeoutMs },
    );
    const startedAt = monotonicMs();
    this.#settle = loop.begin();
    (vu.streams ??= new Set()).add(this);
    this.#count('grpc_streams');
    this.#call.on('data', (message: Message) => {
      this.#count('grpc_streams_msgs_received');
      client.countBytes();
      this.#enqueue('data', read.discardResponseMessage ? {} : toJson(method.response, message));
    });
    this.#call.on('error', (error: ServiceError) => this.#onError(error));
    this.#call.on('status', ({ code }) => {
      this.#tags.status = code;
      client.countBytes();
      vu.engine.metrics.builtIn('grpc_req_duration').add(monotonicMs() - startedAt, this.#tags);
      this.#finish();
    });
  }

  on(event: unknown, handler: unknown): void {
    const name = String(event);
    if (!eventNames.has(name)) {
      this.#vu.engine.log('error', `can't register ${name} event handler: unknown GRPC stream's event type: ${name}`, 'grpc');
      return;
    }
    if (typeof handler !== 'function') throw new TypeError(`handler for ${JSON.stringify(name)} event isn't a callable function`);
    const list = this.#handlers.get(name);
    if (list) list.push(handler as Handler);
    else this.#handlers.set(name, [handler as Handler]);
  }

  write(message: unknown): void {
    this.#vu.enter();
    if (isAbsent(message)) this.#vu.engine.log('warning', "can't send empty message", 'grpc');
    if (isAbsent(message) || !this.#isWritable) return;
    try {
      this.#call.write(this.#encode(message));
    } catch (error) {
      // As in k6, what cannot be sent ends the stream.
      this.#onError({ code: status.INTERNAL, details: (error as Error).message, metadata: undefined });
      this.#call.cancel();
      return;
    }
    this.#count('grpc_streams_msgs_sent');
    // Only one message can be sent then, so that nobody has to tell that it was the last.
    if (!this.#isClientStream) this.end();
  }

  end(): void {
    this.#vu.enter();
    if (!this.#isWritable) return;
    this.#isWritable = false;
    this.#call.end();
  }

  drop(): void {
    const settle = this.#settle;
    this.#settle = undefined;
    this.#isWritable = false;
    this.#call.cancel();
    settle?.(() => undefined);
  }

  #onError(error: Pick<ServiceError, 'code' | 'details'> & { readonly metadata: Metadata | undefined }): void {
    if (error.code === status.CANCELLED && !this.#isWritable) return;
    this.#isWritable = false;
    this.#vu.engine.countError(`grpc status ${error.code}: ${error.details}`);
    if (!this.#handlers.has('error'))
      this.#vu.engine.log(
        'warning',
        `no handlers for error registered, but an error happened: rpc error: code = ${codeName(error.code)} desc = ${error.details}`,
        'grpc',
      );
    this.#enqueue('error', {
      code: error.code,
      details: this.#client.errorDetails(error.metadata),
      message: detailsText(error.code, error.details),
    });
  }

  /** The last event. The status comes before the error event, whose handlers go first. */
  #finish(): void {
    this.#isWritable = false;
    this.#vu.streams?.delete(this);
    setImmediate(() => {
      const settle = this.#settle;
      this.#settle = undefined;
      settle?.(() => this.#dispatch('end', {}));
    });
  }

  #enqueue(event: string, value: unknown): void {
    if (this.#settle) this.#vu.loop?.post(() => this.#dispatch(event, value));
  }

  #dispatch(event: string, value: unknown): unknown {
    const handlers = this.#handlers.get(event) ?? [];
    const metadata = { ts: Math.floor(systemClock.nowMs() / 1000) };
    if (handlers.length === 1) return (handlers[0] as Handler)(value, metadata);
    return handlers.length === 0 ? undefined : callAll(handlers, value, metadata);
  }

  #count(name: string): void {
    this.#vu.engine.metrics.builtIn(name).add(1, this.#tags);
  }
}

/** One after the other: a handler may block. */
async function callAll(handlers: readonly Handler[], value: unknown, metadata: { ts: number }): Promise<void> {
  for (const handler of handlers) await handler(value, metadata);
}
