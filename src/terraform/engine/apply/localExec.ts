import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { isSensitive, type Scope, type Value } from '../../language/index.ts';
import { Arguments } from '../arguments.ts';
import { localExecSchema } from '../configuration/provisioner.ts';
import type { Provisioner } from '../configuration/types.ts';
import { configurationError } from '../diagnostics.ts';
import { evaluateBody } from '../evaluation/body.ts';
import { revealObject } from '../plan/marks.ts';

/** How much of a failed command's output its error repeats. */
const outputMax = 4096;
const shell = process.platform === 'win32' ? ['cmd', '/C'] : ['/bin/sh', '-c'];

export interface LocalExecOptions {
  readonly scope: Scope;
  /** Where the command runs, unless it says otherwise: the root module's. */
  readonly folder: string;
  readonly address: string;
  readonly signal: AbortSignal | undefined;
  /** Each line that there is to be told of it. */
  readonly say: (line: string) => void;
}

/**
 * Runs the command of a `local-exec` provisioner to its end, its output line by line to `say`.
 * @throws DiagnosticsError "local-exec provisioner error"
 */
export async function runLocalExec({ body, range }: Provisioner, options: LocalExecOptions): Promise<void> {
  const { scope, folder, address, signal, say } = options;
  const config = evaluateBody(body, localExecSchema, scope);
  const values = new Arguments(revealObject(config));
  const secret = Object.values(config).some((value: Value) => isSensitive(value));
  const command = values.sure('command');
  const [program, ...args] = [...(values.texts('interpreter') ?? shell), command];
  const quiet = values.flag('quiet') === true;
  say(
    `Executing: ${quiet ? 'Suppressed by quiet=true' : secret ? '(output suppressed due to sensitive value in config)' : listed([program, ...args])}`,
  );
  const child = spawn(program, args, {
    cwd: resolve(folder, values.text('working_dir') ?? '.'),
    env: { ...process.env, ...values.map('environment') },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(signal !== undefined && { signal, killSignal: 'SIGINT' }),
  });
  let output = '';
  if (secret) say('(output suppressed due to sensitive value in config)');
  for (const stream of [child.stdout, child.stderr]) {
    let rest = '';
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-outputMax);
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      if (!secret) lines.forEach(say);
    });
    stream.once('end', () => {
      if (rest !== '' && !secret) say(rest);
    });
  }
  const why = await new Promise<string | undefined>((done) => {
    child.once('error', (error) => done(error.message));
    child.once('close', (code, killedBy) =>
      done(code === 0 ? undefined : killedBy === null ? `exit status ${code}` : `signal: ${killedBy}`),
    );
  });
  if (why === undefined) return;
  const detail = secret
    ? `Error running command (suppressed due to sensitive value in config): ${why}.`
    : `Error running command '${command}': ${why}. Output: ${output}`;
  throw configurationError('local-exec provisioner error', detail, range, { address });
}

/** As Go prints a list of texts, and Terraform what it runs. */
const listed = (words: readonly string[]): string => `[${words.map((word) => JSON.stringify(word)).join(' ')}]`;
