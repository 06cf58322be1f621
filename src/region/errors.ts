import { defineErrors, ExitCode } from '../base/index.ts';

export const regionErrors = defineErrors({
  PL_REGION_STATE_NEWER: { exitCode: ExitCode.usage, when: 'The data folder was written by a newer version of Plimsoll.' },
  PL_REGION_STATE_LOCKED: { exitCode: ExitCode.environment, when: 'Another Plimsoll process uses the same data folder.' },
  PL_REGION_STATE_UNUSABLE: { exitCode: ExitCode.environment, when: 'The state in the data folder cannot be opened or written.' },
  PL_REGION_LISTENER_FAILED: {
    exitCode: ExitCode.environment,
    when: 'The port of a load balancer’s listener is in use or not allowed on this machine.',
  },
  PL_REGION_IMAGE_UNKNOWN: { exitCode: ExitCode.usage, when: 'A task’s image is mapped to nothing that this machine can run.' },
  PL_REGION_NOT_READY: { exitCode: ExitCode.failed, when: 'A service, database or load balancer did not become ready in time.' },
});
