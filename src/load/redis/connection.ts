import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { isIP } from 'node:net';
import { localAddressFor } from '../http/addresses.ts';
import { socketFailure } from '../http/failures.ts';
import type { Vu } from '../vu/vu.ts';
import { Call } from '../vu/wheel.ts';
import type { RedisOptions } from './options.ts';
import { commandText, ReplyError, ReplyReader, type Reply } from './resp.ts';

type OnReply = (reply: Reply | Error) => void;

/** One connection to a Redis server. Commands are sent as they come; answers are in their order. */
export class RedisConnection {
  readonly #vu: Vu;
  readonly #options: RedisOptions;
  readonly #wire: Socket;
  readonly #reader = new ReplyReader((reply) => this.#onReply(reply));
  readonly #timer = new Call(() => this.#fail(new Error(this.#socket ? 'read: i/o timeout' : 'dial: i/o timeout')));
  readonly #waiting: OnReply[] = [];
  /** Set once the connection stands; until then commands are kept. */
  #socket: Socket | undefined;
  #unsent = '';
  #error: Error | undefined;
  #isGone = false;
  #received = 0;
  #sent = 0;

  constructor(vu: Vu, options: RedisOptions) {
    this.#vu = vu;
    this.#options = options;
    const { engine } = vu;
    const local = localAddressFor(vu.id, options.host, engine.options.localIPs, engine.options.vusMax);
    this.#wire = engine.network.dial(options, local);
    // The process may end while the connection is idle.
    this.#wire.unref();
    this.#wire.on('error', (error) => (this.#error ??= error));
    this.#wire.once('close', () => this.#fail(this.#error ? socketFailure(this.#error, !this.#socket) : new Error('EOF')));
    this.#wire.once('connect', () => this.#secure());
    engine.wheel.start(this.#timer, options.dialTimeoutMs);
    this.#introduce();
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  send(args: readonly string[], onReply: OnReply): void {
    const text = commandText(args);
    this.#waiting.push(onReply);
    if (!this.#socket) {
      this.#unsent += text;
      return;
    }
    this.#socket.write(text);
    if (this.#waiting.length === 1) this.#vu.engine.wheel.start(this.#timer, this.#options.readTimeoutMs);
  }

  /** What the server has to know first; it ends the connection when it does not agree. */
  #introduce(): void {
    const { username, password, database, clientName } = this.#options;
    const first = (args: string[]): void =>
      this.send(args, (reply) => {
        if (reply instanceof Error) this.#fail(reply);
      });
    if (password !== '') first(username === '' ? ['AUTH', password] : ['AUTH', username, password]);
    if (clientName !== '') first(['CLIENT', 'SETNAME', clientName]);
    if (database !== 0) first(['SELECT', String(database)]);
  }

  #secure(): void {
    const { tls, host } = this.#options;
    if (!tls) {
      this.#begin(this.#wire);
      return;
    }
    const { ca, cert, key } = tls;
    const socket = connectTls({
      socket: this.#wire,
      rejectUnauthorized: !this.#vu.engine.options.insecureSkipTLSVerify,
      ...(isIP(host) === 0 ? { servername: host } : { host }),
      ...(ca && ca.length > 0 && { ca: [...ca] }),
      ...(cert !== undefined && key !== undefined && { cert, key }),
    });
    socket.on('error', (error) => {
      this.#error ??= error;
      this.#wire.destroy();
    });
    socket.once('secureConnect', () => this.#begin(socket));
  }

  #begin(socket: Socket): void {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    if (this.#unsent !== '') socket.write(this.#unsent);
    this.#unsent = '';
    this.#vu.engine.wheel.start(this.#timer, this.#options.readTimeoutMs);
  }

  #onData(chunk: Buffer): void {
    this.#count();
    try {
      this.#reader.push(chunk);
    } catch (error) {
      this.#fail(error as Error);
      return;
    }
    const { wheel } = this.#vu.engine;
    if (this.#waiting.length === 0) wheel.cancel(this.#timer);
    else if (!this.#isGone) wheel.start(this.#timer, this.#options.readTimeoutMs);
  }

  #onReply(reply: Reply): void {
    const waiting = this.#waiting.shift();
    // Nobody asked, or an error that ends the connection.
    if (waiting) waiting(reply);
    else this.#fail(reply instanceof ReplyError ? reply : new Error('redis: an answer that nobody asked for'));
  }

  #fail(error: Error): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#count();
    this.#vu.engine.wheel.cancel(this.#timer);
    this.#wire.destroy();
    for (const waiting of this.#waiting.splice(0)) waiting(error);
  }

  /** Bytes on the wire since the last time. */
  #count(): void {
    const { bytesRead, bytesWritten } = this.#wire;
    const { http } = this.#vu.engine;
    if (bytesWritten > this.#sent) http.dataSent.add(bytesWritten - this.#sent, this.#vu);
    if (bytesRead > this.#received) http.dataReceived.add(bytesRead - this.#received, this.#vu);
    this.#sent = bytesWritten;
    this.#received = bytesRead;
  }
}
