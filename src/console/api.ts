import type { Hello, TestRequest, TestRun, TestSummary } from './contract.ts';

/** What an operation of AWS takes and gives: plain JSON, times in epoch seconds. */
export type Json = Record<string, unknown>;

export type Service = 'application-autoscaling' | 'autoscaling' | 'cloudwatch' | 'ec2' | 'ecs' | 'elbv2' | 'logs' | 'rds' | 'ssm';

/** An answer that says no, with AWS's code. */
export class RefusedError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = 'RefusedError';
    this.code = code;
  }
}

export const token = document.querySelector<HTMLMetaElement>('meta[name="plimsoll-token"]')?.content ?? '';

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

export const tests = {
  list: (): Promise<TestSummary[]> => ask('/api/tests'),
  get: (id: string): Promise<TestRun> => ask(`/api/tests/${encodeURIComponent(id)}`),
  start: (request: TestRequest): Promise<TestRun> => ask('/api/tests', request),
  stop: (id: string): Promise<unknown> => ask(`/api/tests/${encodeURIComponent(id)}/stop`, {}),
  /** A link to a result: `report.html`, `statistics.csv`, `results.json`, `script.js`. */
  link: (id: string, name: string): string => `/api/tests/${encodeURIComponent(id)}/${name}?token=${token}`,
};

const kebab = (name: string): string =>
  name
    .replaceAll(/([a-z\d])([A-Z])/g, '$1-$2')
    .replaceAll(/([A-Z]+)([A-Z][a-z])/g, '$1-$2')
    .toLowerCase();

const quoted = (text: string): string => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);

/** The call of the AWS CLI that does the same. */
export function command(region: string, service: Service, operation: string, input: Json): string {
  const flags = Object.entries(input).map(([name, value]) => {
    const flag = `--${kebab(name)}`;
    if (value === true) return flag;
    if (value === false) return flag.replace('--', '--no-');
    if (Array.isArray(value) && value.every((one) => typeof one !== 'object'))
      return `${flag} ${value.map((one) => quoted(String(one))).join(' ')}`;
    return `${flag} ${quoted(typeof value === 'string' ? value : JSON.stringify(value))}`;
  });
  return ['aws', '--region', region, service, kebab(operation), ...flags].join(' ');
}
