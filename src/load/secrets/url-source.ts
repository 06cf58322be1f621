import { monotonicMs, parseDurationMs, systemClock } from '../../base/index.ts';
import { selectJson } from '../http/select.ts';

/** `--secret-source url=urlTemplate=…` (https://grafana.com/docs/k6/latest/using-k6/secret-source/url/). */
interface UrlSettings {
  readonly urlTemplate: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Where in a JSON answer the secret is; empty for the whole answer. */
  readonly responsePath: string;
  readonly timeoutMs: number;
  readonly requestsPerMinute: number;
  readonly burst: number;
  readonly maxRetries: number;
  readonly retryBackoffMs: number;
}

const SECRET_MAX_BYTES = 24 * 1024;

/** Reads settings by k6's names; `headers.Name` are single headers. Throws with what is wrong. */
export function readUrlSettings(given: Readonly<Record<string, unknown>>): UrlSettings {
  const text = (name: string, fallback: string): string => (given[name] as string | undefined) ?? fallback;
  const number = (name: string, fallback: number, min: number): number => {
    const value = Number((given[name] as string | number | undefined) ?? fallback);
    if (!Number.isInteger(value) || value < min) throw new Error(`${name} must be ${min === 0 ? 'non-negative' : 'greater than 0'}`);
    return value;
  };
  const span = (name: string, fallback: string): number => {
    const value = parseDurationMs(text(name, fallback));
    if (value === undefined || value <= 0) throw new Error(`${name} must be greater than 0`);
    return value;
  };
  const urlTemplate = text('urlTemplate', '');
  if (!urlTemplate.includes('{key}')) throw new Error('urlTemplate must contain the {key} placeholder');
  if (!URL.canParse(urlTemplate.replaceAll('{key}', 'test')))
    throw new Error('urlTemplate must be an absolute URL with a scheme (e.g., https://...)');
  const headers: Record<string, string> = { ...(given['headers'] as Record<string, string> | undefined) };
  for (const [name, value] of Object.entries(given))
    if (name.startsWith('headers.')) headers[name.slice('headers.'.length)] = String(value);
  return {
    urlTemplate,
    headers,
    method: text('method', 'GET'),
    responsePath: text('responsePath', ''),
    timeoutMs: span('timeout', '30s'),
    requestsPerMinute: number('requestsPerMinuteLimit', 300, 1),
    burst: number('requestsBurst', 10, 1),
    maxRetries: number('maxRetries', 3, 0),
    retryBackoffMs: span('retryBackoff', '1s'),
  };
}

/** An answer that another try does not better. */
class FinalError extends Error {}

export class UrlSource {
  readonly #settings: UrlSettings;
  readonly #known = new Map<string, Promise<string>>();
  /** When the requests so far would be used up, at the rate allowed. */
  #spentUntilMs = 0;

  constructor(settings: UrlSettings) {
    this.#settings = settings;
  }

  /** Each secret is fetched once. */
  get(key: string): Promise<string> {
    let secret = this.#known.get(key);
    if (!secret) {
      secret = this.#fetchWithRetries(key);
      this.#known.set(key, secret);
      secret.catch(() => this.#known.delete(key));
    }
    return secret;
  }

  async #fetchWithRetries(key: string): Promise<string> {
    const { maxRetries, retryBackoffMs } = this.#settings;
    for (let attempt = 0; ; attempt++) {
      await this.#takeTurn();
      try {
        return await this.#fetch(key);
      } catch (error) {
        if (error instanceof FinalError || attempt >= maxRetries) throw error;
        await systemClock.sleep(1000 * (retryBackoffMs / 1000) ** (attempt + 1));
      }
    }
  }

  async #takeTurn(): Promise<void> {
    const gapMs = 60_000 / this.#settings.requestsPerMinute;
    const nowMs = monotonicMs();
    this.#spentUntilMs = Math.max(nowMs, this.#spentUntilMs) + gapMs;
    const waitMs = this.#spentUntilMs - nowMs - gapMs * this.#settings.burst;
    if (waitMs > 0) await systemClock.sleep(waitMs);
  }

  async #fetch(key: string): Promise<string> {
    const { urlTemplate, method, headers, timeoutMs, responsePath } = this.#settings;
    const response = await fetch(urlTemplate.replaceAll('{key}', key), { method, headers, signal: AbortSignal.timeout(timeoutMs) });
    const text = await response.text();
    if (response.status !== 200) {
      const what = `status code ${response.status}: failed to get secret`;
      throw response.status >= 500 || response.status === 429 ? new Error(what) : new FinalError(what);
    }
    if (Buffer.byteLength(text) > SECRET_MAX_BYTES) throw new FinalError(`the secret is larger than ${SECRET_MAX_BYTES} bytes`);
    if (responsePath === '') return text;
    const value = selectJson(parseJson(text), responsePath);
    if (typeof value !== 'string') throw new FinalError(`failed to extract secret: no text at path ${JSON.stringify(responsePath)}`);
    return value;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new FinalError('failed to extract secret: the answer is not JSON');
  }
}
