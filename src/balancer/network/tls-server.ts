import { createServer, type Server, type TlsOptions } from 'node:tls';
import type { AlpnPolicy } from '../../model/index.ts';
import type { Certificates } from '../transport/tls.ts';
import { streamOptions } from '../transport/transport.ts';

/**
 * Protocols in the order of preference.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-listeners.html#alpn-policies
 */
const alpnPreferences: Readonly<Record<Exclude<AlpnPolicy, 'None'>, readonly string[]>> = {
  HTTP1Only: ['http/1.1', 'http/1.0'],
  HTTP2Only: ['h2'],
  HTTP2Optional: ['http/1.1', 'http/1.0', 'h2'],
  HTTP2Preferred: ['h2', 'http/1.1', 'http/1.0'],
};

/** A server that ends TLS 1.2 and later for a network listener: certificates by SNI, ALPN by a policy. */
export function createTlsServer(certificates: Certificates, policy: AlpnPolicy): Server {
  const options: TlsOptions = {
    ...streamOptions,
    noDelay: true,
    ...certificates.fallback,
    handshakeTimeout: 10_000,
    SNICallback: (name, done) => done(null, certificates.contextFor(name)),
  };
  if (policy === 'None') return createServer(options);
  const preference = alpnPreferences[policy];
  return createServer({ ...options, ALPNCallback: ({ protocols }) => preference.find((protocol) => protocols.includes(protocol)) });
}
