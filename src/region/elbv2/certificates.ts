import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generate } from 'selfsigned';
import { errorMessage, type Logger } from '../../base/index.ts';
import type { Certificate } from '../../model/index.ts';

/**
 * Certificates of listeners. What stands behind an ARN of ACM or IAM is not on this computer, so each ARN gets a
 * self-signed certificate of its own, kept in the data folder: clients have to trust it, or not to ask (`curl -k`).
 */
export class Certificates {
  readonly #folder: string;
  readonly #onReady: () => void;
  readonly #log: Logger;
  readonly #known = new Map<string, Certificate>();
  readonly #making = new Set<string>();

  constructor(dataDir: string, onReady: () => void, log: Logger) {
    this.#folder = join(dataDir, 'certificates');
    this.#onReady = onReady;
    this.#log = log;
  }

  /** Undefined while it is being made; `onReady` tells when it is there. */
  get(arn: string, host: string): Certificate | undefined {
    const known = this.#known.get(arn) ?? this.#read(arn);
    if (known === undefined && !this.#making.has(arn)) void this.#make(arn, host);
    return known;
  }

  #file(arn: string): string {
    return join(this.#folder, `${createHash('sha256').update(arn).digest('hex').slice(0, 32)}.json`);
  }

  #read(arn: string): Certificate | undefined {
    const file = this.#file(arn);
    if (!existsSync(file)) return undefined;
    const read = JSON.parse(readFileSync(file, 'utf8')) as Certificate;
    this.#known.set(arn, read);
    return read;
  }

  async #make(arn: string, host: string): Promise<void> {
    this.#making.add(arn);
    try {
      const name = [{ name: 'commonName', value: 'localhost' }];
      const altNames = [
        { type: 2 as const, value: 'localhost' },
        { type: 7 as const, ip: host },
        { type: 7 as const, ip: '127.0.0.1' },
      ];
      const made = await generate(name, { keyType: 'ec', curve: 'P-256', extensions: [{ name: 'subjectAltName', altNames }] });
      const certificate = { certificate: made.cert, privateKey: made.private };
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      writeFileSync(this.#file(arn), JSON.stringify(certificate), { mode: 0o600 });
      this.#known.set(arn, certificate);
      this.#log.info(`${arn} is a self-signed certificate here`);
      this.#onReady();
    } catch (error) {
      this.#log.error({ err: error }, `no certificate for ${arn}: ${errorMessage(error)}`);
    } finally {
      this.#making.delete(arn);
    }
  }
}
