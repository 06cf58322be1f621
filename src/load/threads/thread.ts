import { parentPort, workerData } from 'node:worker_threads';
import { assert, monotonicMs, PlimsollError } from '../../base/index.ts';
import { RunExitCode } from '../errors.ts';
import { MetricRegistry } from '../metrics/registry.ts';
import { stageAt, stageMetrics } from '../metrics/stages.ts';
import { loadModules } from '../modules/index.ts';
import { resolveOptions } from '../options/options.ts';
import { Recorder } from '../outputs/recorder.ts';
import { absentTags, systemTagsOf } from '../outputs/tags.ts';
import { loadScript } from '../script/loaded.ts';
import { Secrets } from '../secrets/sources.ts';
import { Engine } from '../vu/engine.ts';
import { leaveIteration } from '../vu/iteration.ts';
import { UncaughtRejection, Vu } from '../vu/vu.ts';
import { Blocking } from './blocking.ts';
import type { FromThread, ThreadCall, ThreadStart } from './messages.ts';

/**
 * The thread of one VU whose script cannot be rewritten: the script runs as it was written, and a blocking call
 * blocks. It has modules, metrics and an event loop of its own; what it measures is sent to the main thread.
 */

assert(parentPort, 'runs as a worker thread');
const port = parentPort;
const start = workerData as ThreadStart;
const post = (message: FromThread): void => port.postMessage(message);

const script = loadScript(start.source);
await loadModules(script.hostModules);
const recorder = start.recording && new Recorder(start.recording, (batch) => post({ type: 'samples', batch }));
const systemTags = systemTagsOf(start.options['systemTags']);
if (recorder) recorder.systemTags = systemTags;
const metrics = new MetricRegistry(recorder?.create);
metrics.leaveOut(absentTags(systemTags));
const secrets = new Secrets(start.secretSources);
const engine = new Engine({
  script,
  scriptFile: start.source.file,
  env: start.env,
  metrics,
  log: (level, message, source) => post({ type: 'log', level, message: secrets.redact(message), source }),
});
engine.secrets = secrets;
engine.http.contentSize = recorder?.contentSize();
engine.options = resolveOptions(start.options).options;
if (engine.options.summaryMode === 'full') metrics.countPlaces();
engine.pacer = undefined;
engine.rawOptions = start.options;
engine.onFail = (reason) => post({ type: 'marked-failed', reason });
engine.onAbort = (error) => {
  const { code, exitCode } = error instanceof PlimsollError ? error : { code: '', exitCode: RunExitCode.internal };
  post({ type: 'abort', code, exitCode, message: error instanceof Error ? error.message : String(error) });
};

function report(): void {
  recorder?.flush();
  post({ type: 'report', report: { metrics: metrics.take(), groups: engine.rootGroup.take(), errors: [...engine.errorCounts] } });
  engine.errorCounts.clear();
}

engine.blocking = new Blocking(port, start.signal, report, (call) => void run(call));
const vu = new Vu(engine, start.vuId);
vu.initialise();
for (const name of Object.keys(engine.options.thresholds)) metrics.submetric(name);
if (engine.options.stageResults) for (const { name } of stageMetrics(engine.options.scenarios)) metrics.submetric(name);
post({ type: 'ready' });

let dataText: string | undefined;
let data: unknown;

/** Data of setup() is the VU's own copy, and the same in all its iterations. */
function dataOf(text: string | undefined): unknown {
  if (text !== dataText) data = text === undefined ? undefined : JSON.parse(text);
  dataText = text;
  return data;
}

function enter(call: ThreadCall): void {
  const { scenario, instance } = call;
  const nowMs = monotonicMs();
  engine.phase = call.phase;
  engine.instance = {
    startedAtMs: instance.ageMs === 0 ? 0 : nowMs - instance.ageMs,
    iterationsCompleted: () => instance.completed,
    iterationsInterrupted: () => instance.interrupted,
    vusActive: () => instance.active,
    vusInitialized: () => instance.initialized,
  };
  if (scenario) {
    const { name, executor, env, tags } = scenario;
    const planned = engine.options.scenarios.find((other) => other.name === name);
    const startedAtMs = nowMs - scenario.ageMs;
    vu.join({
      name,
      executor,
      env,
      tags,
      startedAtMs: () => startedAtMs,
      progress: () => scenario.progress,
      stage: () => planned && stageAt(planned, monotonicMs() - startedAtMs),
    });
  }
  Object.assign(vu.place, call.place);
  vu.iteration = call.iteration;
  vu.lateMs = call.lateMs;
  vu.group = call.group === '' ? engine.rootGroup : engine.rootGroup.group(call.group);
}

async function run(call: ThreadCall): Promise<void> {
  enter(call);
  let value: unknown;
  let failure: { message: string; stack: string } | undefined;
  try {
    value = await vu.call(call.name, dataOf(call.data));
    // What setup() returns goes to other VUs as JSON.
    value = value === undefined ? undefined : JSON.parse(JSON.stringify(value));
  } catch (thrown) {
    const error = thrown instanceof UncaughtRejection ? thrown.reason : thrown;
    failure = { message: error instanceof Error ? error.message : String(error), stack: script.stackOf(error) };
  }
  leaveIteration(vu);
  report();
  post({ type: 'done', value, error: failure });
}
