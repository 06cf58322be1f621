import type { VuLoop } from '../vu/loop.ts';

/**
 * The script's own promises. A rewritten script must not see the engine's Promise: that is the brand of a
 * pending operation, and its callbacks would run while the VU is blocked. So `Promise` in a script is
 * this class, whose callbacks are jobs of the VU's loop, and `async` functions are generators (written
 * so by the bundler) that `runAsync` drives.
 */

type Handler = ((value: unknown) => unknown) | undefined;

interface Reaction {
  readonly onFulfilled: Handler;
  readonly onRejected: Handler;
  readonly derived: ScriptPromise | undefined;
}

/** A value that an asynchronous function of the engine's may carry without looking whether it is a promise. */
class Box {
  readonly value: unknown;

  constructor(value: unknown) {
    this.value = value;
  }
}

/** Wraps what `return` in a rewritten function might otherwise wait for; without looking for a `then`, which a proxy would notice. */
export function box(value: unknown): unknown {
  if (value instanceof Box) return value;
  return (typeof value === 'object' && value !== null) || typeof value === 'function' ? new Box(value) : value;
}

export function unbox(value: unknown): unknown {
  return value instanceof Box ? value.value : value;
}

/** ECMA-262 section 27.2 over the jobs of a VU's loop. */
export class ScriptPromise {
  readonly #loop: VuLoop;
  #state: 'pending' | 'fulfilled' | 'rejected' = 'pending';
  #value: unknown;
  #reactions: Reaction[] = [];
  #isHandled = false;
  #isResolved = false;

  constructor(loop: VuLoop) {
    this.#loop = loop;
  }

  get state(): 'pending' | 'fulfilled' | 'rejected' {
    return this.#state;
  }

  get value(): unknown {
    return this.#value;
  }

  get [Symbol.toStringTag](): string {
    return 'Promise';
  }

  resolveWith(value: unknown): void {
    if (this.#isResolved) return;
    this.#isResolved = true;
    this.#resolve(value);
  }

  rejectWith(reason: unknown): void {
    if (this.#isResolved) return;
    this.#isResolved = true;
    this.#settle('rejected', reason);
  }

  // oxlint-disable-next-line unicorn/no-thenable -- it is a promise
  then(onFulfilled?: unknown, onRejected?: unknown): ScriptPromise {
    const derived = new (this.constructor as new (executor: undefined) => ScriptPromise)(undefined);
    this.react({ onFulfilled: asHandler(onFulfilled), onRejected: asHandler(onRejected), derived });
    return derived;
  }

  catch(onRejected?: unknown): ScriptPromise {
    return this.then(undefined, onRejected);
  }

  finally(onFinally?: unknown): ScriptPromise {
    if (typeof onFinally !== 'function') return this.then(onFinally, onFinally);
    const run = onFinally as () => unknown;
    const after = (result: unknown, finish: () => unknown): unknown =>
      result instanceof Promise
        ? result.then((inner: unknown) => box(this.#resolved(unbox(inner)).then(finish)))
        : this.#resolved(result).then(finish);
    return this.then(
      (value: unknown) => after(run(), () => value),
      (reason: unknown) =>
        after(run(), () => {
          throw reason;
        }),
    );
  }

  #resolved(value: unknown): ScriptPromise {
    if (value instanceof ScriptPromise) return value;
    const promise = new (this.constructor as new (executor: undefined) => ScriptPromise)(undefined);
    promise.resolveWith(value);
    return promise;
  }

  react(reaction: Reaction): void {
    if (!this.#isHandled) {
      this.#isHandled = true;
      if (this.#state === 'rejected') this.#loop.onHandled(this);
    }
    if (this.#state === 'pending') this.#reactions.push(reaction);
    else this.#enqueue(reaction);
  }

  #resolve(value: unknown): void {
    if (value === this) {
      this.#settle('rejected', new TypeError('Chaining cycle detected for promise #<Promise>'));
      return;
    }
    if ((typeof value !== 'object' || value === null) && typeof value !== 'function') {
      this.#settle('fulfilled', value);
      return;
    }
    let then: unknown;
    try {
      ({ then } = value as { then?: unknown });
    } catch (error) {
      this.#settle('rejected', error);
      return;
    }
    if (typeof then !== 'function') {
      this.#settle('fulfilled', value);
      return;
    }
    const adopt = then as (this: unknown, resolve: (value: unknown) => void, reject: (reason: unknown) => void) => unknown;
    this.#loop.enqueue(() => {
      let called = false;
      const once = (fn: (value: unknown) => void) => (inner: unknown) => {
        if (called) return;
        called = true;
        fn(inner);
      };
      try {
        return adopt.call(value, once((inner) => this.#resolve(inner)), once((reason) => this.#settle('rejected', reason))); // prettier-ignore
      } catch (error) {
        once((reason) => this.#settle('rejected', reason))(error);
        return undefined;
      }
    });
  }

  #settle(state: 'fulfilled' | 'rejected', value: unknown): void {
    this.#state = state;
    this.#value = value;
    if (state === 'rejected' && !this.#isHandled) this.#loop.onRejected(this);
    const reactions = this.#reactions;
    this.#reactions = [];
    for (const reaction of reactions) this.#enqueue(reaction);
  }

  #enqueue({ onFulfilled, onRejected, derived }: Reaction): void {
    const fulfilled = this.#state === 'fulfilled';
    const value = this.#value;
    const handler = fulfilled ? onFulfilled : onRejected;
    this.#loop.enqueue(() => {
      if (!handler) {
        if (fulfilled) derived?.resolveWith(value);
        else derived?.rejectWith(value);
        return undefined;
      }
      let result: unknown;
      try {
        result = handler(value);
      } catch (error) {
        derived?.rejectWith(error);
        return undefined;
      }
      if (!(result instanceof Promise)) {
        derived?.resolveWith(result);
        return undefined;
      }
      // The callback blocks; the loop waits for it.
      return result.then(
        (inner: unknown) => derived?.resolveWith(unbox(inner)),
        (error: unknown) => derived?.rejectWith(error),
      );
    });
  }
}

function asHandler(value: unknown): Handler {
  return typeof value === 'function' ? (value as (value: unknown) => unknown) : undefined;
}

export type PromiseClass = PromiseConstructorLike & { resolve(value: unknown): ScriptPromise; new (executor: undefined): ScriptPromise };

/** The `Promise` of one VU's script. */
export function createPromiseClass(loop: VuLoop, onBlockingExecutor: () => never): PromiseClass {
  class VuPromise extends ScriptPromise {
    constructor(executor: unknown) {
      super(loop);
      if (executor === undefined) return;
      if (typeof executor !== 'function') throw new TypeError(`Promise resolver ${typeof executor} is not a function`);
      let result: unknown;
      try {
        result = (executor as (resolve: unknown, reject: unknown) => unknown)(
          (value: unknown) => this.resolveWith(value),
          (reason: unknown) => this.rejectWith(reason),
        );
      } catch (error) {
        this.rejectWith(error);
      }
      if (result instanceof Promise) onBlockingExecutor();
    }

    static resolve(value: unknown): ScriptPromise {
      if (value instanceof VuPromise) return value;
      const promise = new VuPromise(undefined);
      promise.resolveWith(value);
      return promise;
    }

    static reject(reason: unknown): ScriptPromise {
      const promise = new VuPromise(undefined);
      promise.rejectWith(reason);
      return promise;
    }

    static withResolvers(): { promise: ScriptPromise; resolve: (value: unknown) => void; reject: (reason: unknown) => void } {
      const promise = new VuPromise(undefined);
      return { promise, resolve: (value) => promise.resolveWith(value), reject: (reason) => promise.rejectWith(reason) };
    }

    static try(fn: (...args: unknown[]) => unknown, ...args: unknown[]): ScriptPromise {
      return new VuPromise((resolve: (value: unknown) => void) => {
        const result = fn(...args);
        if (result instanceof Promise) onBlockingExecutor();
        resolve(result);
      });
    }

    static all(values: Iterable<unknown>): ScriptPromise {
      return collect(values, (promise, value, index, results, finish) =>
        VuPromise.resolve(value).then(
          (inner: unknown) => finish((results[index] = inner)),
          (reason: unknown) => promise.rejectWith(reason),
        ),
      );
    }

    static allSettled(values: Iterable<unknown>): ScriptPromise {
      return collect(values, (_promise, value, index, results, finish) => {
        const settle = (result: unknown): void => finish((results[index] = result));
        VuPromise.resolve(value).then(
          (inner: unknown) => settle({ status: 'fulfilled', value: inner }),
          (reason: unknown) => settle({ status: 'rejected', reason }),
        );
      });
    }

    static any(values: Iterable<unknown>): ScriptPromise {
      return collect(
        values,
        (promise, value, index, errors, finish) =>
          VuPromise.resolve(value).then(
            (inner: unknown) => promise.resolveWith(inner),
            (reason: unknown) => finish((errors[index] = reason)),
          ),
        (promise, errors) => promise.rejectWith(new AggregateError(errors, 'All promises were rejected')),
      );
    }

    static race(values: Iterable<unknown>): ScriptPromise {
      return collect(
        values,
        (promise, value) =>
          VuPromise.resolve(value).then(
            (inner: unknown) => promise.resolveWith(inner),
            (reason: unknown) => promise.rejectWith(reason),
          ),
        () => undefined,
      );
    }
  }

  /** Waits for a number of things: `finish` is called once for each, with the last call it is over. */
  const collect = (
    values: Iterable<unknown>,
    watch: (promise: ScriptPromise, value: unknown, index: number, results: unknown[], finish: (result: unknown) => void) => unknown,
    end: (promise: ScriptPromise, results: unknown[]) => void = (promise, results) => promise.resolveWith(results),
  ): ScriptPromise => {
    const promise = new VuPromise(undefined);
    const results: unknown[] = [];
    let left = 1;
    const finish = (_result: unknown): void => {
      if (--left === 0) end(promise, results);
    };
    try {
      let index = 0;
      for (const value of values) {
        left++;
        watch(promise, value, index++, results, finish);
      }
    } catch (error) {
      promise.rejectWith(error);
    }
    finish(undefined);
    return promise;
  };

  Object.defineProperty(VuPromise, 'name', { value: 'Promise' });
  return VuPromise;
}

type Steps = Iterator<unknown> | AsyncIterator<unknown>;
type StepResult = IteratorResult<unknown> | Promise<IteratorResult<unknown>>;
type StepKind = 'next' | 'throw' | 'return';

/** Advances a generator. One that blocks is asynchronous: then the result is a pending operation, for which the caller waits. */
function advance(
  steps: Steps,
  kind: StepKind,
  value: unknown,
  onResult: (result: IteratorResult<unknown>) => unknown,
  onError: (error: unknown) => void,
): unknown {
  try {
    // An asynchronous one of the engine's would wait for what it returns.
    const result = (steps[kind] as (value: unknown) => StepResult)(kind === 'return' ? box(value) : value);
    if (result instanceof Promise) return result.then(onResult, onError);
    return onResult(result);
  } catch (error) {
    onError(error);
  }
  return undefined;
}

/**
 * Runs the generator of an `async` function: what it yields is awaited. If it blocks, the caller of the
 * function blocks until it is over or awaits for itself, as in k6, where an async function runs in
 * the caller's turn up to its first `await`.
 */
export function runAsync(promiseClass: PromiseClass, start: () => Steps): unknown {
  const promise = new promiseClass(undefined);
  let steps: Steps;
  try {
    steps = start();
  } catch (error) {
    // Of a default parameter.
    promise.rejectWith(error);
    return promise;
  }
  const step = (kind: StepKind, value: unknown): unknown => advance(steps, kind, value, onResult, (error) => promise.rejectWith(error));
  const onResult = (result: IteratorResult<unknown>): void => {
    const value = unbox(result.value);
    if (result.done === true) promise.resolveWith(value);
    else
      promiseClass.resolve(value).react({
        onFulfilled: (inner) => step('next', inner),
        onRejected: (reason) => step('throw', reason),
        derived: undefined,
      });
  };
  const first = step('next', undefined);
  return first instanceof Promise ? first.then(() => box(promise)) : promise;
}

/** What the generator of an async generator yields for an `await`. */
export class AwaitMark {
  readonly value: unknown;

  constructor(value: unknown) {
    this.value = value;
  }
}

/** `yield*`: in an async generator over another of the script's, which gives promises; anything else is iterated as it is. */
export function yieldStar(value: unknown): unknown {
  return value instanceof ScriptAsyncGenerator ? delegate(value) : value;
}

function* delegate(generator: ScriptAsyncGenerator): Generator<unknown, unknown, never> {
  let sent: unknown;
  for (;;) {
    const { done, value }: IteratorResult<unknown> = yield new AwaitMark(generator.next(sent));
    if (done === true) return value;
    sent = yield value;
  }
}

interface StepRequest {
  readonly kind: StepKind;
  readonly value: unknown;
  readonly promise: ScriptPromise;
}

/** The object that an async generator function returns (ECMA-262 section 27.6): requests are served one after the other. */
export class ScriptAsyncGenerator {
  readonly #promiseClass: PromiseClass;
  readonly #steps: Steps;
  readonly #requests: StepRequest[] = [];
  #isRunning = false;

  constructor(promiseClass: PromiseClass, steps: Steps) {
    this.#promiseClass = promiseClass;
    this.#steps = steps;
  }

  next(value?: unknown): unknown {
    return this.#request('next', value);
  }

  throw(reason?: unknown): unknown {
    return this.#request('throw', reason);
  }

  return(value?: unknown): unknown {
    return this.#request('return', value);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #request(kind: StepKind, value: unknown): unknown {
    const promise = new this.#promiseClass(undefined);
    this.#requests.push({ kind, value, promise });
    const pending = this.#isRunning ? undefined : this.#serve();
    return pending instanceof Promise ? pending.then(() => box(promise)) : promise;
  }

  #serve(): unknown {
    const [request] = this.#requests;
    if (!request) return undefined;
    this.#isRunning = true;
    return this.#step(request, request.kind, request.value);
  }

  #step(request: StepRequest, kind: StepKind, value: unknown): unknown {
    return advance(
      this.#steps,
      kind,
      value,
      (result) => this.#onResult(request, result),
      (error) => this.#finish(() => request.promise.rejectWith(error)),
    );
  }

  #onResult(request: StepRequest, result: IteratorResult<unknown>): unknown {
    const value = unbox(result.value);
    const isAwait = value instanceof AwaitMark;
    // A delegate's generator blocks: so does this one.
    if (isAwait && value.value instanceof Promise)
      return value.value.then((inner: unknown) => this.#onResult(request, { done: false, value: new AwaitMark(unbox(inner)) }));
    const done = result.done === true;
    this.#promiseClass.resolve(isAwait ? value.value : value).react({
      onFulfilled: (inner) =>
        isAwait ? this.#step(request, 'next', inner) : this.#finish(() => request.promise.resolveWith({ value: inner, done })),
      onRejected: (reason) => (done ? this.#finish(() => request.promise.rejectWith(reason)) : this.#step(request, 'throw', reason)),
      derived: undefined,
    });
    return undefined;
  }

  #finish(settle: () => void): unknown {
    settle();
    this.#requests.shift();
    this.#isRunning = false;
    return this.#serve();
  }
}
