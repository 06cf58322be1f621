import { databaseTagsOf, loadBalancingTagsOf, type Place } from '../aws/index.ts';

/**
 * Tags that rehearse what is slow. AWS has no call for it, and takes them for the tags they are: `plimsoll:latency-ms` of a
 * target group is for all its targets, `plimsoll:latency-ms:ID` for the one of this ID, and that of a DB instance for the database.
 */
const latencyTag = 'plimsoll:latency-ms';
const latencyMsMax = 60_000;

/** By the ID of a target. What is no number from 1 to 60,000 adds nothing. */
export function addedLatency(
  tags: readonly { readonly Key?: string | undefined; readonly Value?: string | undefined }[],
): (id: string) => number {
  const read = (key: string): number => {
    const ms = Number(tags.find(({ Key }) => Key === key)?.Value);
    return ms >= 1 && ms <= latencyMsMax ? ms : 0;
  };
  return (id) => read(`${latencyTag}:${id}`) || read(latencyTag);
}

/** What every round trip to a database takes longer. */
export const databaseLatencyOf = (at: Place, arn: string | undefined): number => addedLatency(databaseTagsOf(at, arn))('');

export const addedLatencyOf = (at: Place, groupArn: string): ((targetId: string) => number) =>
  addedLatency(loadBalancingTagsOf(at, groupArn));
