import type { Clock } from '../../base/index.ts';
import type { Stickiness } from '../../model/index.ts';
import type { Seal } from './sealed.ts';
import { cookieOf, type RequestView } from './request-view.ts';

/**
 * Cookies that bind a client to a target or a group. A cookie holds, sealed: whom it is for, the scope it was
 * made for (a group's id, or a listener's), and when it ends. One that is not ours, of another scope or over is ignored.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/sticky-sessions.html
 */
export class StickyCookies {
  readonly #seal: Seal;
  readonly #clock: Clock;

  constructor(seal: Seal, clock: Clock) {
    this.#seal = seal;
    this.#clock = clock;
  }

  /** Whom the cookie names, or undefined. */
  read(view: RequestView, cookieName: string, scope: string): string | undefined {
    const sealed = cookieOf(view, cookieName);
    const text = sealed === undefined ? undefined : this.#seal.open(sealed);
    if (text === undefined) return undefined;
    const [made, who, endMs] = text.split('\n');
    return made === scope && Number(endMs) > this.#clock.nowMs() ? who : undefined;
  }

  /** `Set-Cookie` lines: the cookie, and its twin for requests from other sites, as AWS sends them. */
  write(cookieName: string, scope: string, who: string, durationMs: number, secure: boolean): string {
    const endMs = this.#clock.nowMs() + durationMs;
    const value = this.#seal.close(`${scope}\n${who}\n${endMs}`);
    const expires = new Date(endMs).toUTCString();
    const twin = `Set-Cookie: ${cookieName}CORS=${value}; Expires=${expires}; Path=/; SameSite=None${secure ? '; Secure' : ''}\r\n`;
    return `Set-Cookie: ${cookieName}=${value}; Expires=${expires}; Path=/\r\n${twin}`;
  }
}

/** The cookie of ours that goes with a kind of stickiness. */
export function cookieNameOf(stickiness: Stickiness): string {
  return stickiness.type === 'lb_cookie' ? 'AWSALB' : 'AWSALBAPP-0';
}

export const groupCookieName = 'AWSALBTG';
