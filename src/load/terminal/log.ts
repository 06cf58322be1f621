import type { LogLine } from '../run/types.ts';

const labels = { debug: 'DEBU', info: 'INFO', warning: 'WARN', error: 'ERRO' } as const;
const colours = { debug: 37, info: 36, warning: 33, error: 31 } as const;

/** `INFO[0001] message    source=console`, as k6 writes its log lines. */
export function logText(line: LogLine, elapsedMs: number, format: 'text' | 'json' | 'raw', colour: boolean, nowMs: number): string {
  if (format === 'raw') return line.message;
  if (format === 'json')
    return JSON.stringify({
      level: line.level,
      msg: line.message,
      source: line.source,
      time: new Date(nowMs).toISOString().replace(/\.\d+Z$/, 'Z'),
    });
  const label = colour ? `\u001b[${colours[line.level]}m${labels[line.level]}\u001b[0m` : labels[line.level];
  const source = line.source === '' ? '' : ` source=${line.source}`;
  return `${label}[${String(Math.floor(elapsedMs / 1000)).padStart(4, '0')}] ${line.message.padEnd(44)}${source}`.trimEnd();
}
