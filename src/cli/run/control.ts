import { InvalidArgumentError, type Command } from 'commander';
import { errorMessage, ExitCode, PlimsollError } from '../../base/index.ts';
import { cliErrors } from '../errors.ts';

/** `plimsoll pause|resume|scale|stats`: what k6's commands of these names do to a run that was started with `--address`. */

interface Flags {
  address: string;
  json?: true;
  vus?: number;
  max?: number;
}

interface Resource {
  id: string;
  attributes: Record<string, unknown>;
}

interface Document {
  data?: Resource | Resource[];
  errors?: { detail?: string; title?: string }[];
}

const usualAddress = 'localhost:6565';

export function registerRunControl(program: Command): void {
  const add = (name: string, description: string): Command =>
    program
      .command(name)
      .description(description)
      .option('-a, --address <host:port>', 'where the run listens: its --address', usualAddress)
      .option('--json', 'the answer as JSON');
  const change = (flags: Flags, attributes: object): Promise<void> =>
    tell(flags, '/v1/status', { data: { type: 'status', id: 'default', attributes } });
  add('pause', 'pause a running test of externally-controlled scenarios').action((flags: Flags) => change(flags, { paused: true }));
  add('resume', 'resume a paused test, or start one that began with --paused').action((flags: Flags) => change(flags, { paused: false }));
  add('stats', 'where a running test is, how many VUs it has, and its metrics so far').action(async (flags: Flags) => {
    if (flags.json !== true) await tell(flags, '/v1/status');
    await tell(flags, '/v1/metrics');
  });
  add('scale', 'change the VUs of a running test of externally-controlled scenarios')
    .option('-u, --vus <n>', 'VUs from now on', count)
    .option('-m, --max <n>', 'the most VUs there may be', count)
    .addHelpText('after', '\nExample:\n  $ plimsoll run --address localhost:6565 test.js &\n  $ plimsoll scale --vus 50')
    .action(async (flags: Flags) => {
      if (flags.vus === undefined && flags.max === undefined)
        throw new PlimsollError(cliErrors.PL_CLI_RUN_CONTROL, { what: 'scale needs a number of VUs', fix: 'give --vus, --max or both' });
      await change(flags, {
        ...(flags.vus === undefined ? {} : { vus: flags.vus }),
        ...(flags.max === undefined ? {} : { 'vus-max': flags.max }),
      });
    });
}

/** Reads a resource, or changes it when there is a body, and prints it. */
async function tell({ address, json }: Flags, path: string, body?: object): Promise<void> {
  const url = `http://${address.startsWith(':') ? `localhost${address}` : address}${path}`;
  let document: Document;
  try {
    const answer = await fetch(url, body === undefined ? {} : { method: 'PATCH', body: JSON.stringify(body) });
    document = (await answer.json()) as Document;
  } catch (error) {
    const cause = (error as { cause?: unknown }).cause;
    throw new PlimsollError(cliErrors.PL_CLI_RUN_CONTROL, {
      what: `no running test answers: ${errorMessage(cause ?? error)}`,
      where: address,
      fix: 'start one with plimsoll run --address, and name the same address here',
      cause: error,
    });
  }
  const [problem] = document.errors ?? [];
  if (problem !== undefined)
    throw new PlimsollError(cliErrors.PL_CLI_RUN_CONTROL, { what: problem.detail ?? problem.title ?? 'the test refused', where: address });
  const { data = [] } = document;
  const text = json === true ? JSON.stringify(data) : Array.isArray(data) ? data.map(metricLine).join('\n') : statusLines(data).join('\n');
  process.stdout.write(`${text}\n`);
  process.exitCode = ExitCode.ok;
}

function statusLines({ attributes }: Resource): string[] {
  return ['status', 'paused', 'vus', 'vus-max', 'stopped', 'running', 'tainted'].map((name) => `${name}: ${String(attributes[name])}`);
}

/** `http_req_duration: avg=3.21 max=9.4 …` */
function metricLine({ id, attributes }: Resource): string {
  const sample = Object.entries(attributes['sample'] as Record<string, number>);
  return `${id}: ${sample.map(([name, value]) => `${name}=${Number(value.toFixed(3))}`).join(' ')}`;
}

function count(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('a number of VUs is a whole number');
  return Number(text);
}
