/**
 * The gateway of a region's machines: a process inside their network, at 172.31.0.1. It takes connections
 * of machines to what the region allows and hands them out through a unix socket, lets connections in through another,
 * and answers as the instance metadata service. Told what to do by lines of JSON on its standard input, whose end is its own.
 *
 *     machine ─▶ 127.16.0.2:5432 at the gateway ─▶ out.sock ─▶ relay, outside
 *     relay, outside ─▶ in.sock ─▶ 172.31.0.5:80
 */
import { execFileSync } from 'node:child_process';
import { createServer as createHttpServer } from 'node:http';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { monotonicMs } from '../../base/index.ts';
import type { MachineMetadata } from '../../model/index.ts';
import { metadataAnswer, type Tokens } from './metadata.ts';
import { joinSockets, takeTarget } from './pipe.ts';

export type AgentCommand =
  | { readonly type: 'allow'; readonly address: string; readonly port: number }
  | { readonly type: 'machine'; readonly address: string; readonly metadata: MachineMetadata }
  | { readonly type: 'forget'; readonly address: string };

const gateway = '172.31.0.1';
const metadataAddress = '169.254.169.254';

function main(folder: string): void {
  execFileSync('ip', ['-batch', '-'], {
    input: [
      'link set lo up',
      // An address of its own: else it takes one of its ports', and machines lose the gateway when that one comes or goes.
      'link add br0 address 02:00:ac:1f:00:01 type bridge',
      `addr add ${gateway}/16 dev br0`,
      `addr add ${metadataAddress}/32 dev br0`,
      'link set br0 up',
    ].join('\n'),
  });
  // Machines reach addresses of the region's loopback network through this gateway.
  execFileSync('/bin/sh', ['-c', 'for f in all br0; do echo 1 > /proc/sys/net/ipv4/conf/$f/route_localnet; done']);
  const machines = new Map<string, MachineMetadata>();
  const tokens: Tokens = new Map();
  const out = join(folder, 'out.sock');

  const allow = (address: string, port: number): void => {
    // Of the region's loopback network all addresses are here already.
    if (!address.startsWith('127.')) execFileSync('ip', ['addr', 'replace', `${address}/32`, 'dev', 'lo']);
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      const outside = connect({ path: out, allowHalfOpen: true });
      outside.write(`${address}:${port}\n`);
      joinSockets(socket, outside);
    });
    server.on('error', (error) => process.stderr.write(`gateway: ${address}:${port}: ${error.message}\n`));
    server.listen(port, address);
  };
  createServer({ allowHalfOpen: true }, (socket) => {
    takeTarget(socket, (host, port) => joinSockets(socket, connect({ port, host, allowHalfOpen: true })));
  }).listen(join(folder, 'in.sock'), () => process.stdout.write('gateway ready\n'));
  createHttpServer((request, response) => {
    const address = (request.socket.remoteAddress ?? '').replace('::ffff:', '');
    const { status, body, headers } = metadataAnswer(machines.get(address), tokens, request, monotonicMs());
    response.writeHead(status, { 'content-type': 'text/plain', server: 'EC2ws', ...headers }).end(body);
  }).listen(80, metadataAddress);

  createInterface({ input: process.stdin })
    .on('line', (line) => {
      const command = JSON.parse(line) as AgentCommand;
      if (command.type === 'allow') allow(command.address, command.port);
      else if (command.type === 'machine') machines.set(command.address, command.metadata);
      else machines.delete(command.address);
    })
    .on('close', () => process.exit());
}

main(process.argv[2] ?? '.');
