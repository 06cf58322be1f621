import type { HistogramData } from '../../base/index.ts';
import type { SummaryData, SummaryGroup } from '../summary/data.ts';
import type { ThresholdOption } from '../metrics/thresholds.ts';
import type { SeriesDelta } from '../outputs/recorder.ts';

export interface LoadRequest {
  /** Path of the script; relative ones start at the working directory. */
  script: string;
  /** The script itself, when it is not to be read from `script`, whose folder it then is in. */
  source?: string;
  /** `__ENV`. */
  env?: Record<string, string>;
  /** k6 options that take precedence over the script's own. */
  options?: Record<string, unknown>;
  /** k6 options that the script's own take precedence over (a configuration file). */
  defaults?: Record<string, unknown>;
  /** How often `onProgress` is called; 1000 by default. */
  progressMs?: number;
  /** Load processes; cores − 1 by default, at most one for each eight VUs, and more when one cannot hold all connections. */
  workers?: number;
  /** Where results go besides the summary, as k6's `--out`: `json=results.json`, `html=report.html`, `web-dashboard` … */
  outputs?: readonly string[];
  /** Variables that configure outputs (`K6_CSV_TIME_FORMAT` …); those of this process by default. */
  outputEnv?: Readonly<Record<string, string | undefined>>;
  /** Gets what was measured since the last time, per metric and set of tags; many different URLs make many series. */
  onSeries?: (series: readonly SeriesDelta[]) => void;
  /** Where `k6/secrets` finds its secrets, as k6's `--secret-source`: `file=secrets.env`, `mock=key=value`. */
  secretSources?: readonly string[];
  /** What handleSummary() is told of colours (`--no-color`). */
  noColor?: boolean;
  /** Gets each line that the script or the run has to say (console, errors, warnings). */
  log?: (line: LogLine) => void;
}

export interface LogLine {
  level: 'debug' | 'info' | 'warning' | 'error';
  message: string;
  /** `console`, `stacktrace`, `http` … */
  source: string;
}

export interface ScenarioProgress {
  name: string;
  executor: string;
  /** From 0 to 1. */
  fraction: number;
  /** VUs that run an iteration. */
  vus: number;
  /** The most VUs of this scenario. */
  vusMax: number;
  complete: number;
  interrupted: number;
  isDone: boolean;
  /** What k6 shows of it besides the percentage: VUs, time, iterations. */
  columns: readonly string[];
}

export interface LoadProgress {
  /** Since the first iteration could begin. */
  elapsedMs: number;
  /** VUs that scenarios hold now. */
  vus: number;
  /** Initialised VUs. */
  vusMax: number;
  iterations: number;
  interrupted: number;
  /** HTTP requests so far. */
  requests: number;
  /** Those with an unexpected status or no answer. */
  failed: number;
  /** Since the last progress. */
  window: { spanMs: number; requests: number; failed: number; durationMs: HistogramData };
  scenarios: ScenarioProgress[];
  /** As they were last evaluated, every two seconds; one without data is not crossed. */
  thresholds: ThresholdResult[];
}

export interface ThresholdResult {
  metric: string;
  source: string;
  ok: boolean;
}

export interface CheckResult {
  /** `::group::name`. */
  path: string;
  name: string;
  passes: number;
  fails: number;
}

export interface LoadResult {
  /** k6's: 0, 99 when a threshold failed, 105 when stopped … */
  exitCode: number;
  /** Why the run ended early; undefined when it did not. */
  reason: string | undefined;
  /** What goes to stdout at the end: k6's summary, or what the script's handleSummary says. */
  summaryText: string;
  /** What handleSummary has for stderr. */
  errorText: string;
  /** Other outputs of handleSummary: file name → content. */
  files: Record<string, string | Uint8Array>;
  /** As handleSummary gets them. */
  metrics: SummaryData['metrics'];
  rootGroup: SummaryGroup;
  /** What setup() returned. */
  setupData: unknown;
  thresholds: ThresholdResult[];
  checks: CheckResult[];
  requests: number;
  failed: number;
  iterations: number;
  interrupted: number;
  vusMax: number;
  durationMs: number;
  /** What in this run the generator itself may have distorted: a full core, late timers, ports or files that ran out. Empty when nothing did. */
  distortions: string[];
  /** How often each kind of error happened, e.g. `dial: connection refused`, `status 503`. */
  errorCounts: Record<string, number>;
}

export interface LoadPlan {
  /** What the run will do, per scenario, as k6 prints it. */
  scenarios: { name: string; executor: string; vusMax: number; description: string }[];
  vusMax: number;
  /** Graceful stops included. */
  maxDurationMs: number;
  processes: number;
  /** Of the whole test, from 0 to 1; less than 1 when instances share it (`executionSegment`). */
  share: number;
  thresholds: Readonly<Record<string, readonly ThresholdOption[]>>;
  /** What each output is: `json (results.json)`. */
  outputs: readonly string[];
}

/** Where a run is, with the numbers that k6 1.8 gives in its REST API. */
export const runPhases = {
  created: 1,
  pausedBeforeRun: 4,
  setup: 6,
  running: 7,
  teardown: 8,
  ended: 9,
} as const;

export interface RunStatus {
  readonly phase: (typeof runPhases)[keyof typeof runPhases];
  readonly paused: boolean;
  readonly vus: number;
  readonly vusMax: number;
  readonly stopped: boolean;
  /** A threshold has been crossed. */
  readonly tainted: boolean;
}

export interface LoadRun {
  /** The load processes' ids; complete once the run has begun. */
  readonly pids: readonly number[];
  /** Known when the script was read; rejects as `result` does. */
  readonly plan: Promise<LoadPlan>;
  onProgress(handler: (progress: LoadProgress) => void): void;
  /** Rejects with a PlimsollError when the script cannot be run or a load process dies. */
  readonly result: Promise<LoadResult>;
  readonly status: RunStatus;
  /**
   * Changes a run from outside, as k6's REST API does. Rejects with PL_LOAD_CONTROL what the run cannot follow.
   * A run that was begun `paused` starts its first iteration when it is resumed.
   */
  control(change: { vus?: number; vusMax?: number; paused?: boolean; stopped?: boolean }): Promise<void>;
  /** What setup() returned, or what was put in its place; undefined when there is none. */
  readonly setupData: unknown;
  /**
   * Runs setup() once more, as k6's REST API can, and keeps what it returns: for VUs that have not yet begun, and teardown().
   * Rejects with PL_LOAD_CONTROL when the run is over, and with what the script threw.
   */
  setup(): Promise<void>;
  /** Puts data in the place of what setup() returned; VUs that have begun keep theirs. */
  putSetupData(data: unknown): void;
  /** Runs teardown() once more. Rejects as `setup` does. */
  teardown(): Promise<void>;
  /** Metrics and groups as they are now, as handleSummary gets them. */
  snapshot(): SummaryData | undefined;
  /** Ends the run as k6 does: setup() or the iterations under way are interrupted, teardown() and the summary follow. */
  stop(reason?: string): void;
  /** Ends it at once; `result` rejects. */
  kill(): void;
}
