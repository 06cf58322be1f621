import type { Clients } from './provider.ts';

/** What a provider block says of where its calls go. */
export interface Destination {
  /** `http://127.0.0.1:4566`. */
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly signal: AbortSignal;
}

interface Unlogged {
  readonly middlewareStack: { remove(name: string): boolean };
}

/** The SDK goes through each answer for what a log may not tell, whether anybody logs or not: a tenth of the time of a large read. */
function unlogged<Client extends Unlogged>(client: Client): Client {
  client.middlewareStack.remove('loggerMiddleware');
  return client;
}

/** Clients of one endpoint and region. Each module is loaded, and each client made, once. */
export function createClients({ endpoint, region, accessKeyId, secretAccessKey, signal }: Destination): Clients {
  const options = { endpoint, region, credentials: { accessKeyId, secretAccessKey }, maxAttempts: 3 };
  const once = <Client extends Unlogged>(make: () => Promise<Client>): (() => Promise<Client>) => {
    let made: Promise<Client> | undefined;
    return () => (made ??= make().then(unlogged));
  };
  return {
    region,
    signal,
    ec2: once(async () => new (await import('@aws-sdk/client-ec2')).EC2(options)),
    autoscaling: once(async () => new (await import('@aws-sdk/client-auto-scaling')).AutoScaling(options)),
    elb: once(async () => new (await import('@aws-sdk/client-elastic-load-balancing-v2')).ElasticLoadBalancingV2(options)),
    rds: once(async () => new (await import('@aws-sdk/client-rds')).RDS(options)),
    ecs: once(async () => new (await import('@aws-sdk/client-ecs')).ECS(options)),
    scaling: once(async () => new (await import('@aws-sdk/client-application-auto-scaling')).ApplicationAutoScaling(options)),
    cloudwatch: once(async () => new (await import('@aws-sdk/client-cloudwatch')).CloudWatch(options)),
    logs: once(async () => new (await import('@aws-sdk/client-cloudwatch-logs')).CloudWatchLogs(options)),
    iam: once(async () => new (await import('@aws-sdk/client-iam')).IAM(options)),
    ssm: once(async () => new (await import('@aws-sdk/client-ssm')).SSM(options)),
    sts: once(async () => new (await import('@aws-sdk/client-sts')).STS(options)),
  };
}
