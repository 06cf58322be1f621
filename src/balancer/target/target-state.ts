import type { Target, TargetHealth } from '../../model/index.ts';
import type { Candidate } from '../algorithms/index.ts';
import type { GroupState } from './group-state.ts';
import type { TargetSessions } from '../h2/target-sessions.ts';
import { describeHealth } from '../health/describe.ts';
import type { HealthMonitor } from '../health/monitor.ts';
import { trusted, type Trust } from '../health/outlier.ts';
import type { TargetConnection } from './target-connection.ts';

/** Idle connections kept per target and worker. */
const IDLE_MAX = 1024;

/** A target as a worker knows it: outlives snapshots as long as its group lists it. */
export class TargetState implements Candidate {
  readonly group: GroupState;
  readonly id: string;
  readonly host: string;
  readonly port: number;
  /** Connections to it are encrypted. */
  readonly secure: boolean;
  /** Its HTTP/2 connections; undefined where it speaks HTTP/1.1. */
  readonly sessions: TargetSessions | undefined;
  /** As configured. */
  configuredWeight = 1;
  addedLatencyMs = 0;
  weight = 1;
  outstanding = 0;
  latencyMs = 0;
  latencyAtMs = 0;
  answers = 0;
  failures = 0;
  /** Monotonic; while the group starts it slowly. */
  slowStartFromMs = Number.NEGATIVE_INFINITY;
  /** Since the last delta. */
  requestCount = 0;
  phase: Target['phase'] = 'registered';
  /** No longer in the snapshot: what is in flight may finish. */
  removed = false;
  monitor: HealthMonitor | undefined;
  /** What its answers say of it, in groups with outlier detection. */
  trust: Trust = trusted;
  /** When a draining target's connections are closed, monotonic. */
  drainUntilMs = Number.POSITIVE_INFINITY;
  drainedReported = false;
  readonly connections = new Set<TargetConnection>();
  /** Last in, first out: the most recently used connection is the least likely to be closing. */
  readonly #idle: TargetConnection[] = [];

  constructor(group: GroupState, target: Target, secure: boolean, sessions: TargetSessions | undefined) {
    this.group = group;
    this.secure = secure;
    this.sessions = sessions;
    this.id = target.id;
    this.host = target.host;
    this.port = target.port;
  }

  get healthy(): boolean {
    return this.monitor?.health.state === 'healthy';
  }

  takeIdle(): TargetConnection | undefined {
    return this.#idle.pop();
  }

  /** False when the connection is not wanted and was not taken. */
  keepIdle(connection: TargetConnection): boolean {
    if (this.phase === 'draining' || this.removed || this.#idle.length >= IDLE_MAX) return false;
    this.#idle.push(connection);
    return true;
  }

  /** An idle connection is gone. Near the end of the list as a rule, so it is looked for from there. */
  forgetIdle(connection: TargetConnection): void {
    const index = this.#idle.lastIndexOf(connection);
    if (index >= 0) this.#idle.splice(index, 1);
  }

  closeIdle(): void {
    for (const connection of this.#idle.splice(0)) connection.close();
    this.sessions?.retire();
  }

  closeAll(): void {
    for (const connection of this.connections) connection.abandon('deregistration-delay-over');
    this.closeIdle();
  }

  /** It turned unhealthy while others are well: what waits for its answer and may safely be sent again is. */
  rescue(): void {
    for (const connection of this.connections) if (connection.rescuable) connection.abandon('target-unhealthy');
  }

  describe(): TargetHealth {
    return describeHealth({ targetGroupId: this.group.id, targetId: this.id, host: this.host }, this.phase, this.monitor?.health);
  }
}
