import type { HealthCheck, ProtocolVersion } from '../../model/index.ts';

/** A group's health check together with what its targets speak; HTTP1 unless given. */
export interface Check extends HealthCheck {
  readonly protocolVersion?: ProtocolVersion;
}
