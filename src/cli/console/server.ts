import type { ServerResponse } from 'node:http';
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import { errorMessage, packageVersion, PlimsollError, systemErrorCode, systemRandom, uuid, type Logger } from '../../base/index.ts';
import { refusal, type Endpoint } from '../../aws/index.ts';
import type { AccessLog, Hello } from '../../console/index.ts';
import { cliErrors } from '../errors.ts';
import { accessLogTail } from './accessLog.ts';
import { fail } from './answer.ts';
import { loadAssets, type Asset } from './assets.ts';
import { eventText } from './events.ts';
import { icon, pageOf, securityHeaders } from './html.ts';
import { LoadTests, type Tests } from './loadTests.ts';
import type { OneTest } from './oneTest.ts';
import type { ConsoleSource } from './source.ts';
import { testRoutes } from './testRoutes.ts';
import { RegionWatch } from './watch.ts';

export interface ConsolePlace {
  readonly host: string;
  /** Ports to try, in order; 0 is any free one. */
  readonly ports: readonly number[];
}

export interface ConsoleOptions extends ConsolePlace {
  readonly source: ConsoleSource;
  /** Where load tests keep their scripts and results. */
  readonly testsFolder: string;
  /** How often the region is looked at; once a second unless given. */
  readonly lookEveryMs?: number;
  readonly log: Logger;
}

/** Larger than any script that a person wrote. */
const bodyBytesMax = 2 << 20;

/** What stands behind a page. */
interface Behind {
  readonly tests: Tests;
  hello(): Hello;
  /** Tells a page what happens, from the moment after the one with this number. */
  follow(response: ServerResponse, lastNumber: number, region: string | undefined): void;
  /** Calls an operation of AWS; absent where no region is. */
  call?(service: string, operation: string, input: Buffer, region: string | undefined): ReturnType<Endpoint['callJson']>;
  /** Of a load balancer by its name; absent where no region is. */
  accessLog?(name: string, region: string | undefined): Promise<AccessLog | undefined>;
  close(): Promise<void>;
}

/** The console: one page, and what it asks for. */
export class ConsoleServer {
  readonly url: string;
  readonly #app: FastifyInstance;
  readonly #behind: Behind;

  private constructor(url: string, app: FastifyInstance, behind: Behind) {
    this.url = url;
    this.#app = app;
    this.#behind = behind;
  }

  /** Of a region. @throws PL_CLI_CONSOLE_PORT */
  static open(options: ConsoleOptions): Promise<ConsoleServer> {
    return ConsoleServer.#open(options, regionBehind(options));
  }

  /** Of the load test of `plimsoll run`, without a region. @throws PL_CLI_CONSOLE_PORT */
  static openForRun(test: OneTest, place: ConsolePlace): Promise<ConsoleServer> {
    return ConsoleServer.#open(place, {
      tests: test,
      hello: () => ({ regions: [], version: packageVersion() }),
      follow: (response) => test.follow(response),
      close: () => Promise.resolve(test.endFollowing()),
    });
  }

  static async #open(place: ConsolePlace, behind: Behind): Promise<ConsoleServer> {
    try {
      const assets = await loadAssets();
      const token = uuid(systemRandom);
      const app = Fastify({ bodyLimit: bodyBytesMax, forceCloseConnections: true, exposeHeadRoutes: false });
      guard(app, token);
      pageRoutes(app, assets, token);
      apiRoutes(app, behind);
      testRoutes(app, behind.tests);
      return new ConsoleServer(await listen(app, place), app, behind);
    } catch (error) {
      await behind.close();
      throw error;
    }
  }

  /** Ends a load test that was started from the page and runs, and all connections. */
  async close(): Promise<void> {
    await this.#behind.close();
    await this.#app.close();
  }
}

function regionBehind({ source, testsFolder, lookEveryMs = 1000, log }: ConsoleOptions): Behind {
  const { endpoint } = source;
  const watches = new Map<string, RegionWatch>();
  const tests = new LoadTests(testsFolder, (run) => {
    for (const watch of watches.values()) watch.tell('test', run);
  });
  const watchOf = (region = source.region): RegionWatch => {
    const found = watches.get(region);
    if (found !== undefined) return found;
    const users = (): number | undefined => tests.users ?? source.users?.();
    const onFault = (error: unknown): void => log.error({ err: error }, 'looking at the region failed');
    const watch = new RegionWatch(source, region, { users, onFault, lookEveryMs });
    watches.set(region, watch);
    return watch;
  };
  watchOf();
  return {
    tests,
    hello: () => {
      const touched = endpoint.world.places().map(({ region }) => region);
      const regions = [...new Set([source.region, ...touched])].filter((region) => regionPattern.test(region));
      return { regions: regions.toSorted(), region: source.region, endpoint: endpoint.url, version: packageVersion() };
    },
    follow: (response, lastNumber, region) => {
      watchOf(region).follow(response, lastNumber);
      const running = tests.current();
      if (running !== undefined) response.write(eventText('test', running));
    },
    call: (service, operation, input, region = source.region) => endpoint.callJson(service, operation, input, region),
    accessLog: (name, region = source.region) => accessLogTail(source, region, name),
    close: async () => {
      for (const each of watches.values()) each.close();
      await tests.close();
    },
  };
}

/**
 * Only the console's own page gets an answer: `Host` keeps out names that were rebound to loopback, `Origin` other pages, and
 * the token, which stands in the page, pages of the same host on another port.
 */
function guard(app: FastifyInstance, token: string): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(securityHeaders);
    const refused = refusal(request.headers);
    if (refused !== undefined) return fail(reply, 403, 'AccessDenied', refused);
    if (!request.url.startsWith('/api/')) return undefined;
    reply.header('Cache-Control', 'no-store');
    const { origin, host } = request.headers;
    const foreign = origin !== undefined && URL.parse(origin)?.host !== host;
    const given = request.headers['x-plimsoll-token'] ?? (request.query as Record<string, unknown>)['token'];
    if (foreign || given !== token) return fail(reply, 403, 'AccessDenied', 'this page is of an earlier run of the console: reload it');
    return undefined;
  });
  app.setErrorHandler((error, _request, reply) => {
    if (error instanceof PlimsollError) return fail(reply, 409, error.code, error.message);
    const { statusCode = 500 } = error as { statusCode?: number };
    return fail(reply, statusCode, statusCode < 500 ? 'BadRequest' : 'InternalFailure', errorMessage(error));
  });
}

function pageRoutes(app: FastifyInstance, assets: ReadonlyMap<string, Asset>, token: string): void {
  for (const [name, { type, body, brotli }] of assets) {
    app.get(`/${name}`, (request, reply) => {
      reply.header('Content-Type', type).header('Cache-Control', 'no-cache').header('Vary', 'Accept-Encoding');
      if (brotli === undefined || !/\bbr\b/.test(request.headers['accept-encoding'] ?? '')) return reply.send(body);
      return reply.header('Content-Encoding', 'br').send(brotli);
    });
  }
  app.get('/icon.svg', (_request, reply) => reply.type('image/svg+xml').send(icon));
  // Every other path is a place in the page.
  app.setNotFoundHandler((request, reply) => {
    const isPlace = request.method === 'GET' && !request.url.startsWith('/api/') && !/\.\w+$/.test(request.url.split('?')[0]!);
    if (!isPlace) return fail(reply, 404, 'NotFound', `there is no ${request.method} ${request.url.slice(0, 200)}`);
    return reply.type('text/html; charset=utf-8').header('Cache-Control', 'no-store').send(pageOf(token));
  });
}

function apiRoutes(app: FastifyInstance, behind: Behind): void {
  app.get('/api/hello', () => behind.hello());
  app.get('/api/live', (request, reply) => {
    const lastNumber = Number(request.headers['last-event-id'] ?? 0);
    reply.hijack();
    for (const [name, value] of Object.entries(securityHeaders)) reply.raw.setHeader(name, value);
    behind.follow(reply.raw, Number.isInteger(lastNumber) ? lastNumber : 0, regionOf(request));
  });
  app.post<{ Params: { service: string; operation: string } }>('/api/aws/:service/:operation', async (request, reply) => {
    const { service, operation } = request.params;
    const body = Buffer.from(JSON.stringify(request.body ?? {}));
    const answer = await behind.call?.(service, operation, body, regionOf(request));
    if (answer === undefined) return fail(reply, 404, 'NotFound', 'this console is of a load test: no region is behind it');
    return reply.code(answer.status).type('application/json').send(answer.body);
  });
  app.get<{ Params: { name: string } }>('/api/access-log/:name', async (request, reply) => {
    const { name } = request.params;
    const log = await behind.accessLog?.(name, regionOf(request));
    return log ?? fail(reply, 404, 'NotFound', `there is no load balancer ${name.slice(0, 100)}`);
  });
}

const regionPattern = /^[a-z]{2}(-[a-z]+)+-\d$/;

function regionOf(request: FastifyRequest): string | undefined {
  const { region } = request.query as Record<string, unknown>;
  return typeof region === 'string' && regionPattern.test(region) ? region : undefined;
}

/** The first port that is free. */
async function listen(app: FastifyInstance, { host, ports }: ConsolePlace): Promise<string> {
  for (const [index, port] of ports.entries()) {
    try {
      const url = await app.listen({ host, port });
      return url.replace(/\/$/, '');
    } catch (error) {
      if (systemErrorCode(error) === 'EADDRINUSE' && index < ports.length - 1) continue;
      throw new PlimsollError(cliErrors.PL_CLI_CONSOLE_PORT, {
        what: `the console cannot listen: ${errorMessage(error)}`,
        where: `${host}:${port}`,
        fix: 'choose another port with --console-port',
        cause: error,
      });
    }
  }
  throw new PlimsollError(cliErrors.PL_CLI_CONSOLE_PORT, { what: 'the console was given no port' });
}
