import type { Socket } from 'node:net';
import type { ChannelCredentials } from '@grpc/grpc-js';
import type { Vu } from '../vu/vu.ts';

/** The bytes that a client's connections carry, TLS included: the library's own counts are of messages. */
export class Wire {
  #socket: Socket | undefined;
  /** A TCP connection stood, whatever became of it. */
  isDialled = false;
  #sent = 0;
  #received = 0;

  /** Credentials that tell of each connection before it is used. */
  watch(credentials: ChannelCredentials): ChannelCredentials {
    const create = credentials._createSecureConnector.bind(credentials);
    credentials._createSecureConnector = (...args) => {
      const connector = create(...args);
      const connect = connector.connect.bind(connector);
      connector.connect = (socket) => {
        this.#socket = socket;
        this.isDialled = true;
        this.#sent = 0;
        this.#received = 0;
        return connect(socket);
      };
      return connector;
    };
    return credentials;
  }

  /** Counts what went over the connection since the last time. */
  count(vu: Vu): void {
    if (!this.#socket) return;
    const { bytesRead, bytesWritten } = this.#socket;
    const { http } = vu.engine;
    if (bytesWritten > this.#sent) http.dataSent.add(bytesWritten - this.#sent, vu);
    if (bytesRead > this.#received) http.dataReceived.add(bytesRead - this.#received, vu);
    this.#sent = bytesWritten;
    this.#received = bytesRead;
  }
}
