import { defineErrors, ExitCode } from '../base/index.ts';

export const metricsErrors = defineErrors({
  PL_METRICS_VALUE: {
    exitCode: ExitCode.usage,
    when: 'A measurement is not a finite number between -2^360 and 2^360, or its values and counts do not fit together.',
  },
  PL_METRICS_DIMENSIONS: {
    exitCode: ExitCode.usage,
    when: 'A metric was given more than 30 dimensions.',
  },
  PL_METRICS_PERIOD: {
    exitCode: ExitCode.usage,
    when: 'A period is not 1, 5, 10, 20 or 30 seconds, nor a multiple of 60.',
  },
  PL_METRICS_STATISTIC: {
    exitCode: ExitCode.usage,
    when: 'A statistic is none that CloudWatch knows, or its bounds make no range.',
  },
  PL_METRICS_EXPRESSION: {
    exitCode: ExitCode.usage,
    when: 'A metric math expression cannot be read, names something that does not exist, refers to itself, or gives a function what it does not take.',
  },
  PL_METRICS_ALARM_RULE: {
    exitCode: ExitCode.usage,
    when: 'The rule of a composite alarm cannot be read.',
  },
  PL_METRICS_SERIES: {
    exitCode: ExitCode.failed,
    when: 'The store holds as many series as it may; a further one was refused.',
  },
});
