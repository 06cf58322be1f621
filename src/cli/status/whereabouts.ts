import type { Whereabouts } from '../../aws/index.ts';
import { errorMessage, PlimsollError } from '../../base/index.ts';
import { cliErrors } from '../errors.ts';

const answerTimeoutMs = 10_000;

/**
 * What only the region itself knows: where its listeners, instances and databases are on this computer.
 * @throws PL_CLI_NO_REGION when nothing answers there, or something that is no region.
 */
export async function whereaboutsAt(endpoint: string): Promise<Whereabouts> {
  let text: string;
  let problem: string | undefined;
  try {
    const answer = await fetch(new URL('/_plimsoll/status', endpoint), { signal: AbortSignal.timeout(answerTimeoutMs) });
    text = await answer.text();
    if (!answer.ok) problem = `it answers with status ${answer.status}`;
    else return JSON.parse(text) as Whereabouts;
  } catch (error) {
    problem =
      error instanceof SyntaxError ? 'what answers is no region' : errorMessage(error instanceof Error ? (error.cause ?? error) : error);
  }
  throw new PlimsollError(cliErrors.PL_CLI_NO_REGION, {
    what: `no region of Plimsoll answers: ${problem}`,
    where: endpoint,
    fix: 'start one with plimsoll up, or name it with --endpoint',
  });
}
