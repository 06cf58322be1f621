import { readFileSync, readlinkSync } from 'node:fs';

/** What came in and went out by the network interfaces of a process, since they were made. */
export interface Traffic {
  readonly receivedBytes: number;
  readonly sentBytes: number;
}

/** Linux: undefined for a process that shares this one's network, whose counters would say nothing of it. proc_pid_net(5). */
export function trafficOf(pid: number): Traffic | undefined {
  try {
    if (readlinkSync(`/proc/${pid}/ns/net`) === readlinkSync('/proc/self/ns/net')) return undefined;
    return sum(readFileSync(`/proc/${pid}/net/dev`, 'latin1'));
  } catch {
    return undefined; // gone, another user's, or no /proc here
  }
}

/** `eth0: <bytes> and seven more received, <bytes> and seven more sent`, after two lines of headings. */
function sum(text: string): Traffic {
  let receivedBytes = 0;
  let sentBytes = 0;
  for (const line of text.split('\n').slice(2)) {
    const [name = '', counters = ''] = line.split(':');
    if (name.trim() === 'lo') continue;
    const numbers = counters.trim().split(/\s+/).map(Number);
    receivedBytes += numbers[0] ?? 0;
    sentBytes += numbers[8] ?? 0;
  }
  return { receivedBytes, sentBytes };
}

/** Bytes between calls. */
export class TrafficMeter {
  readonly #pid: number;
  #before: Traffic = { receivedBytes: 0, sentBytes: 0 };

  constructor(pid: number) {
    this.#pid = pid;
  }

  read(): { networkInBytes: number; networkOutBytes: number } | undefined {
    const now = trafficOf(this.#pid);
    if (now === undefined) return undefined;
    const { receivedBytes, sentBytes } = this.#before;
    this.#before = now;
    return {
      networkInBytes: Math.max(0, now.receivedBytes - receivedBytes),
      networkOutBytes: Math.max(0, now.sentBytes - sentBytes),
    };
  }
}
