import { createConnection, isIP, Socket, type OnReadOpts } from 'node:net';
import { connect as connectTls, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import { errorMessage } from '../../base/index.ts';
import { invalid } from '../options/fields.ts';
import type { AddressBlock, ClientCertificate } from '../options/network.ts';
import type { LoadOptions } from '../options/options.ts';
import { FailureCode, RequestFailure } from './failures.ts';
import { Resolver } from './lookup.ts';

interface Address {
  readonly host: string;
  readonly port: number;
}

/**
 * How a process gets to its servers, by the options `hosts`, `dns`, `blockHostnames`, `blacklistIPs` and those of TLS.
 * Contexts of TLS are made once: one takes about a millisecond and half a megabyte.
 */
export class Network {
  readonly #options: LoadOptions;
  readonly #resolver: Resolver;
  readonly #context: SecureContext;
  readonly #ownContexts: readonly { readonly certificate: ClientCertificate; readonly context: SecureContext }[];
  /** What ALPN gave, by origin. */
  readonly #protocols = new Map<string, string>();

  /** Throws when a client certificate is none. */
  constructor(options: LoadOptions) {
    this.#options = options;
    this.#resolver = new Resolver(options.dns, (address) => this.#forbidden(address));
    this.#context = this.#contextWith(undefined);
    this.#ownContexts = options.tls.clientCertificates.map((certificate) => ({ certificate, context: this.#contextWith(certificate) }));
  }

  /** A plain connection. One that is not allowed ends with an error at once, as if it had been refused. */
  dial(to: Address, localAddress: string | undefined, onread?: OnReadOpts): Socket {
    const address = this.address(to);
    const failure = this.#blocked(to.host) ?? unusable(address) ?? (isIP(address.host) === 0 ? undefined : this.#forbidden(address.host));
    if (failure) return new Socket().destroy(failure);
    return createConnection({
      ...address,
      lookup: this.#resolver.lookup,
      noDelay: true,
      ...(localAddress === undefined ? {} : { localAddress }),
      ...(onread === undefined ? {} : { onread }),
    });
  }

  /** TLS over a connection that stands. */
  secure(socket: Socket, host: string, protocols: string[]): TLSSocket {
    return connectTls({
      socket,
      secureContext: this.#contextFor(host),
      ALPNProtocols: protocols,
      requestOCSP: true,
      rejectUnauthorized: !this.#options.insecureSkipTLSVerify,
      // Certificates are checked against it; an address is no server name.
      ...(isIP(host) === 0 ? { servername: host } : { host }),
    });
  }

  /** `h2` or `http/1.1`; undefined while no connection to the origin has stood. */
  protocolOf(origin: string): string | undefined {
    return this.#protocols.get(origin);
  }

  learnProtocol(origin: string, protocol: string): void {
    this.#protocols.set(origin, protocol);
  }

  /** The `hosts` option may send a name elsewhere: `{ "api.test": "127.0.0.1:8080" }`, `"api.test:443"` first. */
  address({ host, port }: Address): Address {
    const { hosts } = this.#options;
    const to = hosts[`${host}:${port}`] ?? hosts[host] ?? wildcardHost(hosts, host);
    if (to === undefined) return { host, port };
    const match = /^\[?(.*?)\]?(?::(\d+))?$/.exec(to);
    return { host: match?.[1] ?? to, port: match?.[2] === undefined ? port : Number(match[2]) };
  }

  /** The only address that a connection can have gone to; undefined when there are several. */
  knownAddress(to: Address): string | undefined {
    const { host } = this.address(to);
    return isIP(host) === 0 ? this.#resolver.onlyAddress(host) : host;
  }

  #blocked(host: string): RequestFailure | undefined {
    if (isIP(host) !== 0) return undefined;
    const pattern = this.#options.blockedHosts.find((each) => (each.startsWith('*') ? host.endsWith(each.slice(1)) : host === each));
    return pattern === undefined
      ? undefined
      : new RequestFailure(FailureCode.blockedHost, 'hostname is blocked', `hostname (${host}) is in a blocked pattern (${pattern})`);
  }

  #forbidden(address: string): RequestFailure | undefined {
    const block = this.#options.blockedAddresses.find((each: AddressBlock) =>
      each.list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4'),
    );
    return block === undefined
      ? undefined
      : new RequestFailure(FailureCode.blockedAddress, 'ip is blacklisted', `IP (${address}) is in a blacklisted range (${block.text})`);
  }

  #contextFor(host: string): SecureContext {
    const own = this.#ownContexts.find(({ certificate }) => appliesTo(certificate, host));
    return own?.context ?? this.#context;
  }

  #contextWith(certificate: ClientCertificate | undefined): SecureContext {
    const { minVersion, maxVersion, ciphers } = this.#options.tls;
    try {
      return createSecureContext({
        ...(minVersion === undefined ? {} : { minVersion }),
        ...(maxVersion === undefined ? {} : { maxVersion }),
        ...(ciphers === undefined ? {} : { ciphers }),
        ...(certificate === undefined
          ? {}
          : {
              cert: certificate.cert,
              key: certificate.key,
              ...(certificate.password === undefined ? {} : { passphrase: certificate.password }),
            }),
      });
    } catch (error) {
      throw invalid(`${certificate === undefined ? 'tlsVersion, tlsCipherSuites' : 'tlsAuth'}: ${errorMessage(error)}`);
    }
  }
}

function unusable({ host, port }: Address): RequestFailure | undefined {
  if (port > 65_535) return new RequestFailure(FailureCode.dial, `dial tcp: address ${port}: invalid port`);
  // The system would take 1.2.3 and 0x7f000001 for addresses.
  const isNumber = isIP(host) === 0 && /(?:^|\.)(?:\d+|0x[\da-f]*)$/i.test(host);
  return host === '' || isNumber ? new RequestFailure(FailureCode.noSuchHost, 'lookup: no such host') : undefined;
}

function appliesTo({ domains }: ClientCertificate, host: string): boolean {
  if (domains.length === 0) return true;
  return domains.some((domain) => (domain.startsWith('*.') ? host.endsWith(domain.slice(1)) : host === domain));
}

/** `*.example.com` stands for all names below it; the longest that fits wins. */
function wildcardHost(hosts: Readonly<Record<string, string>>, host: string): string | undefined {
  for (let dot = host.indexOf('.'); dot >= 0; dot = host.indexOf('.', dot + 1)) {
    const to = hosts[`*${host.slice(dot)}`];
    if (to !== undefined) return to;
  }
  return undefined;
}
