import { createHash } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { AwsError } from '../codec/error.ts';
import type { Place } from '../state/place.ts';
import { table } from '../state/table.ts';

/** A call that was made with a token of the caller's. */
interface Remembered {
  /** `service Operation token` */
  readonly key: string;
  /** Of all else that was asked for. */
  readonly hash: string;
  /** What was answered: as JSON, deflated, in base64. The answer of a launch of hundreds is kept for a day. */
  readonly output: string;
  readonly atMs: number;
}

function packed(output: Output): string {
  return deflateRawSync(JSON.stringify(output), { level: 1 }).toString('base64');
}

function unpacked(output: string): Output {
  return JSON.parse(inflateRawSync(Buffer.from(output, 'base64')).toString()) as Output;
}

const remembered = table<Remembered>('idempotency', ({ key }) => key);

/** EC2 remembers tokens as long as the resource lives, ECS for a day; a day is what clients that try again need. */
const keptMs = 24 * 3600_000;

type Output = Record<string, unknown>;

/**
 * Makes a call with a client token happen once: again with the same parameters it gives the first answer, with others it is refused.
 * https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html
 */
export function once(service: string, operation: string, input: Readonly<Output>, at: Place, perform: () => Output): Output {
  const { ClientToken, clientToken, ...rest } = input;
  const token = ClientToken ?? clientToken;
  if (typeof token !== 'string' || token === '' || !makes.test(operation)) return perform();
  // ECS keeps the tokens of each cluster apart. https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html
  const scope = service === 'ecs' ? `${clusterOf(input)} ` : '';
  const key = `${service} ${operation} ${scope}${token}`;
  const hash = createHash('sha256').update(canonical(rest)).digest('hex');
  const calls = at.table(remembered);
  const before = calls.get(key);
  if (before !== undefined && at.nowMs - before.atMs < keptMs) {
    if (before.hash === hash) return unpacked(before.output);
    throw mismatch(service, operation, token, unpacked(before.output));
  }
  const output = perform();
  calls.delete(key);
  calls.put({ key, hash, output: packed(output), atMs: at.nowMs });
  for (const old of calls.values()) {
    // In order of time: the first that is young enough ends it.
    if (at.nowMs - old.atMs < keptMs) break;
    calls.delete(old.key);
  }
  return output;
}

/** Other calls with a token change nothing when they are made twice. */
const makes = /^(Run|Create|Allocate|Start|Provision|Import|Copy)/;

/** The name of the cluster of a call, which may be given as an ARN. */
function clusterOf({ cluster }: Readonly<Output>): string {
  return typeof cluster === 'string' && cluster !== '' ? cluster.slice(cluster.lastIndexOf('/') + 1) : 'default';
}

function mismatch(service: string, operation: string, token: string, before: Output): AwsError {
  if (service === 'ecs' && operation === 'RunTask') {
    const tasks = (before['tasks'] ?? []) as readonly { readonly taskArn?: string }[];
    return new AwsError('ConflictException', 'The client token is already in use with a different RunTask request.', {
      details: { resourceIds: tasks.map(({ taskArn }) => taskArn) },
    });
  }
  if (service === 'ecs')
    return new AwsError('InvalidParameterException', 'The request was made before with this client token and other parameters.');
  return new AwsError(
    'IdempotentParameterMismatch',
    `Arguments on this idempotent request are inconsistent with arguments used in previous request(s) with the client token ${token}.`,
  );
}

/** JSON with the members of each object in order, bytes as they are. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, held: unknown) =>
    typeof held === 'object' && held !== null && !Array.isArray(held)
      ? Object.fromEntries(Object.entries(held).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : held,
  );
}
