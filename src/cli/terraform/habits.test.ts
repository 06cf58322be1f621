import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildProgram } from '../main.ts';
import { fromTerraform } from './habits.ts';

const spelled = (line: string): string => fromTerraform(line.split(' '), buildProgram()).args.join(' ');

const spellings: readonly (readonly [typed: string, understood: string])[] = [
  ['apply -auto-approve infra', 'apply --auto-approve infra'],
  ['apply -auto-approve=true -input=false', 'apply --auto-approve --no-input'],
  ['plan -var image=web:2 -var=n=3', 'plan --var image=web:2 --var=n=3'],
  ['plan -var -json=1', 'plan --var -json=1'],
  ['plan -var-file=a.tfvars -target=aws_lb.web -out today.plan', 'plan --var-file=a.tfvars --target=aws_lb.web --out today.plan'],
  ['plan -refresh=false -lock=false -lock-timeout=5s', 'plan --no-refresh --no-lock --lock-timeout=5s'],
  ['plan -refresh=true -lock=true -input=true', 'plan'],
  ['plan --refresh-only -compact-warnings -detailed-exitcode', 'plan --refresh-only --compact-warnings --detailed-exitcode'],
  ['plan -help', 'plan --help'],
  ['refresh -var=a=b', 'apply --refresh-only --auto-approve --var=a=b'],
  ['state list -state=x.tfstate', 'state list --state=x.tfstate'],
  ['output -raw dns_name', 'output --raw dns_name'],
  ['apply -- -auto-approve', 'apply -- -auto-approve'],
  ['apply -bogus', 'apply -bogus'],
  ['run -vus 3', 'run -vus 3'],
  ['-version', '--version'],
];

for (const [typed, understood] of spellings)
  test(`plimsoll ${typed} is understood as plimsoll ${understood}`, () => assert.equal(spelled(typed), understood));

test('-chdir stands before the command', () => {
  const { args, folder } = fromTerraform(['-chdir=infra', 'plan', '-json'], buildProgram());
  assert.deepEqual([args, folder], [['plan', '--json'], 'infra']);
});

test('a command that only Terraform has is refused with what to do instead', () => {
  assert.throws(() => spelled('taint aws_lb.web'), { code: 'PL_CLI_NOT_OFFERED', message: /there is no plimsoll taint; use .*--replace/ });
});

test('no command of our own is taken for one that only Terraform has', () => {
  for (const command of buildProgram().commands) assert.equal(spelled(command.name()), command.name());
});
