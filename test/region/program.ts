import { createServer } from 'node:http';
import { systemClock } from '../../src/base/index.ts';

/**
 * A service that can be made to fail, run by tests in place of a container image. Paths: `/` says the version,
 * `/health` answers 200, but 503 after
 * `/sicken`, `/hang` makes it answer nothing from then on, `/fill` takes memory until it is ended.
 */
const { HOST, PORT, VERSION = '1', EXIT, DELAY_MS = '0' } = process.env;
if (EXIT !== undefined) {
  process.stderr.write('the settings make no sense\n');
  process.exit(Number(EXIT));
}

const held: Buffer[] = [];
let sick = false;
let hangs = false;
const server = createServer((request, response) => {
  if (hangs) return;
  if (request.url === '/hang') hangs = true;
  if (request.url === '/sicken') sick = true;
  if (request.url === '/fill') systemClock.every(5, () => held.push(Buffer.alloc(16_000_000, 1)));
  response.statusCode = request.url === '/health' && sick ? 503 : 200;
  const page = request.url === '/';
  void systemClock.sleep(page ? Number(DELAY_MS) : 0).then(() => response.end(page ? VERSION : 'ok'));
});
server.listen(Number(PORT), HOST, () => process.stdout.write(`version ${VERSION} listens\n`));
process.on('SIGTERM', () => server.close(() => process.exit(0)));
