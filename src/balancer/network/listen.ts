import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { createServer, isIPv6, type Server } from 'node:net';
import { systemErrorCode } from '../../base/index.ts';
import type { Listener } from '../../model/index.ts';
import { admissionOf } from '../transport/admission.ts';
import { acceptHandles, admitFirst, handles } from '../transport/handle-transport.ts';
import type { ListeningSockets } from '../transport/listening.ts';
import { Certificates } from '../transport/tls.ts';
import { tlsTransport } from '../transport/tls-transport.ts';
import { StreamTransport, streamOptions, unowned, type Transport } from '../transport/transport.ts';
import type { Forward } from './forward.ts';
import { StreamFront, type FrontParts } from './stream-front.ts';
import { createTlsServer } from './tls-server.ts';
import { UdpFront } from './udp-front.ts';

/** A listener with its sockets: one, or two for TCP_UDP. */
export interface NetworkBound {
  readonly config: Listener;
  readonly port: number;
  /** Takes over a changed configuration with the same address; flows stay. */
  configure(config: Listener, forward: Forward): void;
  /** Stops listening. TCP flows go on; UDP flows end with the socket they answer from. */
  close(): void;
}

type Socket = Pick<NetworkBound, 'port' | 'configure' | 'close'>;

/** How often another port is tried when the kernel's choice for TCP is taken for UDP. */
const PORT_ATTEMPTS = 20;
const UDP_RECEIVE_BYTES = 1024 * 1024;

export interface Sharing {
  readonly sockets: ListeningSockets;
  /** Another worker of this balancer has the port already. */
  readonly owned: boolean;
}

/** Opens the sockets of a network listener; rejects with the system's error. */
export async function listen(config: Listener, forward: Forward, parts: FrontParts, sharing: Sharing): Promise<NetworkBound> {
  const sockets = await open(config, forward, parts, sharing);
  const configure = (next: Listener, nextForward: Forward): void => {
    for (const socket of sockets) socket.configure(next, nextForward);
  };
  configure(config, forward);
  const close = (): void => {
    for (const socket of sockets) socket.close();
  };
  return { config, port: sockets[0]!.port, configure, close };
}

async function open(config: Listener, forward: Forward, parts: FrontParts, sharing: Sharing): Promise<readonly Socket[]> {
  if (config.protocol === 'UDP') return [await openUdp(config, config.port, forward, parts, sharing)];
  for (let attempt = 1; ; attempt++) {
    const stream = await openStream(config, forward, parts, sharing);
    if (config.protocol !== 'TCP_UDP') return [stream];
    try {
      return [stream, await openUdp(config, stream.port, forward, parts, sharing)];
    } catch (error) {
      stream.close();
      if (config.port !== 0 || attempt === PORT_ATTEMPTS || systemErrorCode(error) !== 'EADDRINUSE') throw error;
    }
  }
}

async function openStream(config: Listener, forward: Forward, parts: FrontParts, { sockets, owned }: Sharing): Promise<Socket> {
  const certificates = config.protocol === 'TLS' ? new Certificates() : undefined;
  certificates?.set(config.certificates ?? []);
  const { counters } = parts;
  const flows = certificates ? counters.tls : counters.tcp;
  const front = new StreamFront(parts, flows, forward);
  front.admits = admissionOf(config);
  const server = certificates
    ? createTlsServer(certificates, config.network?.alpnPolicy ?? 'None')
    : createServer({ noDelay: true, pauseOnConnect: true, ...streamOptions });
  const port = await sockets.listen(server, config, owned);
  const onError = (): void => void flows.rejectedFlowCount++;
  server.on('error', onError);
  if (certificates === undefined) acceptTcp(server, front, onError);
  else {
    server.on('secureConnection', (socket) => acceptStream(front, tlsTransport(socket)));
    server.on('tlsClientError', () => counters.clientTlsNegotiationErrorCount++);
  }
  admitFirst(server, (peer) => (front.admits?.(peer()) ?? true) && parts.engine.descriptors.admit(), onError);
  const configure = (next: Listener, nextForward: Forward): void => {
    if (certificates !== undefined) {
      certificates.set(next.certificates ?? []);
      (server as ReturnType<typeof createTlsServer>).setSecureContext(certificates.fallback);
    }
    front.configure(next, nextForward);
  };
  return { port, configure, close: () => void server.close() };
}

/** `onError` runs when a connection could not be taken, as a rule for want of file descriptors. */
function acceptTcp(server: Server, front: StreamFront, onError: () => void): void {
  if (handles === undefined) server.on('connection', (socket) => acceptStream(front, new StreamTransport(socket, unowned)));
  else acceptHandles(handles, server, (transport) => front.accept(transport), onError);
}

function acceptStream(front: StreamFront, transport: Transport): void {
  transport.pause();
  front.accept(transport);
}

async function openUdp(config: Listener, port: number, forward: Forward, parts: FrontParts, { sockets, owned }: Sharing): Promise<Socket> {
  if (sockets.share && !owned && port !== 0) await haveAlone(config.host, port);
  const socket = await bindUdp(config.host, port, sockets.share);
  enlarge(socket);
  const front = new UdpFront(parts, socket, forward);
  return {
    port: socket.address().port,
    configure: (next, nextForward) => front.configure(next, nextForward),
    close: () => front.close(),
  };
}

// As for TCP: a port that will be shared is first had alone.
async function haveAlone(host: string, port: number): Promise<void> {
  const socket = await bindUdp(host, port, false);
  await new Promise<void>((resolve) => socket.close(resolve));
}

function bindUdp(address: string, port: number, reusePort: boolean): Promise<UdpSocket> {
  const socket = createSocket({ type: isIPv6(address) ? 'udp6' : 'udp4', reusePort });
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind({ address, port }, () => {
      socket.removeAllListeners('error');
      resolve(socket);
    });
  });
}

// A system may allow less; what it allows is taken.
function enlarge(socket: UdpSocket): void {
  try {
    socket.setRecvBufferSize(UDP_RECEIVE_BYTES);
  } catch {
    // The default size remains.
  }
}
