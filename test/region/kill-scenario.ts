import { createLogger } from '../../src/base/index.ts';
import { dbInstances } from '../../src/aws/index.ts';
import { openRegion } from '../../src/region/index.ts';
import { createService, images } from './service.ts';
import { base64, region, webServer } from './support.ts';

/** What a scenario tells once all of it runs. */
export interface Told {
  readonly service: string;
  readonly url: string;
  readonly taskIds: readonly string[];
  readonly database: string | undefined;
  readonly instance: { readonly id: string; readonly url: string } | undefined;
}

/** What containers run: `/` answers 1. */
const containerProgram = `
require('node:http').createServer((_request, response) => response.end('1')).listen(8080);
process.on('SIGTERM', () => process.exit(0));
`;

/**
 * A region in a process that can be killed: a service behind a load balancer, and if asked for a database and an instance.
 * `docker:IMAGE` makes its tasks containers of an image with Node.js.
 */
async function main(dataDir: string, orphanGraceMs: number, parts: readonly string[]): Promise<void> {
  const image = parts.find((part) => part.startsWith('docker:'))?.slice('docker:'.length);
  const live = await openRegion({
    compute: image === undefined ? 'process' : 'docker',
    dataDir,
    orphanGraceMs,
    images,
    timeScale: 10,
    portsFor: () => [0],
    log: createLogger('test', 'silent'),
  });
  const { endpoint } = live;
  const container = image === undefined ? {} : { image, entryPoint: ['node', '-e', containerProgram], command: [] };
  const service = await createService(live, { name: 'web', desiredCount: 2, container });
  const instance = parts.includes('instance') ? await launch() : undefined;
  const database = parts.includes('database') ? await createDatabase() : undefined;
  await live.waitFor('the service', 90_000, () => service.healthy().length === 2);
  const told: Told = { service: service.arn, url: service.url, taskIds: service.tasks().map(({ id }) => id), database, instance };
  process.stdout.write(`${JSON.stringify(told)}\n`);

  async function launch(): Promise<{ id: string; url: string }> {
    const { GroupId = '' } = await endpoint.call('ec2', 'CreateSecurityGroup', { GroupName: 'web', Description: 'web' }, region);
    const port = { IpProtocol: 'tcp', FromPort: 80, ToPort: 80, IpRanges: [{ CidrIp: '0.0.0.0/0' }] };
    await endpoint.call('ec2', 'AuthorizeSecurityGroupIngress', { GroupId, IpPermissions: [port] }, region);
    const asked = { ImageId: 'ami-1', InstanceType: 't3.micro' as const, MinCount: 1, MaxCount: 1, SecurityGroupIds: [GroupId] };
    const { Instances = [] } = await endpoint.call('ec2', 'RunInstances', { ...asked, UserData: base64(webServer) }, region);
    const id = Instances[0]?.InstanceId ?? '';
    await live.waitFor('the instance', 90_000, () => live.instances.whereabouts()[id] !== undefined);
    return { id, url: `http://${live.instances.whereabouts()[id]?.host}/` };
  }

  async function createDatabase(): Promise<string> {
    const asked = { DBInstanceIdentifier: 'db', DBInstanceClass: 'db.t3.micro', Engine: 'postgres', AllocatedStorage: 20 };
    await endpoint.call('rds', 'CreateDBInstance', { ...asked, MasterUsername: 'todo', MasterUserPassword: 'verysecret1' }, region);
    const found = () => live.place(region).table(dbInstances).get('db');
    await live.waitFor('the database', 90_000, () => found()?.DBInstanceStatus === 'available');
    return `postgres://todo:verysecret1@${found()?.Endpoint?.Address}:5432/postgres`;
  }
}

const [, , dataDir = '', orphanGraceMs = '', ...parts] = process.argv;
await main(dataDir, Number(orphanGraceMs), parts);
