import type { Metric, MetricRegistry } from '../metrics/registry.ts';

/** What is measured of event streams, beside the metrics of HTTP. */
export interface SseMetrics {
  /** One for each event, as in xk6-sse. */
  readonly events: Metric | undefined;
  /** From the begin of the request's sending to the first event. */
  readonly firstEvent: Metric | undefined;
  /** Between one event and the next of the same stream. */
  readonly interval: Metric | undefined;
}

/** Only scripts that import the module have these metrics. One that the script has as another kind is not measured. */
export function sseMetrics(metrics: MetricRegistry): SseMetrics {
  return {
    events: metrics.define('sse_event', 'counter', 'default'),
    firstEvent: metrics.define('sse_time_to_first_event', 'trend', 'time'),
    interval: metrics.define('sse_event_interval', 'trend', 'time'),
  };
}
