import type { Logger } from '../../base/index.ts';
import type { PostgresExit } from '../../compute/index.ts';
import type { BalancerMetrics, TargetHealth, WorkloadExit } from '../../model/index.ts';
import type { PlaneEvent } from './protocol.ts';

/** Who is to hear of what happens in a data plane. */
export class PlaneHandlers {
  readonly exits: ((exit: WorkloadExit) => void)[] = [];
  readonly lines: ((id: string, line: string) => void)[] = [];
  readonly health: ((health: TargetHealth) => void)[] = [];
  readonly drained: ((targetGroupId: string, targetId: string) => void)[] = [];
  readonly metrics: ((delta: BalancerMetrics, worker: number) => void)[] = [];
  /** By the database's id: each hears of one end. */
  readonly databaseExits = new Map<string, (exit: PostgresExit) => void>();
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  tell(event: PlaneEvent): void {
    switch (event.type) {
      case 'exit':
        for (const handler of this.exits) handler(event.exit);
        return;
      case 'line':
        for (const handler of this.lines) handler(event.id, event.line);
        return;
      case 'databaseExit':
        this.databaseExits.get(event.id)?.(event.exit);
        return;
      case 'health':
        for (const handler of this.health) handler(event.health);
        return;
      case 'drained':
        for (const handler of this.drained) handler(event.targetGroupId, event.targetId);
        return;
      case 'metrics':
        for (const handler of this.metrics) handler(event.delta, event.worker);
        return;
      case 'log':
        return this.#relay(event.line);
    }
    event satisfies never;
  }

  #relay(line: string): void {
    const { level, time: _time, pid: _pid, hostname: _hostname, msg = '', ...rest } = JSON.parse(line) as LogLine;
    const tell = level >= 50 ? 'error' : level >= 40 ? 'warn' : 'info';
    this.#log[tell](rest, msg);
  }
}

/** As pino writes it. */
interface LogLine {
  readonly level: number;
  readonly msg?: string;
  readonly [key: string]: unknown;
}
