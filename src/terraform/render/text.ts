import type { Diagnostic, InstanceAddress, OutputState } from '../engine/index.ts';
import { renderValue } from '../language/index.ts';
import { renderCompact, renderDiagnostics } from './diagnostics.ts';
import type { Paint } from './paint.ts';
import { renderPlan, renderUnfinished, rule } from './plan.ts';
import { appliedSummary, elapsed, stepWords, type View } from './view.ts';

const notSaved = `
Note: You didn't use the --out option to save this plan. "plimsoll apply" makes
a plan of its own, and asks before it does anything.
`;

const savedTo = (file: string): string => `
Saved the plan to: ${file}

To perform exactly these actions, run the following command to apply:
    plimsoll apply ${JSON.stringify(file)}
`;

const idOf = (id: string | undefined): string => (id === undefined || id === '' ? '' : ` [id=${id}]`);

/** Terraform's words on a terminal; errors and warnings go to `error`. */
export function textView(
  paint: Paint,
  write: (text: string) => void,
  error: (text: string) => void,
  { compactWarnings = false }: { readonly compactWarnings?: boolean } = {},
): View {
  const warn = (found: readonly Diagnostic[]): void =>
    error(compactWarnings ? renderCompact(found, paint) : renderDiagnostics(found, paint));
  const say = (address: InstanceAddress | string, text: string): void => write(`${paint.bold(`${address.toString()}: ${text}`)}\n`);
  return {
    refreshing: (address, id) => say(address, `Refreshing state...${idOf(id)}`),
    reading: (address) => say(address, 'Reading...'),
    read: (address, id) => say(address, `Read complete${idOf(id)}`),
    planned(plan, next) {
      write(renderPlan(plan, paint));
      if (plan.warnings.length > 0) warn(plan.warnings);
      if (plan.hasChanges && next !== 'apply') write(`\n${paint.dim(rule)}${next === 'look' ? notSaved : savedTo(next.file)}`);
    },
    unfinished: (plan) => write(renderUnfinished(plan, paint)),
    started: ({ address, deposed }, step, id) => say(named(address, deposed), `${stepWords[step].start}...${idOf(id)}`),
    stillRunning({ address, deposed }, step, id, ms) {
      const since = `${id === undefined || id === '' ? '' : `id=${id}, `}${elapsed(ms)} elapsed`;
      say(named(address, deposed), `Still ${stepWords[step].going}... [${since}]`);
    },
    finished({ address, deposed }, step, id, ms) {
      say(named(address, deposed), `${stepWords[step].done} complete after ${elapsed(ms)}${step === 'delete' ? '' : idOf(id)}`);
    },
    provisioning: ({ address }) => say(address, "Provisioning with 'local-exec'..."),
    provisioned: ({ address }, line) => write(`${paint.bold(`${address.toString()} (local-exec):`)} ${line}\n`),
    // The reason comes at the end, with all others.
    failed: () => undefined,
    applied(result, plan) {
      error(renderDiagnostics(result.diagnostics, paint));
      const failed = result.diagnostics.some(({ severity }) => severity === 'error');
      if (failed || result.cancelled) return;
      write(`\n${paint.bold(paint.green(appliedSummary(result, plan)))}\n`);
      if (plan.mode !== 'destroy' && result.state.outputs.size > 0)
        write(`\n${paint.bold(paint.green('Outputs:'))}\n\n${renderOutputValues(result.state.outputs)}`);
    },
    outputs(state) {
      if (state.outputs.size > 0) write(renderOutputValues(state.outputs));
      else error(renderDiagnostics([noOutputs], paint));
    },
    diagnostics: (diagnostics) => error(renderDiagnostics(diagnostics, paint)),
    tookLock: ({ Who, Pid, Created }) =>
      error(
        renderDiagnostics(
          [
            {
              severity: 'warning',
              summary: 'State lock taken over',
              detail: `Process ${Pid} of ${Who} held it since ${Created} and is gone.`,
            },
          ],
          paint,
        ),
      ),
  };
}

const named = (address: InstanceAddress, deposed: string | undefined): string =>
  deposed === undefined ? String(address) : `${address.toString()} (deposed object ${deposed})`;

const noOutputs: Diagnostic = {
  severity: 'warning',
  summary: 'No outputs found',
  detail:
    'The state either has no outputs defined, or all the defined outputs are empty. Define an output in your configuration with the `output` keyword and run `plimsoll apply` for it to become available.',
};

/** `name = value` for each, sensitive ones hidden. */
export function renderOutputValues(outputs: ReadonlyMap<string, OutputState>): string {
  return [...outputs]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { value, sensitive }]) => `${name} = ${sensitive ? '<sensitive>' : renderValue(value)}\n`)
    .join('');
}
