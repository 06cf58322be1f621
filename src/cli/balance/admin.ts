import { createServer, type Server } from 'node:http';
import { PlimsollError, systemErrorCode } from '../../base/index.ts';
import { cliErrors } from '../errors.ts';
import type { BalanceServer } from './server.ts';

/** Serves `/metrics` (Prometheus) and `/status` (JSON); 200 on `/` while it lives. */
export async function startAdmin(balance: BalanceServer, bind: string, port: number): Promise<Server> {
  const server = createServer((request, response) => {
    const path = (request.url ?? '/').split('?')[0];
    if (request.method !== 'GET' && request.method !== 'HEAD') response.writeHead(405, { allow: 'GET, HEAD' }).end();
    else if (path === '/metrics')
      response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }).end(balance.counters.render());
    else if (path === '/status')
      response.writeHead(200, { 'content-type': 'application/json' }).end(`${JSON.stringify(balance.status(), null, 2)}\n`);
    else if (path === '/') response.writeHead(200, { 'content-type': 'text/plain' }).end('plimsoll balance: /metrics, /status\n');
    else response.writeHead(404, { 'content-type': 'text/plain' }).end('there are /metrics and /status\n');
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => {
      reject(
        new PlimsollError(cliErrors.PL_CLI_ADMIN_PORT, {
          what: `the admin port cannot be used: ${systemErrorCode(error) ?? error.message}`,
          where: `${bind}:${port}`,
          fix: 'choose another under admin',
          cause: error,
        }),
      );
    });
    server.listen(port, bind, resolve);
  });
  return server;
}
