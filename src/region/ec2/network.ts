import type { WorkloadUsage } from '../../model/index.ts';

export interface NetworkBytes {
  readonly name: 'NetworkIn' | 'NetworkOut';
  readonly unit: 'Bytes';
  readonly timestampMs: number;
  readonly value: number;
}

interface Minute {
  readonly startMs: number;
  inBytes: number;
  outBytes: number;
}

const minuteMs = 60_000;

/**
 * AWS/EC2 NetworkIn and NetworkOut: all bytes of a minute are one measurement, so that their average over instances, which
 * ASGAverageNetworkIn tracks, is what EC2's detailed monitoring gives.
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/viewing_metrics_with_cloudwatch.html
 */
export class NetworkMinutes {
  readonly #minutes = new Map<string, Minute>();

  /** Counts what an instance used; returns the minute before once another has begun. */
  count(id: string, { networkInBytes, networkOutBytes }: WorkloadUsage, nowMs: number): NetworkBytes[] {
    if (networkInBytes === undefined || networkOutBytes === undefined) return [];
    const startMs = nowMs - (nowMs % minuteMs);
    const minute = this.#minutes.get(id);
    if (minute?.startMs === startMs) {
      minute.inBytes += networkInBytes;
      minute.outBytes += networkOutBytes;
      return [];
    }
    this.#minutes.set(id, { startMs, inBytes: networkInBytes, outBytes: networkOutBytes });
    if (minute === undefined) return [];
    const common = { unit: 'Bytes', timestampMs: minute.startMs } as const;
    return [
      { ...common, name: 'NetworkIn', value: minute.inBytes },
      { ...common, name: 'NetworkOut', value: minute.outBytes },
    ];
  }

  forget(id: string): void {
    this.#minutes.delete(id);
  }
}
