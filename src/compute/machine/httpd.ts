/** The stand-in for Apache in a machine: files below /var/www/html on port 80. Runs alone, without the rest of the package. */
import { createReadStream, statSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { extname, join, normalize } from 'node:path';

const root = '/var/www/html';
const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=UTF-8',
  '.css': 'text/css',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=UTF-8',
};

function refuse(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/html; charset=UTF-8', server: 'Apache' }).end(`<h1>${text}</h1>\n`);
}

const server = createServer((request, response) => {
  let path: string;
  try {
    path = normalize(`/${decodeURIComponent((request.url ?? '/').split('?')[0] ?? '/')}`);
  } catch {
    return refuse(response, 400, 'Bad Request');
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') return refuse(response, 405, 'Method Not Allowed');
  const file = join(root, path.endsWith('/') ? `${path}index.html` : path);
  try {
    const { size } = statSync(file);
    response.writeHead(200, {
      'content-type': types[extname(file)] ?? 'application/octet-stream',
      'content-length': size,
      server: 'Apache',
    });
  } catch {
    return refuse(response, path === '/' ? 403 : 404, path === '/' ? 'Forbidden' : 'Not Found');
  }
  if (request.method === 'HEAD') response.end();
  else
    createReadStream(file)
      .on('error', () => response.destroy())
      .pipe(response);
});
server.keepAliveTimeout = 65_000;
server.listen(80);
