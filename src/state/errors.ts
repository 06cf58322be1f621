import { defineErrors, ExitCode } from '../base/index.ts';

export const stateErrors = defineErrors({
  PL_STATE_NEWER: { exitCode: ExitCode.usage, when: 'The data folder was written by a newer version of Plimsoll.' },
  PL_STATE_LOCKED: { exitCode: ExitCode.environment, when: 'Another Plimsoll process uses the same data folder.' },
  PL_STATE_UNUSABLE: { exitCode: ExitCode.environment, when: 'The state in the data folder cannot be opened.' },
  PL_STATE_UNWRITABLE: { exitCode: ExitCode.environment, when: 'The state cannot be written, e.g. because the disk is full.' },
});
