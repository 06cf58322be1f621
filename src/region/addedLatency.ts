import { loadBalancingTagsOf, type Place } from '../../aws/index.ts';

/**
 * Tags of a target group that rehearse slow targets. AWS has no call for it, and takes them for the tags they are:
 * `plimsoll:latency-ms` is for all targets of the group, `plimsoll:latency-ms:ID` for the one of this ID.
 */
const latencyTag = 'plimsoll:latency-ms';
const latencyMsMax = 60_000;

/** How much later requests are sent to a target, by its ID. What is no number from 1 to 60,000 adds nothing. */
export function addedLatency(tags: readonly { readonly Key: string; readonly Value: string }[]): (targetId: string) => number {
  const read = (key: string): number => {
    const ms = Number(tags.find(({ Key }) => Key === key)?.Value);
    return ms >= 1 && ms <= latencyMsMax ? ms : 0;
  };
  return (targetId) => read(`${latencyTag}:${targetId}`) || read(latencyTag);
}

export const addedLatencyOf = (at: Place, groupArn: string): ((targetId: string) => number) =>
  addedLatency(loadBalancingTagsOf(at, groupArn));
