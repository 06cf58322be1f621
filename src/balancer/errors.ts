import { ExitCode, defineErrors } from '../base/index.ts';

export const balancerErrors = defineErrors({
  PL_BALANCER_STOPPED: {
    exitCode: ExitCode.internal,
    when: 'A routing snapshot was handed to a balancer that has been stopped.',
  },
});
