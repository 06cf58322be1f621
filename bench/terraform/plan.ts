/**
 * `node bench/terraform/plan.ts [ROUNDS]`: how long a plan of 500 resources takes: the first one, from nothing; the second one,
 * which reads all 500 from the endpoint to find that nothing changed; and that without reading. The endpoint (control plane
 * alone, in memory) is a process of its own. Each round is a process of its own too: loading the engine and the AWS clients counts.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  applyPlan,
  createClients,
  loadConfiguration,
  planChanges,
  State,
  stateFromText,
  stateToText,
  type Connect,
  type PlanOptions,
} from '../../src/terraform/index.ts';

/** 500 instances of the kinds of resources that scale-out stacks have: 100 services of five each. */
const configuration = `
locals {
  services = { for index in range(100) : format("service-%03d", index) => 8000 + index }
}
data "aws_vpc" "default" {
  default = true
}
resource "aws_security_group" "service" {
  for_each = local.services
  name     = each.key
  ingress {
    from_port   = each.value
    to_port     = each.value
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
  tags = { Name = upper(each.key) }
}
resource "aws_instance" "service" {
  for_each               = local.services
  ami                    = "ami-04902260ca3d33422"
  instance_type          = "t2.micro"
  vpc_security_group_ids = [aws_security_group.service[each.key].id]
  tags                   = { Name = each.key, Port = each.value }
}
resource "aws_lb_target_group" "service" {
  for_each = local.services
  name     = each.key
  port     = each.value
  protocol = "HTTP"
  vpc_id   = data.aws_vpc.default.id
}
resource "aws_lb_target_group_attachment" "service" {
  for_each         = local.services
  target_group_arn = aws_lb_target_group.service[each.key].arn
  target_id        = aws_instance.service[each.key].id
}
resource "aws_cloudwatch_metric_alarm" "service" {
  for_each            = local.services
  alarm_name          = each.key
  comparison_operator = "GreaterThanThreshold"
  namespace           = "AWS/EC2"
  metric_name         = "CPUUtilization"
  threshold           = 80
  evaluation_periods  = 2
  period              = 60
  statistic           = "Average"
  dimensions          = { InstanceId = aws_instance.service[each.key].id }
}
`;

const [mode, folder = '', endpoint = ''] = process.argv.slice(2);
if (folder === '') await compare(Number(mode ?? 5));
else await measure(mode ?? '', folder, endpoint);

/** One plan in a process of its own; prints how long it took. */
async function measure(kind: string, where: string, url: string): Promise<void> {
  const signal = new AbortController().signal;
  const connect: Connect = ({ region = 'us-east-1' }) =>
    createClients({ endpoint: url, region, accessKeyId: 'a', secretAccessKey: 'b', signal });
  const file = join(where, 'state');
  const state = kind === 'first' || kind === 'apply' ? new State() : stateFromText(readFileSync(file, 'utf8'), file);
  const options: PlanOptions = kind === 'unread' ? { refresh: false } : {};
  const startedMs = performance.now();
  const plan = await planChanges(await loadConfiguration(where), state, connect, options);
  const tookMs = performance.now() - startedMs;
  const { user, system } = process.cpuUsage();
  const cpuMs = (user + system) / 1000;
  const changes = plan.changes.filter(({ action }) => action !== 'no-op').length;
  console.log(JSON.stringify({ tookMs, cpuMs, changes, all: plan.changes.length }));
  if (kind !== 'apply') return;
  const applied = await applyPlan(plan, connect);
  if (applied.diagnostics.length > 0) throw new Error(JSON.stringify(applied.diagnostics[0]));
  writeFileSync(file, stateToText(applied.state));
}

interface Result {
  readonly tookMs: number;
  /** Of the whole process, its start and the loading of the engine included. */
  readonly cpuMs: number;
  readonly changes: number;
  readonly all: number;
}

async function compare(rounds: number): Promise<void> {
  const where = mkdtempSync(join(tmpdir(), 'plimsoll-bench-'));
  writeFileSync(join(where, 'main.tf'), configuration);
  const server = spawn(process.execPath, [fileURLToPath(new URL('../aws/serve.ts', import.meta.url)), '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const [line] = (await once(server.stdout, 'data')) as [Buffer];
    const url = line.toString().trim();
    const run = (kind: string): Result => {
      const { stdout } = spawnSync(process.execPath, [fileURLToPath(import.meta.url), kind, where, url], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      return JSON.parse(stdout) as Result;
    };
    const report = (name: string, kind: string): void => {
      const results = Array.from({ length: rounds }, () => run(kind)).toSorted((a, b) => a.tookMs - b.tookMs);
      const [median] = results.slice(Math.floor(rounds / 2));
      console.log(
        `${name}: median ${median?.tookMs.toFixed(0)} ms, worst ${results.at(-1)?.tookMs.toFixed(0)} ms, CPU of the whole process ${median?.cpuMs.toFixed(0)} ms (${median?.changes} changes of ${median?.all})`,
      );
    };
    report('first plan, from nothing', 'first');
    run('apply');
    report('second plan, all read again', 'second');
    report('second plan, nothing read', 'unread');
  } finally {
    server.kill('SIGKILL');
    rmSync(where, { recursive: true });
  }
}
