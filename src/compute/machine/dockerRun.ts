/**
 * The other half of the stand-in for `docker` in a machine where containers are the Engine's: asks for one container,
 * opens its published ports, writes its output and ends with its exit code. Runs alone, without the rest of the package.
 *
 *     dockerRun IMAGE PORTS VARIABLES [NAME=VALUE …] [ARGUMENT …]
 *
 * PORTS are `8080:80,9090`, VARIABLES counts those that follow. The end of this program is the end of the container.
 */
import { connect, createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { ContainerEvent, ContainerRequest } from './containers.ts';

/** docker's own exit code where the container was never made; 1 asks the stand-in to try again. */
const refusedCode = 125;
const folder = '/run/machine';

function main([image = '', published = '', count = '0', ...rest]: readonly string[]): void {
  const ports = published
    .split(',')
    .filter((text) => text !== '')
    .map(portsOf);
  const request: ContainerRequest = {
    image,
    env: rest.slice(0, Number(count)),
    args: rest.slice(Number(count)),
    ports: ports.map(([, inner]) => inner),
  };
  const engine = connect(`${folder}/engine.sock`);
  engine.on('error', (error) => refuse(`Cannot connect to the Docker daemon: ${error.message}`));
  engine.write(`${JSON.stringify(request)}\n`);
  createInterface({ input: engine })
    .on('error', () => process.exit(1))
    .on('line', (line) => onEvent(JSON.parse(line) as ContainerEvent, ports))
    .on('close', () => process.exit(1));
  // The other side then stops the container and tells its exit code.
  process.on('SIGTERM', () => engine.end());
}

function onEvent(event: ContainerEvent, ports: readonly (readonly [number, number])[]): void {
  if (event.type === 'line') process.stdout.write(`${event.line}\n`);
  else if (event.type === 'exit') process.exit(event.code);
  else if (event.type === 'refused') refuse(`Error response from daemon: ${event.message}`, event.final ? refusedCode : 1);
  else for (const [outer, inner] of ports) publish(outer, `${event.address}:${inner}`);
}

/** `8080:80` → [8080, 80]; addresses and protocols are left aside. */
function portsOf(text: string): readonly [number, number] {
  const [inner = '', outer = inner] = text.split('/')[0]!.split(':').toReversed();
  return [Number(outer), Number(inner)];
}

function publish(port: number, target: string): void {
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const container = connect({ path: `${folder}/out.sock`, allowHalfOpen: true });
    container.write(`${target}\n`);
    join(client, container);
    join(container, client);
  });
  server.on('error', (error) => refuse(`Error response from daemon: Bind for 0.0.0.0:${port} failed: ${error.message}`));
  server.listen(port, '0.0.0.0');
}

function join(from: Socket, to: Socket): void {
  from.setNoDelay(true);
  from.on('error', () => to.destroy());
  from.on('close', () => to.destroy());
  from.pipe(to);
}

function refuse(message: string, code = refusedCode): never {
  process.stderr.write(`docker: ${message}\n`);
  process.exit(code);
}

main(process.argv.slice(2));
