/** The service as the process that a deployment starts. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));

export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

export interface ServiceExit {
  readonly code: number | null;
  /** All that was written to stderr. */
  readonly stderr: string;
}

export interface Service {
  readonly exited: Promise<ServiceExit>;
  kill(signal: NodeJS.Signals): void;
  /** The first line that fits, now or later; rejects if the process ends without one. */
  logged(fits: (line: LogLine) => boolean): Promise<LogLine>;
  /** Resolves with the address when it listens. */
  listening(): Promise<string>;
}

/** Starts it on a free port of 127.0.0.1 with these variables and no other of ours. */
export function startService(env: NodeJS.ProcessEnv): Service {
  const child = spawn(process.execPath, [main], { env: { HOST: '127.0.0.1', PORT: '0', ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = exitOf(child);
  const lines: LogLine[] = [];
  const watchers = new Set<() => void>();
  createInterface({ input: child.stdout }).on('line', (text) => {
    lines.push(JSON.parse(text) as LogLine);
    for (const watcher of watchers) watcher();
  });
  const logged = (fits: (line: LogLine) => boolean): Promise<LogLine> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const line = lines.find(fits);
        if (line === undefined) return;
        watchers.delete(look);
        resolve(line);
      };
      watchers.add(look);
      look();
      void exited.then(({ code, stderr }) => reject(new Error(`ended with ${code} without that line: ${stderr}`)));
    });
  return {
    exited,
    kill: (signal) => void child.kill(signal),
    logged,
    listening: async () => (await logged(({ msg }) => msg === 'listening'))['address'] as string,
  };
}

function exitOf(child: ChildProcess): Promise<ServiceExit> {
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  // A test that fails leaves no service behind.
  const end = (): void => void child.kill('SIGKILL');
  process.once('exit', end);
  return new Promise((resolve) => {
    child.once('close', (code) => {
      process.removeListener('exit', end);
      resolve({ code, stderr });
    });
  });
}
