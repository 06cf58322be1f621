import { defineErrors, ExitCode } from '../base/index.ts';

export const autoscalingErrors = defineErrors({
  PL_SCALING_METRIC: {
    exitCode: ExitCode.usage,
    when: 'A scaling policy names a predefined metric that does not exist for its resource.',
  },
  PL_SCALING_SCHEDULE: {
    exitCode: ExitCode.usage,
    when: 'A schedule is neither a cron expression, nor at(…), nor rate(…), or its time zone does not exist.',
  },
});
