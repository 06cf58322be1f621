import { PassThrough } from 'node:stream';
import type Docker from 'dockerode';
import { systemClock, type Timer } from '../../base/index.ts';
import type { WorkloadExit, WorkloadSpec } from '../../model/index.ts';
import { LastLines, readLines } from '../process/lines.ts';
import { answered, removeContainer, statusOf } from './engine.ts';
import { ContainerMeter } from './usage.ts';

/** How often an Engine that went away is looked for. */
const lookAgainMs = 500;
/** How long output may still arrive once the container has ended. */
const drainMs = 500;

/** One running container:  running ─stop→ stopping ─it ends→ removed. */
export class ContainerWorkload {
  readonly spec: WorkloadSpec;
  readonly container: Docker.Container;
  readonly meter: ContainerMeter;
  /** Resolves once the container has ended and is removed; never rejects. */
  readonly ended: Promise<WorkloadExit>;
  readonly #docker: Docker;
  readonly #lines = new LastLines();
  readonly #onLine: (line: string) => void;
  #killTimer: Timer | undefined;
  /** What it has been sent last. */
  #asked: 'SIGTERM' | 'SIGKILL' | undefined;
  #running = true;
  #outputEnded: Promise<void>;

  /** `output` is attached to before the container starts, so that no line is missed. */
  constructor(
    docker: Docker,
    spec: WorkloadSpec,
    container: Docker.Container,
    output: NodeJS.ReadableStream,
    onLine: (line: string) => void,
  ) {
    this.#docker = docker;
    this.spec = spec;
    this.container = container;
    this.#onLine = onLine;
    this.meter = new ContainerMeter(spec);
    this.#outputEnded = this.#read(output);
    this.ended = this.#watch();
  }

  get isRunning(): boolean {
    return this.#running;
  }

  /** SIGTERM to the main process; SIGKILL to the container after `graceMs`. */
  async stop(graceMs: number): Promise<void> {
    if (this.#running) {
      void this.#signal('SIGTERM');
      this.#killTimer?.cancel();
      this.#killTimer = systemClock.after(graceMs, () => void this.#signal('SIGKILL'));
    }
    await this.ended;
  }

  async #signal(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    this.#asked = signal;
    // 409: it has ended meanwhile, which `ended` tells. An Engine that is gone has taken it along, or is asked again at its return.
    await this.container.kill({ signal }).catch(() => undefined);
  }

  async #watch(): Promise<WorkloadExit> {
    const state = await this.#waitForEnd();
    this.#running = false;
    this.#killTimer?.cancel();
    const late = new AbortController();
    await Promise.race([this.#outputEnded, systemClock.sleep(drainMs, late.signal).catch(() => undefined)]);
    late.abort();
    await answered(removeContainer(this.#docker, this.container.id)).catch(() => undefined);
    const signal = signalOf(state?.ExitCode);
    return {
      id: this.spec.id,
      code: signal === null ? (state?.ExitCode ?? null) : null,
      signal,
      outOfMemory: state?.OOMKilled ?? false,
      lastLines: this.#lines.get(),
    };
  }

  /**
   * Resolves with how it ended; undefined where it is not there any more. An Engine that goes away leaves the question open
   * until it is back: containers may live on without it, or not.
   */
  async #waitForEnd(): Promise<Docker.ContainerInspectInfo['State'] | undefined> {
    for (;;) {
      const isDone = await this.#waitOnce();
      try {
        const { State } = await answered(this.container.inspect());
        if (isDone || !State.Running) return State;
        await this.#attachAgain();
        if (this.#asked !== undefined) void this.#signal(this.#asked);
      } catch (error) {
        if (statusOf(error) === 404) return undefined;
      }
      await systemClock.sleep(lookAgainMs);
    }
  }

  /**
   * Whether the Engine says that the container has ended. Its answer may be cut off, which nobody tells; but then the
   * output, which comes from it too, has ended as well.
   */
  async #waitOnce(): Promise<boolean> {
    const asking = new AbortController();
    const answer = this.container.wait({ abortSignal: asking.signal }).then(
      () => true,
      () => false,
    );
    const silence = this.#outputEnded
      .then(() => systemClock.sleep(lookAgainMs, asking.signal))
      .then(
        () => false,
        () => false,
      );
    const isDone = await Promise.race([answer, silence]);
    asking.abort();
    return isDone;
  }

  async #attachAgain(): Promise<void> {
    try {
      const output = await answered(this.container.attach({ stream: true, stdout: true, stderr: true }));
      this.#outputEnded = this.#read(output);
    } catch {
      // Not back yet, or the container has ended.
    }
  }

  #read(output: NodeJS.ReadableStream): Promise<void> {
    const parts = [new PassThrough(), new PassThrough()] as const;
    for (const part of parts) {
      readLines(part, (line) => {
        this.#lines.add(line);
        this.#onLine(line);
      });
    }
    this.container.modem.demuxStream(output, ...parts);
    return new Promise((ended) => {
      const end = (): void => {
        for (const part of parts) part.end();
        ended();
      };
      output.on('end', end);
      output.on('close', end);
      output.on('error', end);
    });
  }
}

/** Docker tells a death by signal n as exit code 128 + n (docker run, "Exit status"). */
const signals: Readonly<Record<number, string>> = {
  130: 'SIGINT',
  131: 'SIGQUIT',
  134: 'SIGABRT',
  135: 'SIGBUS',
  136: 'SIGFPE',
  137: 'SIGKILL',
  139: 'SIGSEGV',
  143: 'SIGTERM',
};

function signalOf(code: number | undefined): string | null {
  return code === undefined ? 'SIGKILL' : (signals[code] ?? null);
}
