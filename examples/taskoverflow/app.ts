/** The HTTP server around the routes: limits, errors, one log line and one observation per request, and an orderly end. */
import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import { type Database, DatabaseUnavailable } from './database.ts';
import { requestId } from './logging.ts';
import { createMetrics } from './metrics.ts';
import { addRoutes } from './routes.ts';
import { TodoStore } from './todoStore.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** What made the answer a 5xx, for the log. */
    failure: Error | null;
  }
}

const bodyBytesMax = 1 << 20;
/** Longer than a load balancer keeps an idle connection (60 s by default), so that it never sends into one that closes. */
const keepAliveTimeoutMs = 75_000;
/** For the whole of a request to arrive. */
const requestTimeoutMs = 30_000;

export interface App {
  readonly http: FastifyInstance;
  /**
   * Stops accepting, answers what is in flight with `Connection: close`, and resolves when no connection is left; those that
   * still are after `graceMs` are cut off.
   */
  stop(graceMs: number): Promise<void>;
}

export function createApp(database: Database, log: Logger): App {
  const metrics = createMetrics(database);
  const http = Fastify({
    logger: false, // one line per request is written below; Fastify would write two, with a child logger for each request
    genReqId: requestId,
    bodyLimit: bodyBytesMax,
    keepAliveTimeout: keepAliveTimeoutMs,
    requestTimeout: requestTimeoutMs,
    return503OnClosing: false,
    routerOptions: { maxParamLength: 16_384 }, // an id that no todo has is not found, however long it is
    frameworkErrors: answerError,
    clientErrorHandler: answerClientError,
  });
  let stopping = false;

  http.decorateRequest('failure', null);
  http.removeAllContentTypeParsers();
  http.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  http.setErrorHandler(answerError);
  answerUnknown(http);
  http.addHook('onSend', (_request, reply, _payload, done) => {
    if (stopping) reply.header('connection', 'close');
    done();
  });
  http.addHook('onResponse', (request, reply, done) => {
    const durationMs = reply.elapsedTime;
    metrics.observe(request.method, request.routeOptions.url ?? 'unknown', reply.statusCode, durationMs);
    logRequest(log, request, reply.statusCode, durationMs);
    done();
  });
  addRoutes(http, { todos: new TodoStore(database), database, metrics });

  const connections = openConnections(http);
  return {
    http,
    async stop(graceMs) {
      stopping = true;
      // Closing the server ends idle connections once. This ends those that fall idle later, and those that were opened in
      // advance and never used, which Node counts as busy.
      const sweep = setInterval(() => {
        http.server.closeIdleConnections();
        for (const socket of connections) if (socket.bytesRead === 0) socket.destroy();
      }, 250);
      const end = setTimeout(() => http.server.closeAllConnections(), graceMs);
      await http.close();
      clearInterval(sweep);
      clearTimeout(end);
    },
  };
}

/** Every open connection; Node tells of its idle ones only. */
function openConnections(http: FastifyInstance): ReadonlySet<Socket> {
  const open = new Set<Socket>();
  http.server.on('connection', (socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  return open;
}

function answerError(error: FastifyError | Error, request: FastifyRequest, reply: FastifyReply): void {
  const status = 'statusCode' in error && error.statusCode !== undefined ? error.statusCode : 500;
  if (status >= 500) request.failure = error;
  if (status === 503) reply.header('retry-after', '1');
  const known = status < 500 || error instanceof DatabaseUnavailable;
  void reply.code(status).send({ error: known ? error.message : 'Internal server error' });
}

/** 405 for a path that exists with other methods, else 404. */
function answerUnknown(http: FastifyInstance): void {
  const routes = new Map<string, { readonly path: RegExp; readonly methods: string[] }>();
  http.addHook('onRoute', ({ url, method }) => {
    const route = routes.get(url) ?? { path: new RegExp(`^${url.replace(/:\w+/g, '[^/]+')}$`), methods: [] };
    route.methods.push(...[method].flat());
    routes.set(url, route);
  });
  http.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?', 1)[0] as string;
    const route = routes.values().find((candidate) => candidate.path.test(path));
    if (route) return reply.code(405).header('allow', route.methods.join(', ')).send({ error: 'Method not allowed' });
    return reply.code(404).send({ error: 'Not found' });
  });
}

/** What is not even HTTP never becomes a request, so it is answered on the socket, with the same form of body. */
function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, message] =
    error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
      ? ['408 Request Timeout', 'The request did not arrive in time']
      : error.code === 'HPE_HEADER_OVERFLOW'
        ? ['431 Request Header Fields Too Large', 'The headers are too large']
        : ['400 Bad Request', 'This is not a valid HTTP request'];
  const body = JSON.stringify({ error: message });
  const head = [`HTTP/1.1 ${status}`, 'Content-Type: application/json', `Content-Length: ${body.length}`, 'Connection: close'];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

const urlLengthMax = 1024;

function logRequest(log: Logger, request: FastifyRequest, status: number, durationMs: number): void {
  const level = status >= 500 ? 'error' : isHealthCheck(request) ? 'debug' : 'info';
  if (!log.isLevelEnabled(level)) return;
  const line = {
    requestId: request.id,
    method: request.method,
    url: request.url.slice(0, urlLengthMax),
    status,
    durationMs: Math.round(durationMs * 1000) / 1000,
  };
  log[level](request.failure === null ? line : { ...line, ...reasonOf(request.failure) }, 'request');
}

/** Balancers ask every few seconds; their lines would bury the others. */
function isHealthCheck(request: FastifyRequest): boolean {
  return request.routeOptions.url === '/api/v1/health';
}

/** An absent database needs its cause in the log but no stack; a fault of ours needs its stack. */
function reasonOf(failure: Error): object {
  if (!(failure instanceof DatabaseUnavailable)) return { err: failure };
  const { cause } = failure;
  return { reason: failure.message, ...(cause instanceof Error && { cause: cause.message }) };
}
