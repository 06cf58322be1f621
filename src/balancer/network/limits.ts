import type { Listener } from '../../model/index.ts';

/**
 * What the numbers of a network listener may be.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/network/update-idle-timeout.html; the others are ours.
 */
const limits = {
  idleTimeoutMs: [60_000, 6_000_000],
  connectTimeoutMs: [100, 120_000],
  udpFlowsMax: [1, 1_000_000],
} as const;

/** Bytes that may wait in one UDP socket; datagrams beyond are dropped, as a network would. */
export const SEND_QUEUE_MAX_BYTES = 1024 * 1024;

/** Throws when a number of the listener is none, or out of its range: a snapshot with it is refused for this listener. */
export function checkLimits({ id, network = {} }: Listener): void {
  for (const [name, [min, max]] of Object.entries(limits)) {
    const value = network[name as keyof typeof limits];
    if (value !== undefined && !(value >= min && value <= max))
      throw new Error(`the network listener ${id} has ${name} ${value}; it must be from ${min} to ${max}`);
  }
}
