import { fork, type ChildProcess, type ForkOptions, type SendHandle } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { systemClock } from './clock.ts';

/**
 * A process of ours (balancer worker, load worker) and the typed channel to it.
 * Messages are structured clones over the IPC pipe; the child ends itself when the pipe closes, so it
 * never outlives its parent, not even one that was killed.
 */
export interface ChildExit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/**
 * A socket below `net.Server`: what `server.listen(handle)` takes. It travels with a message; each process then has the
 * same socket open, which lives until the last of them closes it.
 */
export interface SocketHandle {
  close(): void;
}

export interface Child<In, Out> {
  readonly pid: number;
  /** Messages to a dead child are dropped; its end is told by `exited`. */
  send(message: In, socket?: SocketHandle): void;
  onMessage(handler: (message: Out, socket: SocketHandle | undefined) => void): void;
  readonly exited: Promise<ChildExit>;
  /** SIGTERM, then SIGKILL after `graceMs`; resolves when it is gone. */
  stop(graceMs: number): Promise<ChildExit>;
}

/**
 * The URL of a sibling module that is started as a process: `entry(import.meta.url, './worker')`.
 * Runs from TypeScript in the repository and from JavaScript in the published package.
 */
export function entry(moduleUrl: string, path: string): URL {
  return new URL(path + (moduleUrl.endsWith('.ts') ? '.ts' : '.js'), moduleUrl);
}

export interface ForkChildOptions {
  args?: readonly string[];
  env?: NodeJS.ProcessEnv;
  /** Node flags, e.g. `--max-semi-space-size=8`. */
  execArgv?: readonly string[];
  /** Gets each complete line that the child writes to stdout or stderr; without it both are inherited to our stderr. */
  onLine?: (line: string) => void;
}

export function forkChild<In, Out>(entryUrl: URL, options: ForkChildOptions = {}): Child<In, Out> {
  const forkOptions: ForkOptions = {
    serialization: 'advanced',
    stdio: ['ignore', options.onLine ? 'pipe' : 2, options.onLine ? 'pipe' : 2, 'ipc'],
    execArgv: [...(options.execArgv ?? [])],
    // A terminal sends Ctrl-C to the whole foreground group; ours are stopped in order by their parent instead.
    detached: true,
  };
  if (options.env) forkOptions.env = options.env;
  const child = fork(fileURLToPath(entryUrl), [...(options.args ?? [])], forkOptions);
  const exited = new Promise<ChildExit>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    child.once('error', () => resolve({ code: null, signal: null }));
  });
  if (options.onLine) pipeLines(child, options.onLine);
  return {
    pid: child.pid ?? -1,
    send: (message, socket) => {
      if (child.connected) child.send(message as object, socket as unknown as SendHandle, ignore);
    },
    onMessage: (handler) =>
      void child.on('message', (message, socket) => handler(message as Out, socket as unknown as SocketHandle | undefined)),
    exited,
    async stop(graceMs) {
      child.kill('SIGTERM');
      const timer = systemClock.after(graceMs, () => child.kill('SIGKILL'));
      const exit = await exited;
      timer.cancel();
      return exit;
    },
  };
}

function ignore(): void {
  // A failed send means that the child is gone, which `exited` tells.
}

function pipeLines(child: ChildProcess, onLine: (line: string) => void): void {
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) continue;
    stream.setEncoding('utf8');
    let rest = '';
    stream.on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n');
      rest = (lines.pop() ?? '').slice(-65_536);
      for (const line of lines) onLine(line);
    });
    stream.on('end', () => {
      if (rest !== '') onLine(rest);
    });
  }
}

export interface ParentHandlers<In> {
  onMessage(message: In, socket: SocketHandle | undefined): void;
  /** Runs once. */
  onEnd(why: 'SIGTERM' | 'parent gone'): void;
}

/** The child's end of the channel; returns what sends a message to the parent. */
export function connectParent<In, Out>(handlers: ParentHandlers<In>): (message: Out, socket?: SocketHandle) => void {
  let ended = false;
  const end = (why: 'SIGTERM' | 'parent gone'): void => {
    if (ended) return;
    ended = true;
    handlers.onEnd(why);
  };
  process.on('message', (message, socket) => handlers.onMessage(message as In, socket as unknown as SocketHandle | undefined));
  process.on('disconnect', () => end('parent gone'));
  process.on('SIGTERM', () => end('SIGTERM'));
  process.on('SIGINT', () => undefined);
  return (message, socket) => {
    if (process.connected) process.send?.(message, socket as unknown as SendHandle, undefined, ignore);
  };
}
