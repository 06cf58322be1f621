import { defineErrors } from '../base/index.ts';

/** k6's exit codes (grafana/k6 `errext/exitcodes`); `plimsoll run` answers with the same. */
export const RunExitCode = {
  ok: 0,
  thresholdsFailed: 99,
  setupTimeout: 100,
  teardownTimeout: 101,
  timeout: 102,
  stoppedByRest: 103,
  invalidConfig: 104,
  externalAbort: 105,
  restCannotStart: 106,
  scriptException: 107,
  scriptAborted: 108,
  internal: 109,
  markedFailed: 110,
  usage: 255,
} as const;

export const loadErrors = defineErrors({
  PL_LOAD_SCRIPT_MISSING: {
    exitCode: RunExitCode.usage,
    when: 'The script cannot be read, or what it exports is no test: no function at all, or a setup or teardown that is none.',
  },
  PL_LOAD_SCRIPT_INVALID: {
    exitCode: RunExitCode.scriptException,
    when: 'The script does not parse, or it throws while it is initialised, set up or torn down.',
  },
  PL_LOAD_MODULE_UNSUPPORTED: {
    exitCode: RunExitCode.scriptException,
    when: 'The script imports a module that does not exist or that Plimsoll does not provide.',
  },
  PL_LOAD_CANNOT_SUSPEND: {
    exitCode: RunExitCode.scriptException,
    when: 'The script makes a blocking call (a request, sleep) at a place that the JavaScript engine calls itself and that therefore cannot wait: a getter, a constructor, a callback of a native function. Scripts of which that is known beforehand run in a thread for each VU, unless there are too many VUs or the script uses WebSockets or gRPC; --vu-threads asks for it.',
  },
  PL_LOAD_OPTIONS_INVALID: {
    exitCode: RunExitCode.invalidConfig,
    when: 'An option, a threshold or a scenario is malformed or not supported, be it in the script, an environment variable or the configuration file, or a scenario names a function that the script does not export.',
  },
  PL_LOAD_USAGE: {
    exitCode: RunExitCode.usage,
    when: 'A flag has a value that it cannot have, or names a file that cannot be written.',
  },
  PL_LOAD_CONTROL: { exitCode: RunExitCode.invalidConfig, when: 'A running test was asked for something that it cannot follow.' },
  PL_LOAD_REST: { exitCode: RunExitCode.restCannotStart, when: 'The REST API of --address cannot listen there.' },
  PL_LOAD_SETUP_TIMEOUT: { exitCode: RunExitCode.setupTimeout, when: 'setup() took longer than setupTimeout.' },
  PL_LOAD_TEARDOWN_TIMEOUT: { exitCode: RunExitCode.teardownTimeout, when: 'teardown() took longer than teardownTimeout.' },
  PL_LOAD_TEST_ABORTED: { exitCode: RunExitCode.scriptAborted, when: 'The script called test.abort().' },
  PL_LOAD_PROCESS_DIED: {
    exitCode: RunExitCode.internal,
    when: 'Load processes kept ending before the test did, or one outside its scenarios: killed, out of memory, or a fault of ours.',
  },
});
