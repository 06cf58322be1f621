import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import { hostname } from 'node:os';

/**
 * Keeps web pages away from the endpoint. A page can make a browser send requests to loopback, directly
 * (then `Origin` names the page) or through a name of its own that resolves to loopback (DNS rebinding:
 * then `Host` carries that name). Addresses and the machine's own names cannot be rebound.
 * Returns why the request is refused, or undefined.
 */
export function refusal(headers: IncomingHttpHeaders): string | undefined {
  const host = hostOf(headers.host ?? '');
  if (!isOwnName(host)) return `the Host header names ${JSON.stringify(host.slice(0, 100))}, not this machine; use localhost or an address`;
  const origin = headers.origin;
  if (origin === undefined) return undefined;
  const page = URL.parse(origin)?.hostname;
  if (page !== undefined && isLoopbackName(stripBrackets(page))) return undefined;
  return `web pages of ${JSON.stringify(origin.slice(0, 100))} may not call this endpoint`;
}

function hostOf(host: string): string {
  return stripBrackets(host.replace(/:\d*$/, ''));
}

function stripBrackets(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
}

function isOwnName(host: string): boolean {
  return isIP(host) !== 0 || isLoopbackName(host) || host === hostname().toLowerCase() || host === 'host.docker.internal';
}

function isLoopbackName(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}
