import { defineErrors, ExitCode } from '../base/index.ts';

export const cliErrors = defineErrors({
  PL_CLI_CONFIG_UNREADABLE: { exitCode: ExitCode.usage, when: 'A configuration file cannot be read.' },
  PL_CLI_CONFIG_INVALID: {
    exitCode: ExitCode.usage,
    when: 'A configuration file is not what its schema and the rules between its keys ask for; each line names file, line and key.',
  },
  PL_CLI_ADMIN_PORT: { exitCode: ExitCode.environment, when: 'The admin port of the load balancer cannot be used.' },
  PL_CLI_LISTENER: {
    exitCode: ExitCode.environment,
    when: 'A listener of the load balancer’s configuration cannot listen on its address.',
  },
  PL_CLI_OUTPUT: { exitCode: ExitCode.environment, when: 'A file that a command was asked to write cannot be written.' },
  PL_CLI_DATA_NOT_EMPTY: { exitCode: ExitCode.usage, when: 'A folder that a command was to fill is not empty.' },
  PL_CLI_IMAGE: { exitCode: ExitCode.usage, when: 'A container image is mapped to something that cannot be run.' },
  PL_CLI_RUN_CONTROL: { exitCode: ExitCode.failed, when: 'A running test does not answer, or cannot follow what it was asked for.' },
  PL_CLI_STACK_UNKNOWN: { exitCode: ExitCode.usage, when: 'The demo was asked for a stack that this version does not have.' },
  PL_CLI_NO_REGION: { exitCode: ExitCode.environment, when: 'No region of Plimsoll answers at the endpoint that a command was given.' },
  PL_CLI_LOGS_UNKNOWN: { exitCode: ExitCode.usage, when: 'Logs were asked for of something that the region does not have.' },
  PL_CLI_CONSOLE_PORT: { exitCode: ExitCode.environment, when: 'The console’s port cannot be used.' },
  PL_CLI_LOAD_TEST: { exitCode: ExitCode.failed, when: 'The console was asked for a load test while another one runs.' },
  PL_CLI_LOGS_NONE: { exitCode: ExitCode.environment, when: 'Logs were asked for of tasks whose definition keeps none.' },
  PL_CLI_FOLDER: { exitCode: ExitCode.failed, when: 'The folder of Terraform files that a command was given is not there.' },
  PL_CLI_PLAN_FILE: { exitCode: ExitCode.failed, when: 'A file that was to be a saved plan is none.' },
  PL_CLI_NOT_OFFERED: { exitCode: ExitCode.usage, when: 'A command of Terraform was asked for that there is none of here.' },
  PL_CLI_APPROVAL: {
    exitCode: ExitCode.failed,
    when: 'A plan was to be approved where nobody can be asked: without a terminal, --auto-approve is needed.',
  },
});
