import { assert } from '../../base/index.ts';
import type { Vu } from '../vu/vu.ts';
import { RedisConnection } from './connection.ts';
import { readRedisOptions, type RedisOptions } from './options.ts';
import { ReplyError, type Reply } from './resp.ts';

/** As scripts get it; the text of it is its message alone, as in k6. */
class RedisError extends Error {
  override name = 'RedisError';

  override toString(): string {
    return this.message;
  }

  error(): string {
    return this.message;
  }
}

/** What an argument may be: text, a whole number, or a value that the server keeps; the last kind may stand for many. */
type Kind = 'text' | 'whole' | 'value' | 'text*' | 'value*';
/** What an answer is turned into. `found` is one that an absent key has not. */
type Shape = 'plain' | 'found' | 'truth' | 'map';

type Command = readonly [kinds: readonly Kind[], shape: Shape];

/** Methods by k6's names, which are Redis's in another case. */
const commands: Readonly<Record<string, Command>> = {
  get: [['text'], 'found'],
  getSet: [['text', 'value'], 'found'],
  del: [['text*'], 'plain'],
  getDel: [['text'], 'found'],
  exists: [['text*'], 'plain'],
  incr: [['text'], 'plain'],
  incrBy: [['text', 'whole'], 'plain'],
  decr: [['text'], 'plain'],
  decrBy: [['text', 'whole'], 'plain'],
  randomKey: [[], 'found'],
  mget: [['text*'], 'plain'],
  expire: [['text', 'whole'], 'truth'],
  ttl: [['text'], 'plain'],
  persist: [['text'], 'truth'],
  lpush: [['text', 'value*'], 'plain'],
  rpush: [['text', 'value*'], 'plain'],
  lpop: [['text'], 'found'],
  rpop: [['text'], 'found'],
  lrange: [['text', 'whole', 'whole'], 'plain'],
  lindex: [['text', 'whole'], 'found'],
  lset: [['text', 'whole', 'text'], 'plain'],
  lrem: [['text', 'whole', 'text'], 'plain'],
  llen: [['text'], 'plain'],
  hset: [['text', 'text', 'value'], 'plain'],
  hsetnx: [['text', 'text', 'text'], 'truth'],
  hget: [['text', 'text'], 'found'],
  hdel: [['text', 'text*'], 'plain'],
  hgetall: [['text'], 'map'],
  hkeys: [['text'], 'plain'],
  hvals: [['text'], 'plain'],
  hlen: [['text'], 'plain'],
  hincrby: [['text', 'text', 'whole'], 'plain'],
  sadd: [['text', 'value*'], 'plain'],
  srem: [['text', 'value*'], 'plain'],
  sismember: [['text', 'value'], 'truth'],
  smembers: [['text'], 'plain'],
  srandmember: [['text'], 'found'],
  spop: [['text'], 'found'],
};

/** The `Client` of one VU (https://grafana.com/docs/k6/latest/javascript-api/k6-experimental/redis/client/). */
export function clientClass(vu: Vu): unknown {
  class Client {
    readonly #options: RedisOptions;
    #connection: RedisConnection | undefined;

    constructor(...args: unknown[]) {
      if (args.length !== 1) throw new Error('must specify one argument');
      this.#options = readRedisOptions(args[0]);
    }

    isConnected(): boolean {
      return this.#connection !== undefined;
    }

    /** `set(key, value, [seconds])` */
    set(key: unknown, value: unknown, seconds?: unknown): unknown {
      return this.run('plain', () => {
        const expiry = wholeNumber(seconds);
        return ['SET', textOf(key), valueOf(value, 1), ...(expiry > 0 ? ['EX', String(expiry)] : [])];
      });
    }

    sendCommand(command: unknown, ...args: unknown[]): unknown {
      return this.run('found', () => [textOf(command), ...args.map((arg, i) => valueOf(arg, i + 1))]);
    }

    /** A promise of the answer; it is rejected with what `argsOf` throws. */
    protected run(shape: Shape, argsOf: () => string[]): unknown {
      vu.enter();
      const { loop, promiseClass } = vu;
      assert(loop && promiseClass, 'a script that names redis has a loop');
      const promise = new promiseClass(undefined);
      let args: string[];
      try {
        if (vu.engine.phase === 'init') throw new RedisError('connecting to a redis server in the init context is not supported');
        if (this.#connection?.isGone !== false) this.#connection = new RedisConnection(vu, this.#options);
        args = argsOf();
      } catch (error) {
        promise.rejectWith(error);
        return promise;
      }
      const ready = loop.begin();
      this.#connection.send(args, (reply) => {
        const answer = shaped(reply, shape);
        ready(() => (answer instanceof Error ? promise.rejectWith(answer) : promise.resolveWith(answer)));
      });
      return promise;
    }

    static {
      for (const [name, [kinds, shape]] of Object.entries(commands))
        Object.defineProperty(this.prototype, name, {
          value(this: Client, ...args: unknown[]) {
            return this.run(shape, () => [name.toUpperCase(), ...argumentsOf(kinds, args)]);
          },
          writable: true,
          configurable: true,
        });
    }
  }
  return Client;
}

function argumentsOf(kinds: readonly Kind[], given: readonly unknown[]): string[] {
  const last = kinds.at(-1);
  const count = last?.endsWith('*') === true ? Math.max(given.length, kinds.length - 1) : kinds.length;
  return Array.from({ length: count }, (_, i) => {
    const kind = kinds[i] ?? last;
    if (kind === 'whole') return String(wholeNumber(given[i]));
    return kind?.startsWith('value') === true ? valueOf(given[i], i) : textOf(given[i]);
  });
}

/** Nothing is the empty text. */
function textOf(value: unknown): string {
  return [value].join();
}

function wholeNumber(value: unknown): number {
  return Math.trunc(Number(value ?? 0)) || 0;
}

function valueOf(value: unknown, index: number): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return value ? '1' : '0';
  if (typeof value === 'number') return decimal(value);
  throw new RedisError(`unsupported type provided for argument at index ${index}, supported types are string, number, and boolean`);
}

/** Without an exponent, as Go writes numbers here. */
function decimal(value: number): string {
  const [, sign = '', whole = '', fraction = '', exponent = ''] = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(String(value)) ?? [];
  if (exponent === '') return String(value);
  const digits = whole + fraction;
  const point = 1 + Number(exponent);
  return point > 0 ? sign + digits.padEnd(point, '0') : `${sign}0.${'0'.repeat(-point)}${digits}`;
}

function shaped(reply: Reply | Error, shape: Shape): unknown {
  if (reply instanceof ReplyError || reply instanceof Error) return new RedisError(reply.message);
  if (shape === 'truth') return reply === 1;
  if (shape === 'found' && reply === null) return new RedisError('redis: nil');
  if (shape !== 'map' || !Array.isArray(reply)) return reply;
  const entries = Array.from({ length: reply.length / 2 }, (_, i) => [String(reply[2 * i]), reply[2 * i + 1]] as const);
  return Object.fromEntries(entries);
}
