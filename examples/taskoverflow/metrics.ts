/** Numbers about this process in Prometheus' text form. */
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import type { Database } from './database.ts';

export interface Metrics {
  readonly contentType: string;
  /** @param route the route's pattern, never the path asked for: there is no end of paths. */
  observe(method: string, route: string, status: number, durationMs: number): void;
  /** The text of `GET /metrics`. */
  text(): Promise<string>;
}

/** Counts and durations of requests, the pool, and prom-client's process metrics, among them the event loop's lag. */
export function createMetrics(database: Database): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });

  const labelNames = ['method', 'route', 'status'] as const;
  const requests = new Counter({ name: 'http_requests_total', help: 'Requests answered', labelNames, registers });
  const durations = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'From the end of the headers to the last byte of the answer',
    labelNames,
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  });
  const gauge = (name: string, help: string, value: () => number): unknown =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(value());
      },
    });
  gauge('taskoverflow_database_pool_size', 'Queries that may run at the same time', () => database.stats().size);
  gauge('taskoverflow_database_pool_in_use', 'Queries that run', () => database.stats().inUse);
  gauge('taskoverflow_database_pool_waiting', 'Queries that wait for a connection', () => database.stats().waiting);

  return {
    contentType: registry.contentType,
    observe(method, route, status, durationMs) {
      const labels = { method, route, status };
      requests.inc(labels);
      durations.observe(labels, durationMs / 1000);
    },
    text: () => registry.metrics(),
  };
}
