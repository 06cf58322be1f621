import { parseDurationMs } from '../../base/index.ts';
import { isNetworkProtocol } from '../../model/index.ts';
import type { ListenerConfig, TargetGroupConfig } from './config.ts';

/** From and to, as they are written in the file. */
type Range = readonly [min: string, max: string];

/** A duration that is out of its range, by its key. */
export interface OutOfRange {
  readonly path: readonly (string | number)[];
  readonly text: string;
}

/**
 * Durations of a listener.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html#load-balancer-attributes
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/network/update-idle-timeout.html
 */
export function listenerRanges(listener: ListenerConfig): OutOfRange[] {
  const { protocol, idleTimeout, clientKeepAlive, connectTimeout } = listener;
  const idle: Range = isNetworkProtocol(protocol) ? ['60s', '6000s'] : ['1s', '4000s'];
  const found = [
    outside(['idleTimeout'], idleTimeout, idle),
    outside(['clientKeepAlive'], clientKeepAlive, ['60s', '604800s']),
    outside(['connectTimeout'], connectTimeout, ['100ms', '120s']),
    ...stickinessOf(listener).map(({ path, text }) => outside(path, text, ['1s', '604800s'])),
  ];
  if (protocol === 'UDP' && idleTimeout !== undefined)
    found.push({ path: ['idleTimeout'], text: 'belongs to connections; a flow of UDP ends after 120s of silence' });
  return found.filter((each) => each !== undefined);
}

/**
 * Durations of a target group and its health check.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html
 */
export function groupRanges({ deregistrationDelay, slowStart, stickiness, healthCheck = {} }: TargetGroupConfig): OutOfRange[] {
  const slow = slowStart !== undefined && parseDurationMs(slowStart) === 0 ? undefined : slowStart;
  const found = [
    outside(['deregistrationDelay'], deregistrationDelay, ['0s', '3600s']),
    outside(['slowStart'], slow, ['30s', '900s'], 'must be 0s, or from 30s to 900s'),
    outside(['stickiness', 'duration'], stickiness?.duration, ['1s', '604800s']),
    // Shorter than AWS's 5s and 2s: tests and local work need not wait that long.
    outside(['healthCheck', 'interval'], healthCheck.interval, ['1s', '300s']),
    outside(['healthCheck', 'timeout'], healthCheck.timeout, ['100ms', '120s']),
  ];
  return found.filter((each) => each !== undefined);
}

type Key = OutOfRange['path'];

function stickinessOf({ default: action, rules = [] }: ListenerConfig): readonly { path: Key; text: string | undefined }[] {
  const ofRules = rules.map(({ then }, index) => ({ path: ['rules', index, 'then', 'stickiness'], text: then.stickiness }));
  return [{ path: ['default', 'stickiness'], text: action.stickiness }, ...ofRules];
}

function outside(path: Key, text: string | undefined, [min, max]: Range, told = `must be from ${min} to ${max}`): OutOfRange | undefined {
  if (text === undefined) return undefined;
  const ms = parseDurationMs(text) ?? Number.NaN;
  return ms >= Number(parseDurationMs(min)) && ms <= Number(parseDurationMs(max)) ? undefined : { path, text: told };
}
