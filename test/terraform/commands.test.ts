import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { ElasticLoadBalancingV2 } from '@aws-sdk/client-elastic-load-balancing-v2';
import { bin, type Finished } from '../support/processes.ts';
import { Stage } from './support.ts';

/** The commands themselves, against a control plane: what they say, what they end with, and what they leave behind. */

/** Of the JSON output; which members are there depends on the type. */
interface Line {
  readonly type: string;
  readonly change: { readonly resource: { readonly addr: string } };
  readonly plan: { readonly resource_changes: readonly object[] };
  readonly changes: object;
  readonly diagnostic: { readonly summary: string };
}

describe('the Terraform commands', { skip: process.platform !== 'linux' && 'reads /proc', timeout: 180_000 }, () => {
  let stage: Stage;
  let folder: string;
  before(async () => {
    stage = await Stage.open(['--control-plane-only'], { TF_VAR_a: 'environment', TF_VAR_b: 'environment' });
  });
  after(() => stage.close());
  beforeEach(async () => {
    await fetch(`${stage.endpoint}/_plimsoll/reset`, { method: 'POST' });
    folder = stage.folder();
  });

  const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
  const elb = (): ElasticLoadBalancingV2 =>
    new ElasticLoadBalancingV2({ endpoint: stage.endpoint, region: 'us-east-1', credentials: { accessKeyId: 'x', secretAccessKey: 'x' } });
  const groupNames = async (): Promise<string[]> =>
    ((await elb().describeTargetGroups({ PageSize: 400 })).TargetGroups ?? [])
      .map(({ TargetGroupName = '' }) => TargetGroupName)
      .toSorted();
  const state = (): { serial: number; resources: { instances: object[] }[] } =>
    JSON.parse(readFileSync(join(folder, 'plimsoll.tfstate'), 'utf8'));
  /** `count` target groups. */
  const many = (count: number): string => `resource "aws_lb_target_group" "many" {
  count       = ${count}
  name        = "many-\${count.index}"
  target_type = "ip"
  port        = 80
  protocol    = "HTTP"
  vpc_id      = data.aws_vpc.default.id
}
data "aws_vpc" "default" { default = true }
output "names" { value = aws_lb_target_group.many[*].name }
output "secret" {
  value     = "hunter2"
  sensitive = true
}
`;

  /** What a configuration of its own is refused with. */
  async function refused(text: string, words: RegExp, command = 'plan', ...flags: string[]): Promise<Finished> {
    const own = stage.folder();
    writeFileSync(join(own, 'main.tf'), text);
    const done = await stage.run(command, own, ...flags);
    assert.match(done.stderr, words);
    assert.equal(done.code, 1);
    assert.deepEqual(readdirSync(own), ['main.tf'], 'nothing half-done');
    return done;
  }

  test('plan, apply, output, show, state, validate and destroy of one folder', async () => {
    write('main.tf', many(2));
    // In a process of its own, which ends when there is nothing more to say.
    const first = await stage.start('plan', folder, '--detailed-exitcode').finished;
    assert.equal(first.code, 2);
    assert.match(first.stdout, /# aws_lb_target_group\.many\[1\] will be created\n {2}\+ resource "aws_lb_target_group" "many" \{/);
    assert.match(first.stdout, /^Plan: 2 to add, 0 to change, 0 to destroy\.$/m);
    assert.match(first.stdout, /\+ secret = \(sensitive value\)/);
    assert.equal(await stage.apply(folder), '2 added, 0 changed, 0 destroyed');
    await stage.settled(folder);
    const says = async (...args: string[]): Promise<string> => {
      const { code, stdout, stderr } = await stage.run(args[0] ?? '', ...args.slice(1));
      assert.equal(code, 0, stderr);
      return stdout;
    };
    const looks = await Promise.all([
      says('output', folder),
      says('output', folder, 'secret', '--raw'),
      says('output', folder, '--json'),
      says('show', folder),
      says('show', folder, '--json'),
      says('state', 'list', folder),
      says('state', 'show', 'aws_lb_target_group.many[1]', folder),
      says('validate', folder),
      says('validate', folder, '--json'),
    ]);
    const [outputs, secret, outputsJson, shown, shownJson, listed, one, valid, validJson] = looks;
    assert.equal(outputs, 'names = [\n  "many-0",\n  "many-1",\n]\nsecret = <sensitive>\n');
    assert.equal(secret, 'hunter2');
    assert.deepEqual(JSON.parse(outputsJson).names.value, ['many-0', 'many-1']);
    assert.match(shown, /^# aws_lb_target_group\.many\[0\]:\nresource "aws_lb_target_group" "many" \{\n {4}arn /m);
    assert.equal(JSON.parse(shownJson).values.root_module.resources.length, 3);
    assert.equal(listed, 'data.aws_vpc.default\naws_lb_target_group.many[0]\naws_lb_target_group.many[1]\n');
    assert.match(one, /name +(= )?.*"many-1"/);
    assert.match(valid, /^Success! The configuration is valid\.$/m);
    assert.equal(JSON.parse(validJson).valid, true);
    const missing = await stage.run('output', folder, 'nothing');
    assert.equal(missing.code, 1);
    assert.match(missing.stderr, /^Error: Output "nothing" not found$/m);
    await stage.destroy(folder);
    assert.equal((await stage.run('plan', folder, '--destroy', '--detailed-exitcode')).code, 0);
  });

  test('a saved plan does what it showed, from anywhere, or refuses', async () => {
    write('main.tf', many(2) + 'variable "word" {}\noutput "word" { value = var.word }\n');
    const file = join(folder, 'today.plan');
    const planned = await stage.run('plan', folder, '-out', file, '-var=word=said once');
    assert.equal(planned.code, 0, planned.stderr);
    assert.match(planned.stdout, /Saved the plan to: .*today\.plan\n[^]*plimsoll apply ".*today\.plan"/);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    const shown = await stage.run('show', file);
    assert.match(shown.stdout, /^Plan: 2 to add, 0 to change, 0 to destroy\.$/m);
    assert.equal(JSON.parse((await stage.run('show', '-json', file)).stdout).resource_changes.length, 2);
    const given = await stage.run('apply', '-var=word=other', file);
    assert.match(given.stderr, /^Error: Can't set variables when applying a saved plan$/m);
    assert.equal(await stage.applyPlan(file), '2 added, 0 changed, 0 destroyed');
    assert.equal((await stage.run('output', folder, 'word', '-raw')).stdout, 'said once');
    const again = await stage.run('apply', file);
    assert.equal(again.code, 1);
    assert.match(again.stderr, /^Error: Saved plan is stale\n\n[^]*the state was\schanged by\sanother operation/m);
    await stage.run('plan', folder, '--destroy', '--out', file, '--var', 'word=x');
    const { TargetGroups = [] } = await elb().describeTargetGroups({ Names: ['many-1'] });
    await elb().deleteTargetGroup({ TargetGroupArn: TargetGroups[0]?.TargetGroupArn });
    assert.match((await stage.run('apply', file)).stderr, /^Error: Saved plan is stale\n\n[^]*other\sactions\swould\sbe\staken/m);
    assert.deepEqual(await groupNames(), ['many-0']);
    const other = await stage.run('apply', join(folder, 'main.tf'));
    assert.match(other.stderr, /this is no plan of plimsoll plan --out .*\[PL_CLI_PLAN_FILE\]/);
  });

  test('what Terraform is told by habit is understood, or refused with what to do instead', async () => {
    write('main.tf', many(1) + 'variable "a" {}\n');
    assert.equal((await stage.run('init', folder, '-upgrade')).code, 0);
    const applied = await stage.run(`-chdir=${folder}`, 'apply', '-auto-approve', '-input=false', '-lock=false', '-var', 'a=1');
    assert.equal(applied.code, 0, applied.stderr);
    assert.equal((await stage.run('refresh', folder, '-var=a=1')).code, 0);
    write('terraform.tfvars', 'a = 1\nb = 2\nc = 3\n');
    const { stderr } = await stage.run('plan', folder, '-compact-warnings');
    assert.match(stderr, /^Warnings:\n\n- Value for undeclared variable\n {2}on .*terraform\.tfvars line 2 \(and 1 more\)\n/m);
    const unasked = await stage.run('apply', folder, '-replace=aws_lb_target_group.many[0]', '-input=false');
    assert.match(unasked.stderr, /nobody can be asked for approval: --no-input/);
    assert.match((await stage.run('fmt')).stderr, /there is no plimsoll fmt; .* \[PL_CLI_NOT_OFFERED\]/);
    assert.match((await stage.run('plan', folder, '-bogus')).stderr, /unknown option '-bogus'/);
  });

  test('--json is one object a line, and ends with an error as one of them', async () => {
    write('main.tf', many(1));
    const lines = ({ stdout }: Finished) =>
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Line);
    const planned = lines(await stage.run('plan', folder, '--json'));
    assert.equal(planned.find(({ type }) => type === 'planned_change')?.change.resource.addr, 'aws_lb_target_group.many[0]');
    assert.equal(planned.find(({ type }) => type === 'plan')?.plan.resource_changes.length, 1);
    const applied = lines(await stage.run('apply', folder, '--json', '--auto-approve'));
    assert.deepEqual(applied.findLast(({ type }) => type === 'change_summary')?.changes, {
      add: 1,
      change: 0,
      import: 0,
      remove: 0,
      operation: 'apply',
    });
    assert.ok(!JSON.stringify(applied.filter(({ type }) => type !== 'plan')).includes('hunter2'));
    write('more.tf', 'resource "aws_lb" "a" { nam = "x" }');
    const failed = await stage.run('plan', folder, '--json');
    assert.equal(failed.code, 1);
    assert.match(lines(failed).at(-1)?.diagnostic.summary ?? '', /Unsupported argument/);
  });

  test('what is wrong is told with its place, before anything is done', async () => {
    const secret = 'variable "p" {\n  sensitive = true\n  default   = "hunter2"\n}\noutput "a" { value = var.p }\n';
    const [told] = await Promise.all([
      refused(secret, /Error: Output refers to sensitive values/, 'apply', '--auto-approve'),
      refused(
        'resource "aws_lb" "web" {\n  nam = "web"\n}\n',
        /Error: Unsupported argument\n\n {2}on .*main\.tf line 2, in resource "aws_lb" "web":\n {3}2: {3}nam = "web"\n\n.*Did you mean "name"\?/,
      ),
      refused(
        'resource "aws_lbb" "web" {}\n',
        /Error: Invalid resource type\n.*\n.*line 1.*\n.*\n\n.*"aws_lbb".* Did you mean\s"aws_a?lb"\?/,
      ),
      refused('resource "aws_sqs_queue" "q" {}\n', /does not support resource type "aws_sqs_queue"\.\sThe\sregion\shas\sno\squeues/),
      refused('locals {\n  a = local.b\n  b = local.a\n}\noutput "a" { value = local.a }\n', /Error: Cycle/),
      refused('variable "image" {}\noutput "a" { value = var.image }\n', /Error: No value for required variable/),
      refused(
        'variable "n" { type = number }\noutput "a" { value = var.n }\n',
        /Error: Invalid value for (input )?variable/,
        'plan',
        '--var',
        'n=many',
      ),
      refused('output "a" { value = file("nothing.txt") }\n', /Error: Invalid function argument|Error: Error in function call/),
      refused('', /Invalid target/, 'plan', '--target', '..'),
    ]);
    assert.ok(!told.stdout.includes('hunter2'));
  });

  test('variables: the later of files and flags wins, over terraform.tfvars and the environment', async () => {
    write(
      'main.tf',
      ['a', 'b', 'c', 'd'].map((name) => `variable "${name}" { default = "none" }\noutput "${name}" { value = var.${name} }\n`).join(''),
    );
    write('terraform.tfvars', 'b = "tfvars"\nc = "tfvars"\nd = "tfvars"\n');
    write('more.tfvars', 'c = "file"\nd = "file"\n');
    const args = ['apply', folder, '--auto-approve', '--var', 'c=flag', '--var-file', join(folder, 'more.tfvars'), '--var', 'd=flag'];
    const { code, stdout, stderr } = await stage.run(...args);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /a = "environment"\nb = "tfvars"\nc = "file"\nd = "flag"\n/);
  });

  test('nobody is taken to have said yes who cannot be asked', async () => {
    write('main.tf', many(1));
    const { code, stderr } = await stage.run('apply', folder);
    assert.equal(code, 1);
    assert.match(stderr, /add --auto-approve.*\[PL_CLI_APPROVAL\]/);
    assert.deepEqual(await groupNames(), []);
  });

  test('exit codes of usage leave 2 to --detailed-exitcode', async () => {
    assert.equal((await stage.run('plan', '--bogus')).code, 1);
    assert.equal((await stage.run('apply', '--parallelism', '0')).code, 2);
    write('main.tf', many(1));
    const nowhere = await stage.run('plan', folder, '--endpoint', 'http://127.0.0.1:9');
    assert.equal(nowhere.code, 3);
    assert.match(nowhere.stderr, /no region of Plimsoll answers.*plimsoll up.*\[PL_CLI_NO_REGION\]/);
    assert.equal((await stage.run('plan', join(folder, 'nowhere'))).code, 1);
  });

  test('drift: what was deleted by others is told and made again', async () => {
    write('main.tf', many(2));
    await stage.apply(folder);
    const { TargetGroups = [] } = await elb().describeTargetGroups({ Names: ['many-1'] });
    await elb().deleteTargetGroup({ TargetGroupArn: TargetGroups[0]?.TargetGroupArn });
    const { stdout } = await stage.run('plan', folder, '--refresh-only');
    assert.match(stdout, /# aws_lb_target_group\.many\[1\] has been deleted/);
    assert.equal(await stage.apply(folder), '1 added, 0 changed, 0 destroyed');
    await stage.settled(folder);
  });

  test('a failure leaves out what depends on it; the next apply goes on from there', async () => {
    write(
      'main.tf',
      `${many(3)}resource "aws_lb" "bad" {\n  name    = "bad"\n  subnets = ["subnet-0nothere"]\n}\nresource "aws_lb_listener" "after" {\n  load_balancer_arn = aws_lb.bad.arn\n  port              = 80\n  default_action {\n    type             = "forward"\n    target_group_arn = aws_lb_target_group.many[0].arn\n  }\n}\n`,
    );
    const { code, stderr } = await stage.run('apply', folder, '--auto-approve');
    assert.equal(code, 1);
    assert.match(stderr, /Error: .*aws_lb\.bad[^]*with aws_lb\.bad,\n {2}on .*main\.tf line \d+, in resource "aws_lb" "bad":/);
    assert.deepEqual(await groupNames(), ['many-0', 'many-1', 'many-2']);
    write('main.tf', many(3));
    await stage.settled(folder);
    await stage.destroy(folder);
  });

  test('Ctrl-C finishes what was begun and leaves a true state', async () => {
    write('main.tf', many(120));
    const applying = stage.start('apply', folder, '--auto-approve', '--parallelism', '2');
    await applying.says(/(Creation complete[^]*){3}/);
    applying.child.kill('SIGINT');
    assert.equal((await applying.finished).code, 130);
    const made = await groupNames();
    assert.ok(made.length >= 3 && made.length < 120, String(made.length));
    assert.equal(
      state().resources.find(({ instances }) => instances.length > 0 && 'index_key' in (instances[0] ?? {}))?.instances.length,
      made.length,
    );
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.includes('lock')),
      [],
    );
    await stage.destroy(folder);
  });

  test('kill -9: the state is whole, the lock is taken over, and applying again ends it', async () => {
    write('main.tf', many(120).replace('name        = "many-${count.index}"', 'name_prefix = "m-"'));
    const applying = stage.start('apply', folder, '--auto-approve');
    await applying.says(/(Creation complete[^]*){10}/);
    applying.child.kill('SIGKILL');
    await applying.finished;
    assert.ok(existsSync(join(folder, '.plimsoll.tfstate.lock.info')));
    assert.ok(state().serial >= 1);
    const { code, stderr } = await stage.run('apply', folder, '--auto-approve');
    assert.equal(code, 0, stderr);
    assert.match(stderr, /Warning: State lock taken over/);
    await stage.settled(folder);
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.startsWith('.')),
      [],
    );
  });

  test('a state that cannot be written is told, and printed rather than lost', async () => {
    write('main.tf', many(40));
    const env = stage.environment({ NODE_COMPILE_CACHE: '' });
    // No file may grow over 32 KiB: what a full disk looks like.
    const args = [
      '-c',
      'trap "" XFSZ; ulimit -f 32; exec "$@"',
      'bash',
      process.execPath,
      bin,
      'apply',
      folder,
      '--auto-approve',
      '--parallelism',
      '2',
    ];
    const { status, stderr } = spawnSync('bash', args, { cwd: folder, env, encoding: 'utf8' });
    assert.notEqual(status, 0);
    assert.match(stderr, /the state cannot be written/);
    const kept = JSON.parse(stderr.slice(stderr.indexOf('keep it:\n') + 'keep it:\n'.length).split('\n}\n')[0] + '\n}') as ReturnType<
      typeof state
    >;
    const instances = kept.resources.flatMap((resource) => resource.instances).length;
    const { TargetGroups = [] } = await elb().describeTargetGroups({ PageSize: 400 });
    assert.equal(instances, TargetGroups.length + 1, 'all that was made, and the data source');
  });
});
