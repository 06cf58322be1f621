import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import type Docker from 'dockerode';
import { errorMessage, PlimsollError, systemClock, systemErrorCode } from '../../base/index.ts';
import { computeErrors } from '../errors.ts';

/** What Docker's leftovers are found by: every container and network of a region carries it, with the region's key. */
export const regionLabel = 'plimsoll.region';
/** The id of a container's workload. */
export const workloadLabel = 'plimsoll.workload';

/** One region's key among the regions of an Engine: its data folder's. */
export function regionKey(dataDir: string): string {
  return createHash('sha256').update(resolve(dataDir)).digest('hex').slice(0, 12);
}

/** The Engine that DOCKER_HOST names, else the one of this computer. Throws PL_COMPUTE_DOCKER_UNREACHABLE where none answers. */
export async function openEngine(): Promise<Docker> {
  // Loaded when it is asked for: most regions never do.
  const { default: Engine } = await import('dockerode');
  const docker = new Engine();
  try {
    await docker.ping();
    return docker;
  } catch (cause) {
    throw unreachable(cause);
  }
}

export function unreachable(cause: unknown): PlimsollError {
  return new PlimsollError(computeErrors.PL_COMPUTE_DOCKER_UNREACHABLE, {
    what: `no Docker Engine answers: ${errorMessage(cause)}`,
    where: process.env['DOCKER_HOST'] ?? '/var/run/docker.sock',
    fix: 'start it, let this user use it (group docker), or run without --compute docker',
    cause,
  });
}

/** An answer of the Engine that is not there within this time will never be. */
const answerWithinMs = 30_000;

/**
 * An answer that takes no time by its nature. dockerode never settles one that is cut off in the middle, as happens when
 * the Engine is killed: it then rejects with PL_COMPUTE_DOCKER_UNREACHABLE.
 */
export async function answered<Answer>(asked: Promise<Answer>, withinMs = answerWithinMs): Promise<Answer> {
  const waiting = new AbortController();
  const late = systemClock.sleep(withinMs, waiting.signal).then(() => {
    throw unreachable(new Error(`no answer within ${withinMs / 1000} s`));
  });
  try {
    return await Promise.race([asked, late]);
  } finally {
    late.catch(() => undefined);
    waiting.abort();
  }
}

/** Whether an error tells of the Engine's absence, rather than of an answer of its own. */
export function isAbsence(error: unknown): boolean {
  const code = systemErrorCode(error);
  return code !== undefined && ['ECONNREFUSED', 'ENOENT', 'ECONNRESET', 'EPIPE', 'EACCES'].includes(code);
}

/** The status of an answer that refuses; undefined for other errors. */
export function statusOf(error: unknown): number | undefined {
  return typeof error === 'object' && error !== null && 'statusCode' in error && typeof error.statusCode === 'number'
    ? error.statusCode
    : undefined;
}

/** Removes containers and networks that an earlier run of a region has left; resolves with how many containers there were. */
export async function sweepContainers(docker: Docker, dataDir: string): Promise<number> {
  const filters = { label: [`${regionLabel}=${regionKey(dataDir)}`] };
  const left = await docker.listContainers({ all: true, filters });
  await Promise.all(left.map(({ Id }) => removeContainer(docker, Id)));
  for (const { Id } of await docker.listNetworks({ filters })) await docker.getNetwork(Id).remove();
  return left.length;
}

/** Kills and removes; one that is gone is fine. */
export async function removeContainer(docker: Docker, id: string): Promise<void> {
  await docker
    .getContainer(id)
    .remove({ force: true, v: true })
    .catch((error: unknown) => {
      // 409: it is being removed.
      if (statusOf(error) !== 404 && statusOf(error) !== 409) throw error;
    });
}
