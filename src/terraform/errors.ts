import { ExitCode, defineErrors } from '../base/index.ts';

export const terraformErrors = defineErrors({
  PL_TERRAFORM_SYNTAX: {
    exitCode: ExitCode.failed,
    when: 'A Terraform file cannot be read: it is no valid HCL or JSON, or a folder holds no Terraform file.',
  },
  PL_TERRAFORM_EXPRESSION: {
    exitCode: ExitCode.failed,
    when: 'An expression of a Terraform file has no value: it names what is not declared, or an operator or function refuses what it is given.',
  },
  PL_TERRAFORM_TYPE: {
    exitCode: ExitCode.failed,
    when: 'A value does not fit the type that a Terraform variable or argument asks for.',
  },
  PL_TERRAFORM_CONFIGURATION: {
    exitCode: ExitCode.failed,
    when: 'Terraform files can be read but not planned: a block, argument, resource type or variable is unknown or missing, names form a cycle, a condition does not hold, or the plan is refused.',
  },
  PL_TERRAFORM_APPLY: {
    exitCode: ExitCode.failed,
    when: 'A resource could not be made, read, changed or deleted as the Terraform files ask, or a data source found nothing or too much.',
  },
  PL_TERRAFORM_STATE_INVALID: {
    exitCode: ExitCode.failed,
    when: 'The file of a Terraform state cannot be read, or is no state.',
  },
  PL_TERRAFORM_STATE_NEWER: {
    exitCode: ExitCode.failed,
    when: 'A Terraform state has a format that a newer version of Terraform brought.',
  },
  PL_TERRAFORM_STATE_LOCKED: {
    exitCode: ExitCode.failed,
    when: 'Another process holds the lock of a Terraform state, or the lock that was to be taken away is not there.',
  },
  PL_TERRAFORM_STATE_WRITE: {
    exitCode: ExitCode.environment,
    when: 'A Terraform state or its lock cannot be written: the disk is full, or the folder is not ours to write in.',
  },
});
