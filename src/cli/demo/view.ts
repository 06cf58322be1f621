import { stripVTControlCharacters, styleText } from 'node:util';
import { formatCount, formatSpan } from '../../base/index.ts';
import type { ScalingActivity } from '../../model/index.ts';
import type { Unit } from './stack.ts';

/** All that the live view shows at one moment; plain data, so that a frame is a pure function of it. */
export interface Frame {
  readonly elapsedMs: number;
  readonly expectedMs: number;
  readonly phase: string;
  readonly url: string;
  readonly users: number;
  readonly usersMax: number;
  readonly rps: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly requests: number;
  readonly failed: number;
  /** What a task is called: `task`, `instance`. */
  readonly noun: string;
  readonly tasks: readonly Unit[];
  readonly desired: number;
  readonly alarms: readonly FrameAlarm[];
  readonly activities: readonly ScalingActivity[];
  readonly rpsHistory: readonly number[];
  readonly tasksHistory: readonly number[];
}

export interface FrameAlarm {
  readonly name: string;
  readonly state: string;
  /** `CPUUtilization > 20 for 3 × 60 s`. */
  readonly condition: string;
}

const bars = '▁▂▃▄▅▆▇█';

/** A row of block characters, one for each of the last `width` values. */
export function sparkline(values: readonly number[], width: number): string {
  const shown = values.slice(-width);
  const max = Math.max(...shown, 1);
  return shown.map((value) => bars[Math.min(bars.length - 1, Math.floor((value / max) * (bars.length - 1) + 0.5))]).join('');
}

export function bar(share: number, width: number): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * width);
  return '█'.repeat(full) + '░'.repeat(width - full);
}

type Color = 'red' | 'green' | 'yellow' | 'cyan' | 'dim' | 'bold';

/** The lines of one frame, none longer than `columns`. */
export function renderFrame(frame: Frame, columns: number, color: boolean): string[] {
  const width = Math.max(60, Math.min(columns, 110));
  const paint = (format: Color, text: string): string => (color ? styleText(format, text, { validateStream: false }) : text);
  const chart = width - 26;
  const lines = [
    `${paint('bold', 'PLIMSOLL')}  ${frame.phase}`,
    paint(
      'dim',
      `${bar(frame.elapsedMs / frame.expectedMs, 30)}  ${formatSpan(frame.elapsedMs)} of about ${formatSpan(frame.expectedMs)}   ${frame.url}`,
    ),
    '',
    `users      ${formatCount(frame.users).padStart(6)}  ${bar(frame.users / Math.max(1, frame.usersMax), chart)}`,
    `requests/s ${formatCount(frame.rps).padStart(6)}  ${paint('cyan', sparkline(frame.rpsHistory, chart))}`,
    `${`${frame.noun}s`.padEnd(10)} ${`${frame.tasks.filter((task) => task.health === 'HEALTHY').length}/${frame.desired}`.padStart(6)}  ${paint('green', sparkline(frame.tasksHistory, chart))}`,
    `latency    p50 ${formatSpan(frame.p50Ms)}, p95 ${paint(frame.p95Ms < 500 ? 'green' : 'red', formatSpan(frame.p95Ms))}   ` +
      `requests ${formatCount(frame.requests)}, failed ${paint(frame.failed === 0 ? 'green' : 'red', formatCount(frame.failed))}`,
    '',
    ...frame.tasks.map((task) => taskLine(frame.noun, task, paint)),
    '',
    ...frame.alarms.map((alarm) => alarmLine(alarm, paint)),
    '',
    ...frame.activities.slice(0, 4).flatMap((activity) => activityLines(activity, paint)),
  ];
  return lines.map((line) => clip(line, columns));
}

function taskLine(noun: string, task: Unit, paint: (format: Color, text: string) => string): string {
  const cpu = task.cpuPercent === undefined ? '' : `${bar(task.cpuPercent / 100, 20)} ${Math.round(task.cpuPercent)} % CPU`;
  const healthy = task.health === 'HEALTHY';
  const state = paint(healthy ? 'green' : 'yellow', `${task.state.padEnd(13)} ${task.health.padEnd(9)}`);
  return `${noun} ${task.id.slice(0, 10)}  ${task.address.padEnd(14)} ${state} ${cpu}`;
}

function alarmLine(alarm: Frame['alarms'][number], paint: (format: Color, text: string) => string): string {
  const format = alarm.state === 'ALARM' ? 'red' : alarm.state === 'OK' ? 'green' : 'dim';
  return `alarm ${paint(format, alarm.state.padEnd(17))} ${alarm.condition.padEnd(36)} ${paint('dim', withoutUuid(alarm.name))}`;
}

function activityLines(activity: ScalingActivity, paint: (format: Color, text: string) => string): string[] {
  const time = new Date(activity.atMs).toISOString().slice(11, 19);
  return [`${time}  ${activity.description} (${activity.from} → ${activity.to})`, paint('dim', `          ${withoutUuid(activity.cause)}`)];
}

/** The tail of an alarm's name helps programs, not readers. */
function withoutUuid(text: string): string {
  return text.replaceAll(/-[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}/g, '');
}

/** Cuts a line to `columns` visible characters; colour sequences take no room and are always closed. */
function clip(line: string, columns: number): string {
  if (stripVTControlCharacters(line).length <= columns) return line;
  let out = '';
  let room = columns - 1;
  for (const [part] of line.matchAll(/\x1b\[\d+m|[^]/gu)) {
    if (part.startsWith('\x1b')) out += part;
    else if (room-- > 0) out += part;
  }
  return `${out}…`;
}
