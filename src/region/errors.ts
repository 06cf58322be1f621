import { defineErrors, ExitCode } from '../base/index.ts';

export const regionErrors = defineErrors({
  PL_REGION_LISTENER_FAILED: {
    exitCode: ExitCode.environment,
    when: 'The port of a load balancer’s listener is in use or not allowed on this machine.',
  },
  PL_REGION_IMAGE_UNKNOWN: { exitCode: ExitCode.usage, when: 'A task’s image is mapped to nothing that this machine can run.' },
  PL_REGION_DATA_IN_USE: { exitCode: ExitCode.environment, when: 'Another region runs with the same data folder.' },
  PL_REGION_PLANE_FAILED: {
    exitCode: ExitCode.internal,
    when: 'The process that holds load balancers, tasks and databases could not be started, or ended again and again.',
  },
  PL_REGION_PLANE_INTERRUPTED: {
    exitCode: ExitCode.internal,
    when: 'The process that holds load balancers, tasks and databases ended while something was asked of it; another is started.',
  },
  PL_REGION_NOT_READY: { exitCode: ExitCode.failed, when: 'A service, database or load balancer did not become ready in time.' },
});
