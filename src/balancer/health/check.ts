import type { HealthCheck, ProtocolVersion } from '../../model/index.ts';

/** A group's health check together with what its targets speak; HTTP1 unless given. */
export interface Check extends HealthCheck {
  readonly protocolVersion?: ProtocolVersion;
  /** The target's: its check waits this long and has so much less time. */
  readonly addedLatencyMs?: number;
}
