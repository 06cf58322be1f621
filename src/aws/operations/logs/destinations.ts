import type { CloudWatchLogs, Destination as SdkDestination } from '@aws-sdk/client-cloudwatch-logs';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import { table } from '../../state/table.ts';
import type { Operations } from '../operation.ts';
import { page } from '../page.ts';
import { invalid, missing } from './resources.ts';

interface Destination extends Plain<SdkDestination> {
  readonly destinationName: string;
  readonly arn: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** Where other accounts may send their log events; kept and returned, nothing is forwarded. */
export const destinations = table<Destination>('logs.destination', (one) => one.destinationName);

function requireDestination(at: Place, name = ''): Destination {
  const found = at.table(destinations).get(name);
  if (found === undefined) throw missing('destination');
  return found;
}

const describe = ({ tags: _tags, ...destination }: Destination): Plain<SdkDestination> => destination;

export const destinationOperations: Operations<CloudWatchLogs> = {
  PutDestination({ destinationName = '', targetArn, roleArn, tags = {} }, at) {
    const held = at.table(destinations).get(destinationName);
    const put = at.table(destinations).put({
      destinationName,
      targetArn,
      roleArn,
      arn: at.arn('logs', `destination:${destinationName}`),
      creationTime: held?.creationTime ?? at.nowMs,
      ...(held?.accessPolicy === undefined ? {} : { accessPolicy: held.accessPolicy }),
      tags: { ...held?.tags, ...tags },
    });
    return { destination: describe(put) };
  },

  PutDestinationPolicy({ destinationName, accessPolicy }, at) {
    at.table(destinations).patch(requireDestination(at, destinationName), { accessPolicy });
  },

  DescribeDestinations({ DestinationNamePrefix = '', nextToken, limit }, at) {
    const found = at.table(destinations).filter((one) => one.destinationName.startsWith(DestinationNamePrefix));
    const { items, next } = page(
      found,
      { token: nextToken, max: limit },
      { defaultMax: 50, onBadToken: () => invalid('The specified nextToken is invalid.') },
    );
    return { destinations: items.map(describe), nextToken: next };
  },

  DeleteDestination({ destinationName }, at) {
    at.table(destinations).delete(requireDestination(at, destinationName).destinationName);
  },
};
