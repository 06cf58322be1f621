/**
 * UDP through Plimsoll's network balancer beside nginx's stream module: CPU per exchange (a datagram there, one back).
 *
 *     node bench/balancer/udp.ts [--seconds 3] [--rounds 3] [--flows 64] [--bytes 64,1200] [--only nginx,plimsoll]
 *
 * Each flow has one datagram on its way at a time, or sends another when none came back for a second. A proxy on CPU 0; the echo
 * server and the clients (this process) on CPU 1. nginx is that of Debian with libnginx-mod-stream. Medians of the rounds.
 */
import { spawnSync } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { bench, cpuMs, median, note, originPort, pause, proxyPort, say, start, startNginx, startPlimsoll, type Proxy } from './setup.ts';

const { values: flags } = parseArgs({
  options: {
    seconds: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '3' },
    flows: { type: 'string', default: '64' },
    bytes: { type: 'string', default: '64,1200' },
    only: { type: 'string', default: 'nginx,plimsoll' },
  },
});

const proxies: Readonly<Record<string, () => Proxy>> = {
  nginx: () =>
    startNginx({
      modules: ['ngx_stream_module'],
      rest: `stream { server { listen 127.0.0.1:${proxyPort} udp; proxy_pass 127.0.0.1:${originPort}; } }`,
    }),
  plimsoll: () => startPlimsoll(['--protocol', 'UDP', '--origins', String(originPort)]),
};

const echo = `const s = require('dgram').createSocket('udp4'); s.on('message', (m, r) => s.send(m, r.port, r.address)); s.bind(${originPort}, '127.0.0.1')`;

interface Clients {
  answered: number;
  lost: number;
  close(): void;
}

/** Starts the flows; they go on until they are closed. */
async function converse(bytes: number): Promise<Clients> {
  const datagram = Buffer.alloc(bytes, 'x');
  const sockets: { socket: Socket; heardAtMs: number }[] = [];
  const clients: Clients = {
    answered: 0,
    lost: 0,
    close: () => {
      clearInterval(watch);
      for (const { socket } of sockets) socket.close();
    },
  };
  const watch = setInterval(() => {
    for (const flow of sockets) {
      if (performance.now() - flow.heardAtMs < 1_000) continue;
      clients.lost++;
      flow.heardAtMs = performance.now();
      flow.socket.send(datagram);
    }
  }, 100);
  for (let i = 0; i < Number(flags.flows); i++) {
    const socket = createSocket('udp4');
    const flow = { socket, heardAtMs: performance.now() };
    socket.connect(proxyPort, '127.0.0.1');
    await once(socket, 'connect');
    socket.on('error', () => undefined);
    socket.on('message', () => {
      clients.answered++;
      flow.heardAtMs = performance.now();
      socket.send(datagram);
    });
    sockets.push(flow);
    socket.send(datagram);
  }
  return clients;
}

await bench(async () => {
  spawnSync('taskset', ['-cp', '1', String(process.pid)]);
  start(1, process.execPath, '-e', echo);
  const collected = new Map<string, { cpuUs: number; perSecond: number; lost: number }[]>();
  for (let round = 0; round < Number(flags.rounds); round++) {
    for (const name of flags.only.split(',')) {
      const proxy = proxies[name]!();
      await pause(1_500);
      for (const bytes of flags.bytes.split(',')) {
        const clients = await converse(Number(bytes));
        await pause(1_500);
        const [cpu, answered, lost] = [cpuMs(proxy.pid()), clients.answered, clients.lost];
        await pause(Number(flags.seconds) * 1000);
        const exchanges = clients.answered - answered;
        note(collected, `${name} | ${bytes} B`, {
          cpuUs: ((cpuMs(proxy.pid()) - cpu) * 1000) / exchanges,
          perSecond: exchanges / Number(flags.seconds),
          lost: clients.lost - lost,
        });
        clients.close();
      }
      proxy.process.kill('SIGTERM');
      await once(proxy.process, 'exit');
    }
  }
  say('| proxy | datagram | CPU µs per exchange | exchanges/s | lost |\n|---|---|---|---|---|');
  for (const [key, all] of collected) {
    const of = (field: 'cpuUs' | 'perSecond' | 'lost'): number => median(all.map((each) => each[field]));
    say(`| ${key} | ${of('cpuUs').toFixed(1)} | ${of('perSecond').toFixed(0)} | ${of('lost')} |`);
  }
});
