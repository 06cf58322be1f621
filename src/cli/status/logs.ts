import { paginateDescribeInstances, type Instance } from '@aws-sdk/client-ec2';
import { paginateListClusters, paginateListTasks, type Task } from '@aws-sdk/client-ecs';
import { paginateFilterLogEvents } from '@aws-sdk/client-cloudwatch-logs';
import { PlimsollError } from '../../base/index.ts';
import { cliErrors } from '../errors.ts';
import { all, type RegionClients } from './clients.ts';

/** What something writes. */
export interface Output {
  /** What has come since the last call; the first gives all that is kept. */
  more(): Promise<string>;
  /** How often it is worth asking. */
  readonly periodMs: number;
}

const periodMs = 500;

/**
 * Finds whose output is meant: an instance by id or Name tag, a task by id or ARN, a service by name.
 * @throws PL_CLI_LOGS_UNKNOWN, PL_CLI_LOGS_NONE, PL_CLI_NO_REGION
 */
export async function outputOf(clients: RegionClients, name: string): Promise<Output> {
  await clients.whereabouts();
  const instances = await instancesOf(clients, name);
  // What runs rather than what has ended under the same name: a terminated instance is listed for a while.
  const running = instances.find(({ State }) => State?.Name !== 'terminated');
  if (running !== undefined) return consoleOutput(clients, running);
  const tasks = await tasksOf(clients, name);
  if (tasks.length > 0) return streamOutput(clients, name);
  const ended = instances.at(-1);
  if (ended !== undefined) return consoleOutput(clients, ended);
  throw new PlimsollError(cliErrors.PL_CLI_LOGS_UNKNOWN, {
    what: `no instance, task or service is called ${name}`,
    fix: 'plimsoll status lists what there is; --region names another region',
  });
}

async function instancesOf({ ec2: client }: RegionClients, name: string): Promise<Instance[]> {
  const Filters = [name.startsWith('i-') ? { Name: 'instance-id', Values: [name] } : { Name: 'tag:Name', Values: [name] }];
  const pages = paginateDescribeInstances({ client }, { Filters });
  return all(pages, (page) => page.Reservations?.flatMap(({ Instances = [] }) => Instances));
}

/** GetConsoleOutput gives the last 64 KB: what is new begins where the last text ends in it. */
function consoleOutput({ ec2 }: RegionClients, { InstanceId }: Instance): Output {
  let seen = '';
  return {
    periodMs,
    async more() {
      const { Output: output = '' } = await ec2.getConsoleOutput({ InstanceId, Latest: true });
      const text = Buffer.from(output, 'base64').toString('utf8');
      const added = newTail(seen, text);
      seen = text;
      return added;
    },
  };
}

/** What `after` holds beyond `before`, where both are the end of one growing text. */
export function newTail(before: string, after: string): string {
  if (after.startsWith(before)) return after.slice(before.length);
  // The window has moved: its start lies somewhere in what was seen.
  const start = before.indexOf(after.slice(0, 200));
  return start < 0 ? after : after.slice(before.length - start);
}

/** Tasks that run or have lately stopped. */
async function tasksOf({ ecs: client }: RegionClients, name: string): Promise<Task[]> {
  const clusters = await all(paginateListClusters({ client }, {}), (page) => page.clusterArns);
  const found = await Promise.all(
    clusters.flatMap((cluster) =>
      (['RUNNING', 'STOPPED'] as const).map(async (desiredStatus) => {
        const arns = await all(paginateListTasks({ client }, { cluster, desiredStatus, maxResults: 100 }), (page) => page.taskArns);
        const described = [];
        for (let at = 0; at < arns.length; at += 100)
          described.push(await client.describeTasks({ cluster, tasks: arns.slice(at, at + 100) }));
        return described.flatMap(({ tasks = [] }) => tasks);
      }),
    ),
  );
  return found.flat().filter((task) => names(task).includes(name));
}

function names({ taskArn = '', group = '', clusterArn = '' }: Task): string[] {
  const service = group.replace(/^service:/, '');
  return [taskArn, taskArn.slice(taskArn.lastIndexOf('/') + 1), service, `${clusterArn.slice(clusterArn.indexOf('/') + 1)}/${service}`];
}

interface Stream {
  readonly logGroupName: string;
  readonly stream: string;
}

/** The streams of the tasks by that name, new tasks too, in order of time. */
function streamOutput(clients: RegionClients, name: string): Output {
  /** Of the last answer: the next one begins with its newest time, and may repeat these. */
  let seen = new Set<string | undefined>();
  const started = new Map<string, number>();
  return {
    periodMs,
    async more() {
      const streams = await streamsOf(clients, await tasksOf(clients, name), name);
      const found = await Promise.all(
        [...Map.groupBy(streams, ({ logGroupName }) => logGroupName)].map(([group, own]) => eventsOf(clients, group, own, started)),
      );
      const fresh = found.flat().filter(({ eventId }) => !seen.has(eventId));
      seen = new Set(found.flat().map(({ eventId }) => eventId));
      const many = streams.length > 1;
      return fresh
        .toSorted((a, b) => (a.timestamp ?? 0) - (b.timestamp ?? 0))
        .map(({ message = '', logStreamName = '' }) => `${many ? `${shortName(logStreamName)} | ` : ''}${message.replace(/\n$/, '')}\n`)
        .join('');
    },
  };
}

/** Events of a group's streams, from the newest time seen on: several may share a millisecond. */
async function eventsOf({ logs: client }: RegionClients, logGroupName: string, streams: readonly Stream[], started: Map<string, number>) {
  const startTime = started.get(logGroupName) ?? 0;
  const logStreamNames = streams.map(({ stream }) => stream).slice(0, 100);
  const pages = paginateFilterLogEvents({ client }, { logGroupName, logStreamNames, startTime });
  const found = await all(pages, (page) => page.events).catch((error: Error) => {
    // A task that has written nothing yet has no group or stream.
    if (error.name === 'ResourceNotFoundException') return [];
    throw error;
  });
  started.set(logGroupName, Math.max(startTime, ...found.map(({ timestamp }) => timestamp ?? 0)));
  return found;
}

/** `ecs/web/0123456789ab…` is told by its task: the first eight digits. */
const shortName = (stream: string): string => stream.slice(stream.lastIndexOf('/') + 1).slice(0, 8);

async function streamsOf({ ecs }: RegionClients, tasks: readonly Task[], name: string): Promise<Stream[]> {
  const definitions = [...new Set(tasks.flatMap(({ taskDefinitionArn }) => taskDefinitionArn ?? []))];
  const described = await Promise.all(definitions.map((taskDefinition) => ecs.describeTaskDefinition({ taskDefinition })));
  const byArn = new Map(
    described.map(({ taskDefinition }) => [taskDefinition?.taskDefinitionArn, taskDefinition?.containerDefinitions ?? []]),
  );
  const streams = tasks.flatMap(({ taskArn = '', taskDefinitionArn }) =>
    (byArn.get(taskDefinitionArn) ?? []).flatMap(({ name: container, logConfiguration }): Stream[] => {
      const { 'awslogs-group': logGroupName, 'awslogs-stream-prefix': prefix } = logConfiguration?.options ?? {};
      if (logConfiguration?.logDriver !== 'awslogs' || logGroupName === undefined) return [];
      const id = taskArn.slice(taskArn.lastIndexOf('/') + 1);
      return [{ logGroupName, stream: prefix === undefined ? id : `${prefix}/${container}/${id}` }];
    }),
  );
  if (streams.length > 0 || tasks.length === 0) return streams;
  throw new PlimsollError(cliErrors.PL_CLI_LOGS_NONE, {
    what: `the output of ${name} is not kept: no container of its task definition has the log driver awslogs`,
    where: definitions[0] ?? name,
    fix: 'give the container logConfiguration { logDriver: "awslogs", options: { "awslogs-group": …, "awslogs-create-group": "true" } }',
  });
}
