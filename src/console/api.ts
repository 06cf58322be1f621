import type { Json, Service } from './command.ts';
import type { AccessLog, Hello, TestRequest, TestRun, TestSummary } from './contract.ts';

/** An answer that says no, with AWS's code. */
export class RefusedError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = 'RefusedError';
    this.code = code;
  }
}

const tokenOf = (page: ParentNode): string => page.querySelector<HTMLMetaElement>('meta[name="plimsoll-token"]')?.content ?? '';

let token = tokenOf(document);

/** A console that was started anew has another token; this page, being the console's own, may read it. */
export async function renewToken(): Promise<void> {
  const answer = await fetch('/', { cache: 'no-store' });
  token = tokenOf(new DOMParser().parseFromString(await answer.text(), 'text/html'));
}

/** For what cannot send headers: event streams and downloads. */
export const withToken = (path: string): string => `${path}${path.includes('?') ? '&' : '?'}token=${token}`;

async function ask<Answer>(path: string, body?: unknown): Promise<Answer> {
  const response = await fetch(path, {
    headers: { 'x-plimsoll-token': token, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const answer: unknown = text === '' ? {} : JSON.parse(text);
  if (response.ok) return answer as Answer;
  const { __type: code = String(response.status), message = response.statusText } = answer as { __type?: string; message?: string };
  throw new RefusedError(code, message);
}

export const hello = (): Promise<Hello> => ask('/api/hello');

/** Calls an operation of AWS in a region: `aws('us-east-1', 'ecs', 'ListClusters', {})`. */
export function aws<Answer = Json>(region: string, service: Service, operation: string, input: Json = {}): Promise<Answer> {
  return ask(`/api/aws/${service}/${operation}?region=${region}`, input);
}

export const accessLog = (region: string, balancer: string): Promise<AccessLog> =>
  ask(`/api/access-log/${encodeURIComponent(balancer)}?region=${region}`);

export const tests = {
  list: (): Promise<TestSummary[]> => ask('/api/tests'),
  get: (id: string): Promise<TestRun> => ask(`/api/tests/${encodeURIComponent(id)}`),
  start: (request: TestRequest): Promise<TestRun> => ask('/api/tests', request),
  stop: (id: string): Promise<unknown> => ask(`/api/tests/${encodeURIComponent(id)}/stop`, {}),
  /** A link to a result: `report.html`, `statistics.csv`, `results.json`, `script.js`. */
  link: (id: string, name: string): string => withToken(`/api/tests/${encodeURIComponent(id)}/${name}`),
};
