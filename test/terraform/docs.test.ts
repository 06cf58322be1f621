import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { buildProgram } from '../../src/cli/main.ts';
import { dataSources, resourceTypes } from '../../src/terraform/index.ts';
import { root } from '../support/processes.ts';

const page = readFileSync(join(root, 'docs/terraform.md'), 'utf8');
const section = (from: string, to: string): string => page.slice(page.indexOf(from), page.indexOf(to));
const names = (text: string): string[] =>
  [...new Set(text.match(/`((?:aws|local|docker|terraform)_\w+)`/g) ?? [])].map((name) => name.slice(1, -1)).toSorted();

test('docs/terraform.md lists every type of resource and data source that there is, and no other', () => {
  // The aws_alb… spellings of aws_lb… are told as a family; terraform_data is of the language.
  const types = (known: object): string[] =>
    Object.keys(known)
      .filter((name) => !name.startsWith('aws_alb') && name !== 'terraform_data')
      .toSorted();
  assert.deepEqual(names(section('| Resources ', '| Data sources')), types(resourceTypes));
  assert.deepEqual(names(section('| Data sources', 'Another type is')), types(dataSources));
});

test('docs/terraform.md tells of every flag of plan', () => {
  const plan = buildProgram().commands.find((command) => command.name() === 'plan');
  for (const { long, hidden } of plan?.options ?? [])
    if (long && !hidden && long !== '--debug' && long !== '--destroy') assert.ok(page.includes(long), long);
});
