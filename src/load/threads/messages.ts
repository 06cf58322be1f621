import type { MetricDelta } from '../metrics/registry.ts';
import type { RawOptions } from '../options/options.ts';
import type { Recording, SampleBatch } from '../outputs/recorder.ts';
import type { ScriptSource } from '../script/loaded.ts';
import type { GroupDelta } from '../vu/groups.ts';
import type { LogLevel, Phase } from '../vu/engine.ts';
import type { IterationPlace } from '../vu/vu.ts';
import type { Exchange } from '../http/exchange.ts';
import type { Target } from '../http/target.ts';

/** What the main thread of a load process and the threads of its VUs say to each other. */

/** All that a thread has to know of the run. */
export interface ThreadSetup {
  readonly source: ScriptSource;
  readonly env: Record<string, string>;
  readonly options: RawOptions;
  readonly secretSources: readonly string[];
  readonly recording: Recording | undefined;
}

/** How the threads of a process are made. */
export interface ThreadPlan extends ThreadSetup {
  /** Functions that the script exports. */
  readonly exports: readonly string[];
  onSamples(batch: SampleBatch): void;
}

export interface ThreadStart extends ThreadSetup {
  readonly vuId: number;
  /** See `Signal`. */
  readonly signal: Int32Array;
}

/** Cells of the shared memory that a blocked thread watches. */
export const Signal = {
  /** Goes up by one with each message. */
  messages: 0,
  /** 1: the iteration was interrupted. */
  stop: 1,
} as const;

/** A call of an exported function, with the place of its iteration in the run. */
export interface ThreadCall {
  type: 'call';
  name: string;
  /** JSON. */
  data: string | undefined;
  phase: Phase;
  group: string;
  iteration: number;
  place: IterationPlace;
  lateMs: number;
  scenario:
    | {
        name: string;
        executor: string;
        env: Readonly<Record<string, string>>;
        tags: Readonly<Record<string, string>>;
        ageMs: number;
        progress: number;
      }
    | undefined;
  instance: { ageMs: number; completed: number; interrupted: number; active: number; initialized: number };
}

export interface Answer {
  type: 'answer';
  id: number;
  status: number;
  proto: Exchange['proto'];
  fields: string;
  setsCookies: boolean;
  contentEncoding: string | undefined;
  content: string | Uint8Array | undefined;
  contentBytes: number;
  failure: { code: number; message: string; detail: string } | undefined;
  /** From the start of the request, in milliseconds; 0 for what did not come. */
  times: { ready: number; sent: number; firstByte: number; ended: number };
  connectingMs: number;
  tlsMs: number;
  tls: { version: string; cipher: string; staple: Uint8Array | undefined } | undefined;
  remoteAddress: string | undefined;
}

export type ToThread = ThreadCall | Answer;

/** What was measured since the last time. */
export interface ThreadReport {
  metrics: MetricDelta[];
  groups: GroupDelta[];
  errors: [message: string, count: number][];
}

export interface ThreadError {
  message: string;
  /** In the script's own lines. */
  stack: string;
}

export type FromThread =
  | { type: 'ready' }
  | {
      type: 'request';
      id: number;
      method: string;
      target: Target;
      head: string;
      body: string | Uint8Array | undefined;
      keepsBody: boolean;
      wantsBytes: boolean;
      timeoutMs: number;
    }
  | { type: 'cancel'; id: number }
  | { type: 'done'; value: unknown; error: ThreadError | undefined }
  | { type: 'report'; report: ThreadReport }
  | { type: 'samples'; batch: SampleBatch }
  | { type: 'log'; level: LogLevel; message: string; source: string }
  | { type: 'abort'; code: string; exitCode: number; message: string }
  | { type: 'marked-failed'; reason: string }
  /** The interrupted iteration has sent its last report. */
  | { type: 'stopped' };
