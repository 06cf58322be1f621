/**
 * A shop with three health checks to choose from. It needs its storage for everything, and an identity provider for
 * logging in only. Environment: HOST, PORT; STORAGE, a folder in which each task keeps one of its own; IDENTITY_URL.
 *
 * | path            | asks                          | as a health check it is                             |
 * | --------------- | ----------------------------- | --------------------------------------------------- |
 * | `/health/port`  | nothing                       | too weak: it passes while no order can be answered  |
 * | `/health`       | the storage                   | right: it fails when this task is of no use         |
 * | `/health/login` | storage and identity provider | too broad: it fails for a fault that others share   |
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { join } from 'node:path';

const { HOST = '127.0.0.1', PORT = '8080', STORAGE = 'storage', IDENTITY_URL = '' } = process.env;
const file = join(STORAGE, HOST, 'orders.json');
mkdirSync(join(STORAGE, HOST), { recursive: true });
writeFileSync(file, '[{"id":1,"what":"rope"}]');

const server = createServer((request, response) => {
  answer(request.url ?? '/', response).catch((error: unknown) => send(response, 503, { error: String(error) }));
});
server.listen(Number(PORT), HOST);
process.on('SIGTERM', () => server.close(() => process.exit(0)));

async function answer(path: string, response: ServerResponse): Promise<void> {
  switch (path) {
    case '/orders':
      return send(response, 200, orders());
    case '/login':
      return send(response, 200, await login());
    case '/health/port':
      return send(response, 200, { status: 'ok' });
    case '/health':
      orders();
      return send(response, 200, { status: 'ok' });
    case '/health/login':
      orders();
      await login();
      return send(response, 200, { status: 'ok' });
    default:
      return send(response, 404, { error: 'not found' });
  }
}

/** Throws when the storage is gone. */
function orders(): unknown {
  return JSON.parse(readFileSync(file, 'utf8'));
}

/** Throws when the identity provider does not answer in time. */
async function login(): Promise<unknown> {
  const answer = await fetch(IDENTITY_URL, { signal: AbortSignal.timeout(1000) });
  if (!answer.ok) throw new Error(`the identity provider answers ${answer.status}`);
  return { user: await answer.text() };
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(`${JSON.stringify(body)}\n`);
}
