import type { ContainerStats } from 'dockerode';
import { monotonicMs } from '../../base/index.ts';
import type { WorkloadSpec, WorkloadUsage } from '../../model/index.ts';

/** What a container uses, over spans between calls, from the Engine's counters. */
export class ContainerMeter {
  readonly #spec: WorkloadSpec;
  #cpuNs = 0;
  #receivedBytes = 0;
  #sentBytes = 0;
  #atMs = monotonicMs();

  constructor(spec: WorkloadSpec) {
    this.#spec = spec;
  }

  read({ cpu_stats: cpu, memory_stats: memory, networks }: ContainerStats): WorkloadUsage {
    const { id, cpuUnits, memoryMiB } = this.#spec;
    const nowMs = monotonicMs();
    const cpuNs = cpu.cpu_usage?.total_usage ?? 0;
    const spanMs = Math.max(1, nowMs - this.#atMs);
    const cpuPercent = (Math.max(0, cpuNs - this.#cpuNs) / 1e6 / spanMs / (cpuUnits / 1024)) * 100;
    const memoryBytes = Math.max(0, (memory.usage ?? 0) - reclaimableBytes(memory.stats));
    const interfaces = Object.values(networks ?? {});
    const receivedBytes = interfaces.reduce((sum, { rx_bytes }) => sum + rx_bytes, 0);
    const sentBytes = interfaces.reduce((sum, { tx_bytes }) => sum + tx_bytes, 0);
    const usage = {
      id,
      cpuPercent,
      memoryBytes,
      memoryPercent: (memoryBytes / (memoryMiB * 2 ** 20)) * 100,
      networkInBytes: Math.max(0, receivedBytes - this.#receivedBytes),
      networkOutBytes: Math.max(0, sentBytes - this.#sentBytes),
    };
    this.#cpuNs = cpuNs;
    this.#atMs = nowMs;
    this.#receivedBytes = receivedBytes;
    this.#sentBytes = sentBytes;
    return usage;
  }
}

/** Page cache that the kernel gives back at once counts as free, as `docker stats` has it (cgroup v1 and v2 name it differently). */
function reclaimableBytes(stats: Partial<Record<string, number>> | undefined): number {
  return stats?.['total_inactive_file'] ?? stats?.['inactive_file'] ?? 0;
}
