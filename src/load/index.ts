import { Run } from './run/load-run.ts';
import type { LoadRequest, LoadRun } from './run/types.ts';

/**
 * The load generator: runs k6 scripts, unchanged, in processes of its own.
 *
 *     const run = startLoad({ script: 'test.js', env: { BASE_URL: url }, options: { vus: 10, duration: '30s' } })
 *     run.onProgress((progress) => …)
 *     const { exitCode, summaryText, metrics } = await run.result
 */
export function startLoad(request: LoadRequest): LoadRun {
  return new Run(request);
}

export { loadErrors, RunExitCode } from './errors.ts';
export { openRest, type RestApi } from './rest/server.ts';
export { goDuration } from './options/durations.ts';
export { mergeOptions, type RawOptions } from './options/options.ts';
export { checkWritable } from './outputs/output.ts';
export { Statistics, type RequestFailure, type RequestStatistics } from './outputs/statistics.ts';
export { optionsFromEnvironment, optionSources, readOption, readSwitch, type OptionSource } from './options/sources.ts';
export { summaryExport } from './summary/export.ts';
export { logText } from './terminal/log.ts';
export { headerText, progressLines } from './terminal/progress.ts';
export type {
  CheckResult,
  LoadPlan,
  LoadProgress,
  LoadRequest,
  LoadResult,
  LoadRun,
  LogLine,
  RunStatus,
  ScenarioProgress,
  ThresholdResult,
} from './run/types.ts';
