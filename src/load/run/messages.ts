import type { HistogramData } from '../../base/index.ts';
import type { RawOptions } from '../options/options.ts';
import type { MetricType, ValueType } from '../metrics/sinks.ts';
import type { MetricDelta } from '../metrics/registry.ts';
import type { Recording, SampleBatch } from '../outputs/recorder.ts';
import type { GroupDelta } from '../vu/groups.ts';
import type { LogLevel } from '../vu/engine.ts';

/** What the run (the parent) and its load processes say to each other. */

export type ToProcess =
  | {
      type: 'prepare';
      script: string;
      source: string | undefined;
      env: Record<string, string>;
      layers: { below: RawOptions; above: RawOptions };
      secretSources: readonly string[];
      recording: Recording | undefined;
    }
  | { type: 'setup' }
  /**
   * `place`: of the process among all. One that takes the place of another goes on from `elapsedMs` of the run, with what that one had `done`.
   */
  | {
      type: 'start';
      place: { index: number; count: number };
      setupData: string | undefined;
      reportMs: number;
      elapsedMs: number;
      done: readonly Done[];
    }
  /** From outside, for externally-controlled scenarios: the VUs of the whole run, and whether they pause. */
  | { type: 'control'; vus: number | undefined; paused: boolean | undefined }
  /** End setup() and all iterations now; no other begins. */
  | { type: 'interrupt' }
  | { type: 'teardown'; setupData: string | undefined }
  | { type: 'summary'; data: string };

/** What handleSummary() returned: file name, `stdout` or `stderr` → content. */
export type SummaryOutputs = Record<string, string | Uint8Array>;

/** A PlimsollError on its way. */
export interface ErrorMessage {
  code: string;
  message: string;
  stack: string | undefined;
}

export interface ScenarioReport {
  name: string;
  fraction: number;
  activeVus: number;
  complete: number;
  interrupted: number;
  isDone: boolean;
}

/** Iterations of one scenario that one process has behind it. */
export type Done = Pick<ScenarioReport, 'name' | 'complete' | 'interrupted'>;

/** Everything since the last report. */
export interface Report {
  metrics: MetricDelta[];
  groups: GroupDelta[];
  errors: [message: string, count: number][];
  scenarios: ScenarioReport[];
  vus: number;
  /** The longest that timers were late since the last report: the process had more to do than it could. */
  lagMs: number;
  /** Cores that the process kept busy since the last report. */
  cores: number;
  /** How late arrival-rate iterations began. */
  startDelays: HistogramData | undefined;
  /** How many of them did not, for want of a VU. */
  missedStarts: number;
}

export type FromProcess =
  /** `metrics`: those that the init code declared. */
  | {
      type: 'prepared';
      options: RawOptions;
      /** Of the script, by a layer above it. */
      replacesScenarios: boolean;
      exports: string[];
      metrics: [name: string, type: MetricType, contains: ValueType][];
    }
  | { type: 'failed'; error: ErrorMessage }
  | { type: 'setup-done'; setupData: string | undefined; error: ErrorMessage | undefined }
  | { type: 'ready' }
  | { type: 'report'; report: Report }
  | { type: 'samples'; batch: SampleBatch }
  | { type: 'finished' }
  | { type: 'abort'; error: ErrorMessage | undefined; exitCode: number; reason: string }
  | { type: 'marked-failed'; reason: string }
  | { type: 'teardown-done'; error: ErrorMessage | undefined }
  | { type: 'summary-done'; outputs: SummaryOutputs | undefined }
  | { type: 'log'; level: LogLevel; message: string; source: string };
