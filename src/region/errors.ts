import { defineErrors, ExitCode } from '../base/index.ts';

export const regionErrors = defineErrors({
  PL_REGION_LISTENER_FAILED: {
    exitCode: ExitCode.environment,
    when: 'The port of a load balancer’s listener is in use or not allowed on this machine.',
  },
  PL_REGION_IMAGE_UNKNOWN: { exitCode: ExitCode.usage, when: 'A task’s image is mapped to nothing that this machine can run.' },
  PL_REGION_NOT_READY: { exitCode: ExitCode.failed, when: 'A service, database or load balancer did not become ready in time.' },
});
