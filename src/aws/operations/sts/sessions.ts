import { table } from '../../state/table.ts';
import type { World } from '../../state/world.ts';

/** Temporary credentials that STS gave out, by access key, in the world's own place: a key tells its account. */
export interface Session {
  readonly accessKeyId: string;
  readonly account: string;
  readonly arn: string;
  readonly userId: string;
  readonly expiresAtMs: number;
}

export const sessions = table<Session>('sts.session', (session) => session.accessKeyId);

/** Where sessions of all accounts and partitions stand. */
export const sessionRegion = 'aws-global';

/** Sessions of all accounts stand in one place, because a request names only its key. */
export function findSession(world: World, accessKeyId: string | undefined): Session | undefined {
  return accessKeyId === undefined ? undefined : world.place('000000000000', sessionRegion).table(sessions).get(accessKeyId);
}

export function sessionAccount(world: World, accessKeyId: string | undefined): string | undefined {
  return accessKeyId?.startsWith('ASIA') === true ? findSession(world, accessKeyId)?.account : undefined;
}
