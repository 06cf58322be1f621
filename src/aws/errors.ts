import { defineErrors, ExitCode } from '../base/index.ts';

export const awsErrors = defineErrors({
  PL_AWS_PORT_BUSY: { exitCode: ExitCode.environment, when: 'The port of the AWS endpoint is in use.' },
  PL_AWS_LISTEN_FAILED: { exitCode: ExitCode.environment, when: 'The AWS endpoint cannot listen on the address or port asked for.' },
  PL_AWS_CREDENTIALS_MISSING: {
    exitCode: ExitCode.usage,
    when: '--require-credentials was given and the environment names no key pair to verify signatures with.',
  },
  PL_AWS_QUOTA: { exitCode: ExitCode.usage, when: 'A quota was set that does not exist, or to something that is no number.' },
});
