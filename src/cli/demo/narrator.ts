import { formatCount, formatSpan, monotonicMs } from '../../base/index.ts';
import type { Enforcement } from '../../model/index.ts';
import { Screen } from './screen.ts';
import { renderFrame, type Frame } from './view.ts';

const lineEveryMs = 5000;

/** Tells the demo as it goes: a live picture on a terminal, lines elsewhere (a log, CI, a pipe). */
export class Narrator {
  readonly #screen = new Screen();
  readonly #startedMs: number;
  readonly #told = new Set<string>();
  #lastLineMs = 0;

  constructor(startedMs: number) {
    this.#startedMs = startedMs;
  }

  step(text: string): void {
    const at = ((monotonicMs() - this.#startedMs) / 1000).toFixed(1);
    process.stdout.write(`${`${at} s`.padStart(8)}  ${text}\n`);
  }

  enforcement(enforcement: Enforcement, noun: string, cpuUnits: number, memoryMiB: number): void {
    const { cpu, memory, reason } = enforcement;
    const limits = `${noun === 'instance' ? 'an' : 'a'} ${noun} has ${cpuUnits / 1024} vCPU (${cpu === 'none' ? 'not enforced' : cpu}) and ${memoryMiB} MiB (${memory === 'none' ? 'not enforced' : memory})`;
    this.step(reason === undefined ? limits : `${limits}: ${reason}`);
  }

  frame(frame: Frame): void {
    if (this.#screen.live) this.#screen.draw(renderFrame(frame, this.#screen.columns, this.#screen.color));
    else this.#lines(frame);
  }

  close(): void {
    this.#screen.close();
  }

  /** Every five seconds where it stands; alarms and activities when they happen. */
  #lines(frame: Frame): void {
    for (const alarm of frame.alarms) this.#once(`${alarm.name} is ${alarm.state}`, `alarm ${alarm.name}`, alarm.state);
    for (const activity of frame.activities.toReversed()) {
      if (this.#told.has(activity.id)) continue;
      this.#told.add(activity.id);
      this.step(`${activity.description} (${activity.from} → ${activity.to}) Cause: ${activity.cause}`);
    }
    const nowMs = monotonicMs();
    if (nowMs - this.#lastLineMs < lineEveryMs) return;
    this.#lastLineMs = nowMs;
    const healthy = frame.tasks.filter((task) => task.health === 'HEALTHY');
    const cpu = healthy.reduce((sum, task) => sum + (task.cpuPercent ?? 0), 0) / Math.max(1, healthy.length);
    this.step(
      `${formatCount(frame.users)} users, ${formatCount(frame.rps)} requests/s, p50 ${formatSpan(frame.p50Ms)}, p95 ${formatSpan(frame.p95Ms)}, ` +
        `${formatCount(frame.failed)} failed; ${healthy.length}/${frame.desired} ${frame.noun}s healthy at ${Math.round(cpu)} % CPU`,
    );
  }

  #states = new Map<string, string>();

  #once(text: string, key: string, state: string): void {
    if (this.#states.get(key) === state) return;
    const first = !this.#states.has(key);
    this.#states.set(key, state);
    if (!first) this.step(`alarm ${text}`);
  }
}
