import { defineErrors, ExitCode } from '../base/index.ts';

export const cliErrors = defineErrors({
  PL_CLI_OUTPUT: { exitCode: ExitCode.environment, when: 'A file that a command was asked to write cannot be written.' },
  PL_CLI_DATA_NOT_EMPTY: { exitCode: ExitCode.usage, when: 'A folder that a command was to fill is not empty.' },
  PL_CLI_STACK_UNKNOWN: { exitCode: ExitCode.usage, when: 'The demo was asked for a stack that this version does not have.' },
});
