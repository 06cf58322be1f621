import { X509Certificate } from 'node:crypto';
import { createSecureContext, createServer, type SecureContext, type Server, type TLSSocket } from 'node:tls';
import type { Certificate, Listener } from '../../model/index.ts';
import { streamOptions } from './transport.ts';

type TlsVersion = NonNullable<Listener['minTlsVersion']>;

interface Named {
  readonly source: Certificate;
  readonly certificate: X509Certificate;
  readonly context: SecureContext;
}

/** The certificates of a listener. Replacing them concerns new connections only. */
export class Certificates {
  #all: readonly Named[] = [];
  #minVersion: TlsVersion = 'TLSv1.2';

  /** Throws when one cannot be read or does not fit its key. */
  set(certificates: readonly Certificate[], minVersion: TlsVersion = 'TLSv1.2'): void {
    if (certificates.length === 0) throw new Error('an HTTPS listener needs a certificate');
    this.#minVersion = minVersion;
    this.#all = certificates.map((source) => ({
      source,
      certificate: new X509Certificate(source.certificate),
      context: createSecureContext({ cert: source.certificate, key: source.privateKey, minVersion }),
    }));
  }

  /** The one for the name that a client asks for: the first that covers it, else the default. */
  contextFor(name: string): SecureContext {
    const fitting = this.#all.find(({ certificate }) => certificate.checkHost(name) !== undefined);
    return (fitting ?? this.#all[0]!).context;
  }

  /** What a client without SNI gets, as a server's options. */
  get fallback(): { cert: string; key: string; minVersion: TlsVersion } {
    const { source } = this.#all[0] as Named;
    return { cert: source.certificate, key: source.privateKey, minVersion: this.#minVersion };
  }
}

/** A TLS server: TLS 1.2 and later or 1.3 alone, certificates by SNI, `h2` by ALPN when wanted at that moment. */
export function createTlsServer(certificates: Certificates, http2: () => boolean, onSocket: (socket: TLSSocket) => void): Server {
  const server = createServer({
    ...streamOptions,
    noDelay: true,
    ...certificates.fallback,
    handshakeTimeout: 10_000,
    SNICallback: (name, done) => done(null, certificates.contextFor(name)),
    ALPNCallback: ({ protocols }) => {
      if (http2() && protocols.includes('h2')) return 'h2';
      return protocols.includes('http/1.1') ? 'http/1.1' : undefined;
    },
  });
  server.on('secureConnection', onSocket);
  // A failed handshake ends with its socket; nothing more is to be done.
  server.on('tlsClientError', () => undefined);
  return server;
}
