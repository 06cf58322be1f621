import type { FastifyInstance, FastifyReply } from 'fastify';
import type { StatisticsRow, TestRequest } from '../../console/index.ts';
import type { Tests } from './loadTests.ts';
import { fail, isRecord } from './answer.ts';

type WithId = { Params: { id: string } };

/** Load tests: start, stop, list, and their results to download. */
export function testRoutes(app: FastifyInstance, tests: Tests): void {
  const missing = (reply: FastifyReply, id: string): FastifyReply =>
    fail(reply, 404, 'NotFound', `there is no load test ${id.slice(0, 100)}`);
  app.get('/api/tests', () => tests.list());
  app.post('/api/tests', (request, reply) => {
    const asked = testRequestOf(request.body);
    return typeof asked === 'string' ? fail(reply, 400, 'BadRequest', asked) : reply.code(201).send(tests.start(asked));
  });
  app.get<WithId>('/api/tests/:id', ({ params: { id } }, reply) => tests.get(id) ?? missing(reply, id));
  app.post<WithId>('/api/tests/:id/stop', ({ params: { id } }, reply) => (tests.stop(id) ? { stopped: id } : missing(reply, id)));
  // Saved, never shown by this origin: a script may give names of any kind.
  const download = (reply: FastifyReply, name: string, type: string, body: Buffer | string): FastifyReply =>
    reply.type(type).header('Content-Disposition', `attachment; filename="${name}"`).send(body);
  app.get<WithId>('/api/tests/:id/statistics.csv', ({ params: { id } }, reply) => {
    const run = tests.get(id);
    return run === undefined
      ? missing(reply, id)
      : download(reply, `${id}.csv`, 'text/csv; charset=utf-8', csvOf([...run.rows, run.total]));
  });
  app.get<WithId>('/api/tests/:id/results.json', ({ params: { id } }, reply) => {
    const run = tests.get(id);
    return run === undefined ? missing(reply, id) : download(reply, `${id}.json`, 'application/json', JSON.stringify(run, undefined, 2));
  });
  for (const [name, type] of [
    ['report.html', 'text/html; charset=utf-8'],
    ['script.js', 'text/javascript; charset=utf-8'],
  ] as const) {
    app.get<WithId>(`/api/tests/:id/${name}`, ({ params: { id } }, reply) => {
      const body = tests.file(id, name);
      return body === undefined ? missing(reply, id) : download(reply, `${id}-${name}`, type, body);
    });
  }
}

/** What is wrong with it, where something is. */
function testRequestOf(body: unknown): TestRequest | string {
  if (!isRecord(body)) return 'a load test is a JSON object';
  const { name, script, env = {}, ramp, workers } = body;
  if (typeof script !== 'string' || script.trim() === '') return 'script: a k6 script is needed';
  if (!isRecord(env) || !Object.values(env).every((value) => typeof value === 'string')) return 'env: names and texts are needed';
  const shown = typeof name === 'string' && name.trim() !== '' ? name.trim().slice(0, 100) : 'load test';
  if (workers !== undefined && !isCount(workers, 1, 64)) return 'workers: a number from 1 to 64 is needed';
  const asked = { name: shown, script, env: env as Record<string, string>, ...(workers === undefined ? {} : { workers }) };
  if (ramp === undefined) return asked;
  if (!isRecord(ramp)) return 'ramp: users, rampSeconds and holdSeconds are needed';
  const { users, rampSeconds, holdSeconds } = ramp;
  if (!isCount(users, 1, 1_000_000)) return 'users: a number from 1 to 1,000,000 is needed';
  if (!isCount(rampSeconds, 0, 86_400) || !isCount(holdSeconds, 0, 86_400))
    return 'ramp and hold: numbers of seconds up to a day are needed';
  return { ...asked, ramp: { users, rampSeconds, holdSeconds } };
}

const isCount = (value: unknown, min: number, max: number): value is number =>
  Number.isInteger(value) && Number(value) >= min && Number(value) <= max;

/** Locust's names for its columns. */
const columns: readonly (readonly [string, keyof StatisticsRow])[] = [
  ['Type', 'type'],
  ['Name', 'name'],
  ['Request Count', 'requests'],
  ['Failure Count', 'fails'],
  ['Median Response Time', 'median'],
  ['90%', 'p90'],
  ['99%', 'p99'],
  ['Average Response Time', 'average'],
  ['Min Response Time', 'min'],
  ['Max Response Time', 'max'],
  ['Average Content Size', 'averageBytes'],
  ['Requests/s', 'requestsPerSecond'],
  ['Failures/s', 'failuresPerSecond'],
];

export function csvOf(rows: readonly StatisticsRow[]): string {
  return [columns.map(([title]) => title), ...rows.map((row) => columns.map(([, key]) => cell(row[key])))]
    .map((cells) => `${cells.join(',')}\r\n`)
    .join('');
}

/** RFC 4180, and nothing that a spreadsheet takes for a formula. */
function cell(value: string | number): string {
  const text = typeof value === 'string' && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
