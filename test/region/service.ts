import { fileURLToPath } from 'node:url';
import { services, type ServiceResource, type TaskDefinitionResource } from '../../src/aws/index.ts';
import { entry } from '../../src/base/index.ts';
import type { Task } from '../../src/model/index.ts';
import type { Region, RunnableImage } from '../../src/region/index.ts';
import { defaultNetwork, listenAtPort80, region } from './support.ts';

type Container = NonNullable<TaskDefinitionResource['containerDefinitions']>[number];

const program = (file: URL): RunnableImage => ({
  command: process.execPath,
  args: [fileURLToPath(file)],
  cwd: '/',
  environment: { NODE_NO_WARNINGS: '1' },
});

/** `program` stands for test/region/program.ts, `shop` for the example of health checks. */
export const images: ReadonlyMap<string, RunnableImage> = new Map([
  ['program', program(entry(import.meta.url, './program'))],
  ['shop', program(entry(import.meta.url, '../../examples/health-checks/main'))],
]);

export interface ServiceOptions {
  readonly name: string;
  readonly desiredCount?: number;
  readonly environment?: Readonly<Record<string, string>>;
  readonly container?: Partial<Container>;
  readonly memoryMiB?: number;
  /** Without a load balancer it has neither URL nor targets. */
  readonly balanced?: boolean;
  /** `program` unless given. */
  readonly image?: string;
  /** `/health` unless given. */
  readonly healthPath?: string;
  readonly healthCheck?: { intervalS: number; timeoutS: number; healthy: number; unhealthy: number };
  /** Default groups unless given. */
  readonly securityGroups?: { readonly balancer: readonly string[]; readonly tasks: readonly string[] };
  readonly settings?: Record<string, unknown>;
}

/** A service made through the API. */
export interface TestService {
  readonly arn: string;
  readonly url: string;
  readonly targetGroupArn: string;
  /** Those that are not STOPPED. */
  tasks(): Task[];
  stopped(): Task[];
  healthy(): Task[];
  record(): ServiceResource;
  /** Newest first, without `(service …)`. */
  events(): string[];
  update(changes: Record<string, unknown>): Promise<void>;
  /** A further revision of its task definition. */
  revise(environment: Readonly<Record<string, string>>, container?: Partial<Container>): Promise<string>;
}

const cluster = 'test';

export async function createService(live: Region, options: ServiceOptions): Promise<TestService> {
  const { name, desiredCount = 1, balanced = true } = options;
  const { endpoint } = live;
  const revise: TestService['revise'] = async (environment, container = {}) => {
    const { taskDefinition } = await endpoint.call('ecs', 'RegisterTaskDefinition', definitionOf(options, environment, container), region);
    return taskDefinition?.taskDefinitionArn ?? '';
  };
  await endpoint.call('ecs', 'CreateCluster', { clusterName: cluster }, region);
  const taskDefinition = await revise(options.environment ?? {}, options.container);
  const network = await defaultNetwork(live);
  const { url, targetGroupArn } = balanced ? await createBalancer(live, options, network) : { url: '', targetGroupArn: '' };
  const { service } = await endpoint.call(
    'ecs',
    'CreateService',
    {
      cluster,
      serviceName: name,
      taskDefinition,
      desiredCount,
      launchType: 'FARGATE',
      networkConfiguration: {
        awsvpcConfiguration: { subnets: network.subnets, securityGroups: [...(options.securityGroups?.tasks ?? [])] },
      },
      // A process starts in wall time: at a scale of 20 two failed checks would leave it half a second.
      ...(balanced ? { healthCheckGracePeriodSeconds: 120 } : {}),
      ...(balanced ? { loadBalancers: [{ targetGroupArn, containerName: name, containerPort: 8080 }] } : {}),
      ...options.settings,
    },
    region,
  );
  const arn = service?.serviceArn ?? '';
  const all = (): Task[] => live.services.tasksOf(arn).map(({ task }) => task);
  const record = (): ServiceResource => live.place(region).table(services).get(arn)!;
  return {
    arn,
    url,
    targetGroupArn,
    tasks: () => all().filter(({ state }) => state !== 'STOPPED'),
    stopped: () => all().filter(({ state }) => state === 'STOPPED'),
    healthy: () => all().filter(({ state, health }) => state === 'RUNNING' && health === 'HEALTHY'),
    record,
    events: () => (record().events ?? []).map(({ message = '' }) => message.replace(`(service ${name}) `, '')),
    update: async (changes) => void (await endpoint.call('ecs', 'UpdateService', { cluster, service: name, ...changes }, region)),
    revise,
  };
}

function definitionOf(
  { name, memoryMiB = 512, image = 'program' }: ServiceOptions,
  environment: Readonly<Record<string, string>>,
  container: Partial<Container>,
): Pick<TaskDefinitionResource, 'family' | 'networkMode' | 'cpu' | 'memory'> & {
  requiresCompatibilities: 'FARGATE'[];
  containerDefinitions: Container[];
} {
  return {
    family: name,
    requiresCompatibilities: ['FARGATE'],
    networkMode: 'awsvpc',
    cpu: '1024',
    memory: String(memoryMiB),
    containerDefinitions: [
      {
        name,
        image,
        portMappings: [{ containerPort: 8080 }],
        environment: Object.entries(environment).map(([key, value]) => ({ name: key, value })),
        ...container,
      },
    ],
  };
}

async function createBalancer(
  live: Region,
  { name, securityGroups, healthPath = '/health', healthCheck = { intervalS: 10, timeoutS: 5, healthy: 2, unhealthy: 2 } }: ServiceOptions,
  { vpcId, subnets }: { vpcId: string; subnets: string[] },
): Promise<{ url: string; targetGroupArn: string }> {
  const { endpoint } = live;
  const { TargetGroups = [] } = await endpoint.call(
    'elbv2',
    'CreateTargetGroup',
    {
      Name: name,
      Port: 8080,
      Protocol: 'HTTP',
      VpcId: vpcId,
      TargetType: 'ip',
      HealthCheckPath: healthPath,
      HealthCheckIntervalSeconds: healthCheck.intervalS,
      HealthCheckTimeoutSeconds: healthCheck.timeoutS,
      HealthyThresholdCount: healthCheck.healthy,
      UnhealthyThresholdCount: healthCheck.unhealthy,
    },
    region,
  );
  const targetGroupArn = TargetGroups[0]?.TargetGroupArn ?? '';
  await endpoint.call(
    'elbv2',
    'ModifyTargetGroupAttributes',
    { TargetGroupArn: targetGroupArn, Attributes: [{ Key: 'deregistration_delay.timeout_seconds', Value: '30' }] },
    region,
  );
  return {
    url: await listenAtPort80(live, { name, subnets, targetGroupArn, securityGroups: securityGroups?.balancer ?? [] }),
    targetGroupArn,
  };
}
