import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { Endpoint } from '../../aws/index.ts';
import { Store } from '../../state/index.ts';
import { applyPlan } from './apply/apply.ts';
import { createClients } from './clients.ts';
import { loadConfiguration } from './configuration/load.ts';
import { DiagnosticsError } from './diagnostics.ts';
import type { Credentials } from './evaluation/providers.ts';
import type { Clients } from './provider.ts';
import { planChanges } from './plan/plan.ts';
import type { Plan, PlanOptions } from './plan/types.ts';
import { State } from './state/state.ts';
import { changesOf, differences, inFolder } from './testkit.ts';

/** Whole stacks, as people write them, through their lives against a control plane. */

class Stack {
  state = new State();
  readonly #endpoint: Endpoint;

  constructor(server: Endpoint) {
    this.#endpoint = server;
  }

  /** Over a control plane of its own, which ends with the test. */
  static async open(t: TestContext): Promise<Stack> {
    const store = new Store();
    const endpoint = new Endpoint({ store, port: 0 });
    await endpoint.listen();
    t.after(async () => {
      await endpoint.close();
      store.close();
    });
    return new Stack(endpoint);
  }

  readonly connect = ({ region = 'us-east-1' }: Credentials): Clients =>
    createClients({ endpoint: this.#endpoint.url, region, accessKeyId: 'x', secretAccessKey: 'x', signal: new AbortController().signal });

  plan(files: string, options: PlanOptions = {}): Promise<Plan> {
    return inFolder(files, async (folder) => planChanges(await loadConfiguration(folder), this.state, this.connect, options));
  }

  async apply(files: string, options: PlanOptions = {}): Promise<void> {
    const { state, diagnostics } = await applyPlan(await this.plan(files, options), this.connect);
    this.state = state;
    if (diagnostics.length > 0) throw new DiagnosticsError(diagnostics);
  }

  /** Makes it, finds nothing to change, and afterwards deletes it whole. */
  async live(files: string, meanwhile: () => Promise<void> = async () => {}): Promise<void> {
    await this.apply(files);
    const second = await this.plan(files);
    assert.deepEqual(second.changes.filter(({ action }) => action !== 'no-op').map((change) => [change.action, ...differences(change)]), []); // prettier-ignore
    assert.equal(second.hasChanges, false);
    await meanwhile();
    await this.apply(files, { mode: 'destroy' });
    assert.equal(this.state.isEmpty, true);
  }
}

const settings = `
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.0"
    }
  }
}
provider "aws" {
  region                   = "us-east-1"
  shared_credentials_files = ["./credentials"]
  default_tags {
    tags = { Course = "Scale", Name = "Stack" }
  }
}
`;

const open = (name: string, port: number): string => `
resource "aws_security_group" "${name}" {
  name = "${name}"
  ingress {
    from_port   = ${port}
    to_port     = ${port}
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
  egress {
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }
}
`;

const balancer = `
data "aws_subnets" "nets" {
  filter {
    name   = "vpc-id"
    values = [aws_security_group.web.vpc_id]
  }
}
resource "aws_lb_target_group" "web" {
  name     = "web"
  port     = 80
  protocol = "HTTP"
  vpc_id   = aws_security_group.web.vpc_id
  health_check {
    timeout  = 5
    interval = 10
  }
}
resource "aws_lb" "web" {
  name               = "web"
  internal           = false
  load_balancer_type = "application"
  subnets            = data.aws_subnets.nets.ids
  security_groups    = [aws_security_group.web.id]
}
resource "aws_lb_listener" "web" {
  load_balancer_arn = aws_lb.web.arn
  port              = "80"
  protocol          = "HTTP"
  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.web.arn
  }
}
output "dns_name" {
  value = aws_lb.web.dns_name
}
`;

const instances = (count: number, type = 't2.micro'): string => `${settings}${open('web', 80)}${balancer}
resource "aws_instance" "web" {
  count           = ${count}
  ami             = "ami-04902260ca3d33422"
  instance_type   = "${type}"
  user_data       = "#!/bin/bash\\necho hello"
  security_groups = [aws_security_group.web.name]
  tags            = { Name = "web-\${count.index}" }
}
resource "aws_lb_target_group_attachment" "web" {
  count            = length(aws_instance.web)
  target_group_arn = aws_lb_target_group.web.arn
  target_id        = aws_instance.web[count.index].id
  port             = 80
}
`;

test('balanced instances: made, found unchanged, scaled in, changed, replaced, drifted, deleted', async (t) => {
  const stack = await Stack.open(t);
  await stack.live(instances(3), async () => {
    assert.match(JSON.stringify(stack.state.outputs.get('dns_name')?.value), /elb\.amazonaws\.com/);
    assert.deepEqual(changesOf(await stack.plan(instances(2))), [
      'delete aws_instance.web[2] (delete_because_count_index)',
      'delete aws_lb_target_group_attachment.web[2] (delete_because_count_index)',
    ]);
    assert.deepEqual(changesOf(await stack.plan(instances(3, 't3.micro'))), [
      'update aws_instance.web[0]',
      'update aws_instance.web[1]',
      'update aws_instance.web[2]',
    ]);
    await stack.apply(instances(2));
    const other = instances(2).replace('ami-04902260ca3d33422', 'ami-005f9685cb30f234b');
    assert.equal(changesOf(await stack.plan(other)).filter((change) => change.startsWith('replace')).length, 4);
    await stack.apply(other);
    assert.equal((await stack.plan(other)).hasChanges, false);
    const id = stack.state.get('aws_instance.web[0]')?.current?.attributes['id'];
    const ec2 = await stack.connect({}).ec2();
    await ec2.terminateInstances({ InstanceIds: [id as string] });
    const drifted = await stack.plan(other);
    assert.deepEqual(drifted.drift.filter(({ action }) => action === 'delete').map(({ address }) => address.toString()), ['aws_instance.web[0]', 'aws_lb_target_group_attachment.web[0]']); // prettier-ignore
    assert.ok(changesOf(drifted).includes('create aws_instance.web[0]'));
  });
  const { Reservations = [] } = await (await stack.connect({}).ec2()).describeInstances({});
  const left = Reservations.flatMap(({ Instances = [] }) => Instances).filter(({ State: state }) => state?.Name !== 'terminated');
  assert.deepEqual(left, []);
});

const scaled = `${settings}${open('web', 6400)}${balancer}${open('database', 5432)}
locals {
  password = "VerySecurePassword123XYZ"
}
resource "aws_db_instance" "database" {
  allocated_storage      = 20
  max_allocated_storage  = 1000
  engine                 = "postgres"
  engine_version         = "14"
  instance_class         = "db.t4g.micro"
  db_name                = "todo"
  username               = "administrator"
  password               = local.password
  parameter_group_name   = "default.postgres14"
  skip_final_snapshot    = true
  vpc_security_group_ids = [aws_security_group.database.id]
  publicly_accessible    = true
}
resource "aws_launch_template" "web" {
  name                   = "web"
  image_id               = "ami-005f9685cb30f234b"
  instance_type          = "t2.micro"
  key_name               = "vockey"
  vpc_security_group_ids = [aws_security_group.web.id]
  user_data = base64encode(<<-EOT
    #!/bin/bash
    docker run -e DATABASE=postgresql://administrator:\${local.password}@\${aws_db_instance.database.address}/todo todo
  EOT
  )
}
resource "aws_autoscaling_group" "web" {
  name               = "web"
  availability_zones = ["us-east-1a"]
  desired_capacity   = 1
  max_size           = 4
  min_size           = 1
  launch_template {
    id      = aws_launch_template.web.id
    version = "$Latest"
  }
}
resource "aws_autoscaling_attachment" "web" {
  autoscaling_group_name = aws_autoscaling_group.web.id
  alb_target_group_arn   = aws_lb_target_group.web.arn
}
resource "aws_autoscaling_policy" "web" {
  for_each               = { up = 1, down = -1 }
  name                   = each.key
  autoscaling_group_name = aws_autoscaling_group.web.name
  adjustment_type        = "ChangeInCapacity"
  scaling_adjustment     = each.value
  cooldown               = 120
}
resource "aws_cloudwatch_metric_alarm" "web" {
  for_each            = { up = 20, down = 10 }
  alarm_name          = each.key
  alarm_actions       = [aws_autoscaling_policy.web[each.key].arn]
  comparison_operator = each.key == "up" ? "GreaterThanOrEqualToThreshold" : "LessThanOrEqualToThreshold"
  namespace           = "AWS/EC2"
  metric_name         = "CPUUtilization"
  threshold           = each.value
  evaluation_periods  = "2"
  period              = "120"
  statistic           = "Average"
  dimensions          = { AutoScalingGroupName = aws_autoscaling_group.web.name }
}
`;

test('an auto scaling group with its database and alarms', async (t) => {
  const stack = await Stack.open(t);
  await stack.live(scaled, async () => {
    const changed = scaled.replace('max_size           = 4', 'max_size           = 6').replace('up = 20', 'up = 30');
    const plan = await stack.plan(changed);
    assert.deepEqual(changesOf(plan), ['update aws_autoscaling_group.web', 'update aws_cloudwatch_metric_alarm.web["up"]']);
    assert.deepEqual(plan.changes.filter(({ action }) => action === 'update').flatMap(differences), ['max_size: 4 -> 6', 'threshold: 20 -> 30']); // prettier-ignore
    await stack.apply(changed);
    assert.equal((await stack.plan(changed)).hasChanges, false);
  });
});

const service = `${settings}${open('web', 6400)}${balancer.replace('vpc_id   = aws', 'target_type = "ip"\n  vpc_id   = aws')}
data "aws_iam_role" "lab" {
  name = "LabRole"
}
resource "aws_ecs_cluster" "web" {
  name = "web"
}
resource "aws_ecs_task_definition" "web" {
  family                   = "web"
  network_mode             = "awsvpc"
  requires_compatibilities = ["FARGATE"]
  cpu                      = 1024
  memory                   = 2048
  execution_role_arn       = data.aws_iam_role.lab.arn
  container_definitions = jsonencode([{
    name         = "web"
    image        = "web:latest"
    cpu          = 1024
    memory       = 2048
    networkMode  = "awsvpc"
    portMappings = [{ containerPort = 6400, hostPort = 6400 }]
    environment  = [{ name = "PORT", value = "6400" }]
  }])
}
resource "aws_ecs_service" "web" {
  name            = "web"
  cluster         = aws_ecs_cluster.web.id
  task_definition = aws_ecs_task_definition.web.arn
  desired_count   = 1
  launch_type     = "FARGATE"
  network_configuration {
    subnets          = data.aws_subnets.nets.ids
    security_groups  = [aws_security_group.web.id]
    assign_public_ip = true
  }
  load_balancer {
    target_group_arn = aws_lb_target_group.web.arn
    container_name   = "web"
    container_port   = 6400
  }
}
resource "aws_appautoscaling_target" "web" {
  max_capacity       = 4
  min_capacity       = 1
  resource_id        = "service/web/web"
  scalable_dimension = "ecs:service:DesiredCount"
  service_namespace  = "ecs"
  depends_on         = [aws_ecs_service.web]
}
resource "aws_appautoscaling_policy" "web" {
  name               = "cpu"
  policy_type        = "TargetTrackingScaling"
  resource_id        = aws_appautoscaling_target.web.resource_id
  scalable_dimension = aws_appautoscaling_target.web.scalable_dimension
  service_namespace  = aws_appautoscaling_target.web.service_namespace
  target_tracking_scaling_policy_configuration {
    predefined_metric_specification {
      predefined_metric_type = "ECSServiceAverageCPUUtilization"
    }
    target_value = 20
  }
}
`;

test('a service of containers: another task definition replaces the old one, and the service follows', async (t) => {
  const stack = await Stack.open(t);
  await stack.live(service, async () => {
    const changed = service.replace('web:latest', 'web:2');
    assert.deepEqual(changesOf(await stack.plan(changed)), [
      'update aws_ecs_service.web',
      'replace aws_ecs_task_definition.web (replace_because_cannot_update)',
    ]);
    await stack.apply(changed);
    assert.equal((await stack.plan(changed)).hasChanges, false);
  });
});

test('what AWS refuses leaves the rest, and is told with address and line', async (t) => {
  const stack = await Stack.open(t);
  const files = `${settings}${open('web', 80)}
resource "aws_lb" "web" {
  name            = "web"
  subnets         = ["subnet-00000000"]
  security_groups = [aws_security_group.web.id]
}
`;
  await assert.rejects(stack.apply(files), (error) => {
    assert.ok(error instanceof DiagnosticsError);
    const [first] = error.diagnostics;
    assert.match(first?.summary ?? '', /^creating aws_lb\.web: .*subnet-00000000/);
    assert.deepEqual([first?.address, first?.within], ['aws_lb.web', 'resource "aws_lb" "web"']);
    return true;
  });
  assert.deepEqual(stack.state.records.map(({ address }) => address.toString()), ['aws_security_group.web']); // prettier-ignore
  await stack.apply(files, { mode: 'destroy' });
});

test('a provider with another region makes its things there', async (t) => {
  const stack = await Stack.open(t);
  const files = `${settings}
provider "aws" {
  alias  = "west"
  region = "us-west-2"
}
resource "aws_cloudwatch_log_group" "here" {
  name = "/here"
}
resource "aws_cloudwatch_log_group" "in_a_region_of_its_own" {
  region = "eu-west-1"
  name   = "/elsewhere"
}
resource "aws_cloudwatch_log_group" "there" {
  provider = aws.west
  name     = "/there"
}
`;
  await stack.live(files, async () => {
    const names = async (region: string) =>
      ((await (await stack.connect({ region }).logs()).describeLogGroups({})).logGroups ?? []).map(({ logGroupName }) => logGroupName);
    assert.deepEqual([await names('us-east-1'), await names('us-west-2'), await names('eu-west-1')], [['/here'], ['/there'], ['/elsewhere']]); // prettier-ignore
    assert.deepEqual(stack.state.records.map(({ provider }) => provider), ['provider["registry.terraform.io/hashicorp/aws"]', 'provider["registry.terraform.io/hashicorp/aws"]', 'provider["registry.terraform.io/hashicorp/aws"].west']); // prettier-ignore
    assert.deepEqual(
      [stack.state.records[0]?.current?.attributes['tags_all'], stack.state.records[2]?.current?.attributes['tags_all']],
      [{ Course: 'Scale', Name: 'Stack' }, {}],
    );
  });
});
