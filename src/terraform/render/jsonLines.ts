import { packageVersion, systemClock } from '../../base/index.ts';
import {
  diagnosticsOf,
  keyText,
  moduleText,
  terraformVersion,
  type Diagnostic,
  type InstanceAddress,
  type Json,
  type JsonObject,
  type Plan,
  type ResourceChange,
} from '../engine/index.ts';
import { outputsToJson, planToJson } from './json.ts';
import { countsOf, summaryOf } from './plan.ts';
import { appliedSummary, elapsed, stepWords, type View } from './view.ts';

type Level = 'info' | 'warn' | 'error';

function lineOf(level: Level, message: string, type: string, more: JsonObject): string {
  const head = {
    '@level': level,
    '@message': message,
    '@module': 'plimsoll.ui',
    '@timestamp': new Date(systemClock.nowMs()).toISOString(),
  };
  return `${JSON.stringify({ ...head, type, ...more })}\n`;
}

function diagnosticLine(diagnostic: Diagnostic): string {
  const { severity, summary } = diagnostic;
  const [level, word] = severity === 'error' ? (['error', 'Error'] as const) : (['warn', 'Warning'] as const);
  return lineOf(level, `${word}: ${summary}`, 'diagnostic', { diagnostic: diagnosticToJson(diagnostic) });
}

/** An error that ends a command, in the form of its other lines. */
export const errorLines = (error: unknown): string => diagnosticsOf(error).map(diagnosticLine).join('');

/** One object a line, as of Terraform's machine-readable output (https://developer.hashicorp.com/terraform/internals/machine-readable-ui). */
export function jsonView(write: (text: string) => void): View {
  const put = (level: Level, message: string, type: string, more: JsonObject = {}): void => write(lineOf(level, message, type, more));
  const tell = (found: readonly Diagnostic[]): void => write(found.map(diagnosticLine).join(''));
  put('info', `Plimsoll ${packageVersion()}`, 'version', { plimsoll: packageVersion(), terraform: terraformVersion, ui: '1.2' });
  const identified = (id: string | undefined): JsonObject => (id === undefined || id === '' ? {} : { id_key: 'id', id_value: id });
  const suffix = (id: string | undefined): string => (id === undefined || id === '' ? '' : ` [id=${id}]`);
  /** What happens to one object. */
  const hook = (address: InstanceAddress, text: string, type: string, more: JsonObject): void =>
    put('info', `${address.toString()}: ${text}`, type, { hook: { resource: resourceToJson(address), ...more } });
  const changesOf = (plan: Plan): void => {
    for (const change of plan.drift)
      put('info', `${change.address.toString()}: Drift detected (${change.action})`, 'resource_drift', { change: plannedToJson(change) });
    for (const change of plan.changes.filter(({ action }) => action !== 'no-op'))
      put('info', `${change.address.toString()}: Plan to ${change.action}`, 'planned_change', { change: plannedToJson(change) });
    const { imported, added, changed, destroyed } = countsOf(plan);
    const changes = { add: added, change: changed, import: imported, remove: destroyed, operation: 'plan' };
    put('info', summaryOf(countsOf(plan)), 'change_summary', { changes });
  };
  return {
    unfinished: changesOf,
    refreshing: (address, id) => hook(address, `Refreshing state...${suffix(id)}`, 'refresh_start', identified(id)),
    reading: (address) => hook(address, 'Reading...', 'apply_start', { action: 'read' }),
    read: (address, id) => hook(address, `Read complete${suffix(id)}`, 'apply_complete', { action: 'read', ...identified(id) }),
    planned(plan) {
      changesOf(plan);
      put('info', `Outputs: ${plan.outputs.length}`, 'outputs', { outputs: plannedOutputs(plan) });
      put('info', 'The plan as a whole', 'plan', { plan: planToJson(plan) });
      tell(plan.warnings);
    },
    started: ({ address }, step, id) =>
      hook(address, `${stepWords[step].start}...${suffix(id)}`, 'apply_start', { action: step, ...identified(id) }),
    stillRunning: ({ address }, step, _id, ms) =>
      hook(address, `Still ${stepWords[step].going}... [${elapsed(ms)} elapsed]`, 'apply_progress', { action: step, ...seconds(ms) }),
    finished: ({ address }, step, id, ms) =>
      hook(address, `${stepWords[step].done} complete after ${elapsed(ms)}${suffix(id)}`, 'apply_complete', {
        action: step,
        ...identified(id),
        ...seconds(ms),
      }),
    failed: ({ address }, step, _error, ms) =>
      hook(address, `${stepWords[step].done} errored after ${elapsed(ms)}`, 'apply_errored', { action: step, ...seconds(ms) }),
    provisioning: ({ address }) => hook(address, "Provisioning with 'local-exec'...", 'provision_start', { provisioner: 'local-exec' }),
    provisioned: ({ address }, output) =>
      hook(address, `(local-exec): ${output}`, 'provision_progress', { provisioner: 'local-exec', output }),
    applied(result, plan) {
      tell(result.diagnostics);
      const { imported, added, changed, destroyed } = result.counts;
      const operation = plan.mode === 'destroy' ? 'destroy' : 'apply';
      put('info', appliedSummary(result, plan), 'change_summary', {
        changes: { add: added, change: changed, import: imported, remove: destroyed, operation },
      });
      put('info', `Outputs: ${result.state.outputs.size}`, 'outputs', { outputs: shown(outputsToJson(result.state.outputs)) });
    },
    outputs: (state) => write(`${JSON.stringify(outputsToJson(state.outputs), undefined, 2)}\n`),
    diagnostics: tell,
    tookLock: ({ Who, Pid }) =>
      tell([{ severity: 'warning', summary: 'State lock taken over', detail: `Process ${Pid} of ${Who} held it and is gone.` }]),
  };
}

const seconds = (ms: number): JsonObject => ({ elapsed_seconds: Math.round(ms / 1000) });

/** Logs are read by many: sensitive values stay out of these. */
function shown(outputs: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(outputs).map(([name, output]) => {
      const { value, ...rest } = output as JsonObject;
      return [name, rest['sensitive'] === true ? rest : { ...rest, value: value as Json }];
    }),
  );
}

function resourceToJson(address: InstanceAddress): JsonObject {
  const { module, type, name, key } = address;
  const within = moduleText(module);
  return {
    addr: address.toString(),
    module: within,
    resource: `${address.mode === 'data' ? 'data.' : ''}${type}.${name}${keyText(key)}`,
    implied_provider: type.split('_')[0] ?? type,
    resource_type: type,
    resource_name: name,
    resource_key: key ?? null,
  };
}

const reasonOf = (reason: string): string => reason.replace(/^replace_(because_|by_)?/, '');

function plannedToJson({ address, action, reason, movedFrom }: ResourceChange): JsonObject {
  return {
    resource: resourceToJson(address),
    ...(movedFrom !== undefined && { previous_resource: resourceToJson(movedFrom) }),
    action,
    ...(reason !== undefined && { reason: reasonOf(reason) }),
  };
}

const plannedOutputs = ({ outputs }: Plan): JsonObject =>
  Object.fromEntries(outputs.map(({ name, sensitive, action }) => [name, { sensitive, action: action === 'no-op' ? 'noop' : action }]));

export function diagnosticToJson(diagnostic: Diagnostic): JsonObject {
  const { severity, summary, detail, range, excerpt, within, address, calling, values = [] } = diagnostic;
  return {
    severity,
    summary,
    detail,
    ...(address !== undefined && { address }),
    ...(range !== undefined && {
      range: { filename: range.file, start: { line: range.line, column: range.column } },
      snippet: {
        context: within ?? null,
        code: excerpt ?? '',
        start_line: range.line,
        values: values.map(({ traversal, statement }) => ({ traversal, statement })),
        ...(calling !== undefined && { function_call: { called_as: calling.replace(/\(.*/, ''), signature: calling } }),
      },
    }),
  };
}

/** An error of a command that prints one JSON document. */
export function errorToJson(error: unknown): JsonObject {
  const diagnostics = diagnosticsOf(error);
  return {
    valid: false,
    error_count: diagnostics.filter(({ severity }) => severity === 'error').length,
    diagnostics: diagnostics.map(diagnosticToJson),
  };
}
