import { closeSync, openSync, writeSync } from 'node:fs';
import { errorMessage, monotonicMs, PlimsollError, systemClock } from '../../base/index.ts';
import { loadErrors, logText, type LogLine } from '../../load/index.ts';

/** Where the log of a run goes: k6's `--log-output`, `--log-format` and `--console-output`. */

export interface LogSettings {
  /** `stderr`, `stdout`, `none` or `file=PATH`, the last with `,level=LEVEL` if wanted. */
  readonly output: string;
  /** `text`, `json` or `raw`. */
  readonly format: string;
  /** A file for what the script says on its console. */
  readonly consoleFile: string | undefined;
  readonly verbose: boolean;
  readonly colour: boolean;
}

export interface RunLog {
  write(line: LogLine): void;
  close(): void;
}

const levels = ['error', 'warning', 'info', 'debug'] as const;

/** `above` writes to the terminal without breaking what is shown there. Throws PL_LOAD_USAGE. */
export function openLog(settings: LogSettings, above: (write: () => void) => void): RunLog {
  const { format, verbose } = settings;
  if (format !== 'text' && format !== 'json' && format !== 'raw') throw usage(`--log-format is text, json or raw, not ${format}`);
  const [kind = '', path, level] = /^(\w+)(?:=([^,]*)(?:,level=(\w+))?)?$/.exec(settings.output)?.slice(1) ?? [];
  if (kind === 'loki') throw usage('--log-output=loki is not supported; write to a file and let an agent of Loki read it');
  if (!['stderr', 'stdout', 'none', 'file'].includes(kind) || (kind === 'file') !== Boolean(path))
    throw usage(`--log-output is stderr, stdout, none or file=PATH, not ${settings.output}`);
  const least = levels.findIndex((known) => known === (level ?? (verbose ? 'debug' : 'info')));
  if (least < 0) throw usage(`the level of --log-output is one of ${levels.join(', ')}, not ${level}`);
  const file = kind === 'file' ? openFile(path as string) : undefined;
  const consoleFile = settings.consoleFile === undefined ? undefined : openFile(settings.consoleFile);
  const stream = kind === 'stdout' ? process.stdout : process.stderr;
  const startedAt = monotonicMs();
  return {
    write(line) {
      if (levels.indexOf(line.level) > least) return;
      const goesToFile = line.source === 'console' && consoleFile !== undefined ? consoleFile : file;
      const colour = settings.colour && goesToFile === undefined;
      const text = `${logText(line, monotonicMs() - startedAt, format, colour, systemClock.nowMs())}\n`;
      if (goesToFile !== undefined) writeSync(goesToFile, text);
      else if (kind !== 'none') above(() => stream.write(text));
    },
    close() {
      for (const open of [file, consoleFile]) if (open !== undefined) closeSync(open);
    },
  };
}

function openFile(path: string): number {
  try {
    return openSync(path, 'a');
  } catch (cause) {
    throw new PlimsollError(loadErrors.PL_LOAD_USAGE, { what: `the log cannot be written: ${errorMessage(cause)}`, where: path, cause });
  }
}

function usage(what: string): PlimsollError {
  return new PlimsollError(loadErrors.PL_LOAD_USAGE, { what });
}
