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
  PL_TERRAFORM_APPLY: {
    exitCode: ExitCode.failed,
    when: 'A resource could not be made, read, changed or deleted as the Terraform files ask, or a data source found nothing or too much.',
  },
});
