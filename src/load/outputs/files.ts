import { closeSync, openSync, writeSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { errorMessage } from '../../base/index.ts';
import { csvHeader } from './csv.ts';
import { jsonMetric } from './json.ts';
import { badOutput, type Output, type OutputContext, type OutputStart } from './output.ts';
import type { MetricInfo, SampleBatch } from './recorder.ts';

/**
 * A file that grows while the test runs; `.gz` is compressed (RFC 1952 allows members one after the other),
 * no name or `-` is standard output. Written at once, so nothing piles up behind a slow disk.
 */
class GrowingFile {
  readonly name: string;
  readonly #warn: OutputContext['warn'];
  #fd: number | undefined;

  constructor(name: string, context: OutputContext) {
    this.name = name;
    this.#warn = context.warn;
  }

  open(): void {
    if (this.name === '-') return;
    try {
      this.#fd = openSync(this.name, 'w');
    } catch (cause) {
      throw badOutput(`the output cannot be written: ${errorMessage(cause)}`, this.name);
    }
  }

  write(text: string): void {
    if (text === '') return;
    if (this.name === '-') {
      process.stdout.write(text);
      return;
    }
    if (this.#fd === undefined) return;
    const bytes = this.name.endsWith('.gz') ? gzipSync(text) : Buffer.from(text);
    try {
      for (let at = 0; at < bytes.length;) at += writeSync(this.#fd, bytes, at);
    } catch (error) {
      this.#warn(`${this.name} is not complete: ${errorMessage(error)}`);
      this.close();
    }
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }
}

/** `--out json=FILE` */
export function jsonOutput(argument: string, context: OutputContext): Output {
  const file = new GrowingFile(argument === '' ? '-' : argument, context);
  const known = new Set<string>();
  let thresholds: OutputStart['plan']['thresholds'] = {};
  let submetrics: readonly string[] = [];
  const declare = (metrics: readonly MetricInfo[]): void => {
    for (const info of metrics) {
      if (known.has(info.name)) continue;
      known.add(info.name);
      const own = submetrics.filter((name) => name.startsWith(`${info.name}{`));
      file.write(jsonMetric(info, thresholds[info.name] ?? [], own));
    }
  };
  return {
    description: file.name === '-' ? 'json (stdout)' : `json (${file.name})`,
    begin({ plan, systemTags }) {
      thresholds = plan.thresholds;
      const usual = systemTags.includes('expected_response') ? ['http_req_duration{expected_response:true}'] : [];
      submetrics = [...new Set([...Object.keys(thresholds), ...usual])];
      file.open();
    },
    samples(batch) {
      declare(batch.metrics);
      file.write(batch.json);
    },
    close: () => file.close(),
  };
}

/** `--out csv=FILE` */
export function csvOutput(argument: string, context: OutputContext): Output {
  const name = argument === '' ? (context.env['K6_CSV_FILENAME'] ?? '-') : argument;
  const file = new GrowingFile(name, context);
  return {
    description: file.name === '-' ? 'csv (stdout)' : `csv (${file.name})`,
    begin({ systemTags }: OutputStart) {
      file.open();
      file.write(csvHeader(systemTags));
    },
    samples: (batch: SampleBatch) => file.write(batch.csv),
    close: () => file.close(),
  };
}
