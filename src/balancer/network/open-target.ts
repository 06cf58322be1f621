import { connect, isIP } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { connectHandle, handles } from '../transport/handle-transport.ts';
import { StreamTransport, streamOptions, type Transport, type TransportOwner } from '../transport/transport.ts';
import type { NetworkTarget } from './network-target.ts';

export interface OpenOptions {
  /** TLS to the target; its certificate is not verified, as AWS has it. */
  readonly secure: boolean;
  /** Sent before anything else, before a TLS handshake too. */
  readonly header: Buffer | undefined;
}

/** Connects to a target. `onOpen` runs when bytes can be sent; a failure is told by the owner's `onClose`. */
export function openTarget(target: NetworkTarget, options: OpenOptions, owner: TransportOwner, onOpen: () => void): Transport {
  const { host, port } = target;
  const { header, secure } = options;
  if (!secure && handles !== undefined && isIP(host) !== 0) {
    const transport = connectHandle(handles, host, port, owner, () => {
      if (header !== undefined) transport.write(header);
      onOpen();
    });
    return transport;
  }
  const socket = connect({ host, port, noDelay: true, ...streamOptions });
  if (header !== undefined) socket.write(header);
  const carrier = secure ? connectTls({ socket, rejectUnauthorized: false, ...streamOptions }) : socket;
  carrier.once(secure ? 'secureConnect' : 'connect', onOpen);
  return new StreamTransport(carrier, owner);
}
