/** `node scripts/aws-operations.ts` writes docs/aws-operations.md: the operations that the AWS endpoint answers. */
import { writeFileSync } from 'node:fs';
import { supportedOperations } from '../src/aws/index.ts';

/** The page as it should stand. */
export function operationsPage(): string {
  const byService = Map.groupBy(supportedOperations(), ([service]) => service);
  const total = [...byService.values()].reduce((sum, list) => sum + list.length, 0);
  const sections = [...byService]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([service, list]) => `## ${service} (${list.length})\n\n${list.map(([, name]) => name).join(' · ')}\n`);
  return [
    '# Operations of the AWS endpoint\n',
    `The ${total} operations that \`plimsoll up\` answers, written by \`node scripts/aws-operations.ts\` from the tables in`,
    '`src/aws/operations`. An operation of a listed service that is not here answers `NotImplemented` (HTTP 501) with its name.\n',
    ...sections,
  ].join('\n');
}

if (import.meta.main) writeFileSync(new URL('../docs/aws-operations.md', import.meta.url), operationsPage());
