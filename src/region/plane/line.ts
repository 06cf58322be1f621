import type { Socket } from 'node:net';
import { PlimsollError } from '../../base/index.ts';
import { regionErrors } from '../errors.ts';
import { Channel, errorFromRecord } from './channel.ts';
import type { PlaneCalls, PlaneEvent, PlaneMessage } from './protocol.ts';

/** Calls after which something has ended. */
export type EndingCall = 'stop' | 'stopMachine' | 'stopDatabase' | 'stopBalancer' | 'closeMachines' | 'closeDriver';

/** Calls over a channel to one process of a data plane. */
export class Line {
  readonly #channel: Channel;
  readonly #pending = new Map<number, { answer: (value: never) => void; refuse: (error: Error) => void }>();
  readonly closed: Promise<void>;
  #count = 0;
  #open = true;
  onEvent: (event: PlaneEvent) => void = () => undefined;

  constructor(socket: Socket) {
    this.#channel = new Channel(socket, (message) => this.#onMessage(message));
    this.closed = new Promise((closed) => this.#channel.onClose(closed));
    void this.closed.then(() => this.#onClose());
  }

  /** Rejects with PL_REGION_PLANE_INTERRUPTED where the process ends before it has answered, with PL_REGION_PLANE_FAILED where it had ended before. */
  call<Name extends keyof PlaneCalls>(method: Name, ...args: Parameters<PlaneCalls[Name]>): Promise<ReturnType<PlaneCalls[Name]>> {
    if (!this.#open) return Promise.reject(planeFailed('the process of the data plane ended'));
    const id = this.#count++;
    return new Promise((answer, refuse) => {
      this.#pending.set(id, { answer, refuse });
      this.#channel.send({ type: 'call', id, method, args });
    });
  }

  /** For calls that end something: when the data plane has ended, that is done. */
  async end<Name extends EndingCall>(method: Name, ...args: Parameters<PlaneCalls[Name]>): Promise<void> {
    await this.call(method, ...args).catch((error: unknown) => {
      if (this.#open) throw error;
    });
  }

  /** Ends the data plane; resolves when its process has. */
  async close(): Promise<void> {
    this.call('close').catch(() => undefined);
    await this.closed;
  }

  #onMessage(message: PlaneMessage): void {
    if (message.type === 'event') return this.onEvent(message.event);
    if (message.type === 'call') return;
    const pending = this.#pending.get(message.id);
    this.#pending.delete(message.id);
    if (message.type === 'result') pending?.answer(message.value as never);
    else pending?.refuse(errorFromRecord(message.error));
  }

  #onClose(): void {
    this.#open = false;
    for (const { refuse } of this.#pending.values()) {
      refuse(planeInterrupted('the process of the data plane ended before it had answered'));
    }
    this.#pending.clear();
  }
}

export function planeFailed(what: string, fix?: string): PlimsollError {
  return new PlimsollError(regionErrors.PL_REGION_PLANE_FAILED, { what, ...(fix === undefined ? {} : { fix }) });
}

export function planeInterrupted(what: string): PlimsollError {
  return new PlimsollError(regionErrors.PL_REGION_PLANE_INTERRUPTED, { what });
}

/** Whether a call failed only because the data plane ended meanwhile: another takes its place, and may be asked again. */
export function isInterruption(error: unknown): boolean {
  return error instanceof PlimsollError && error.code === regionErrors.PL_REGION_PLANE_INTERRUPTED.code;
}
