import { keyText, moduleText, type OutputChange, type Plan, type Reason, type ResourceChange } from '../engine/index.ts';
import { isList, isRecord, record, Sensitive, Unknown, type Value } from '../language/index.ts';
import { diffBlock, diffValues } from './diff.ts';
import type { Paint } from './paint.ts';
import { renderDiff, symbolOf } from './value.ts';

/** How many resources a plan will add, change and so on, as Terraform counts: a replacement is one added and one destroyed. */
export interface Counts {
  readonly imported: number;
  readonly added: number;
  readonly changed: number;
  readonly destroyed: number;
}

export function countsOf({ changes }: Pick<Plan, 'changes'>): Counts {
  const count = (...actions: readonly ResourceChange['action'][]): number =>
    managed.filter(({ action }) => actions.includes(action)).length;
  const managed = changes.filter(({ address }) => address.mode === 'managed');
  return {
    imported: managed.filter(({ importId }) => importId !== undefined).length,
    added: count('create', 'replace'),
    changed: count('update'),
    destroyed: count('delete', 'replace'),
  };
}

/** `Plan: 1 to add, 0 to change, 0 to destroy.` */
export function summaryOf({ imported, added, changed, destroyed }: Counts): string {
  const parts = [`${added} to add`, `${changed} to change`, `${destroyed} to destroy`];
  if (imported > 0) parts.unshift(`${imported} to import`);
  return `Plan: ${parts.join(', ')}.`;
}

/** A plan as Terraform prints it. */
export function renderPlan(plan: Plan, paint: Paint): string {
  const changes = plan.changes.filter(isShown);
  const outputs = plan.mode === 'refresh-only' ? [] : plan.outputs.filter(({ action }) => action !== 'no-op');
  const drift = renderDrift(plan, changes, paint);
  if (plan.mode === 'refresh-only') return drift === '' ? `\n${nothingToDo(plan, paint)}` : `${drift}${refreshOnlyNote}`;
  if (changes.length === 0 && outputs.length === 0) return `${drift}\n${nothingToDo(plan, paint)}`;
  let text = drift;
  if (changes.length > 0) text += renderChanges(plan, 'Plimsoll will perform the following actions:', paint);
  if (outputs.length > 0) {
    text += `\nChanges to Outputs:\n${renderOutputs(outputs, paint)}`;
    if (changes.length === 0) text += `\n${outputsOnlyNote}`;
  }
  return text;
}

/** What a plan came to that could not be made whole; empty when that is nothing. */
export function renderUnfinished(plan: Plan, paint: Paint): string {
  if (plan.mode === 'refresh-only' || !plan.changes.some(isShown)) return '';
  return renderChanges(plan, 'Plimsoll planned the following actions, but then encountered a problem:', paint);
}

function renderChanges(plan: Plan, title: string, paint: Paint): string {
  const changes = plan.changes.filter(isShown);
  const symbols = legend(changes, paint);
  const head =
    symbols === ''
      ? ''
      : `\nPlimsoll generated the following execution plan. Resource actions are indicated\nwith the following symbols:\n${symbols}`;
  const blocks = changes.map((change) => `\n${renderChange(change, paint)}`).join('');
  return `${head}\n${title}\n${blocks}\n${paint.bold('Plan:')}${summaryOf(countsOf(plan)).slice('Plan:'.length)}\n`;
}

const outputsOnlyNote = `You can apply this plan to save these new output values to the state, without
changing any real infrastructure.
`;

const refreshOnlyNote = `
This is a refresh-only plan, so Plimsoll will not take any actions to undo
these. If you were expecting these changes then you can apply this plan to
record the updated values in the state without changing any remote objects.
`;

const isShown = ({ action, movedFrom, importId }: ResourceChange): boolean =>
  action !== 'no-op' || movedFrom !== undefined || importId !== undefined;

function nothingToDo({ mode }: Plan, { bold, green }: Paint): string {
  const title = (text: string): string => bold(green(text));
  if (mode === 'destroy')
    return `${title('No changes.')} ${bold('No objects need to be destroyed.')}\n
Either you have not created any objects yet or the existing objects were
already deleted outside of Plimsoll.\n`;
  if (mode === 'refresh-only')
    return `${title('No changes.')} ${bold('Your infrastructure still matches the configuration.')}\n
Plimsoll has checked that the real remote objects still match the result of
your most recent changes, and found no differences.\n`;
  return `${title('No changes.')} ${bold('Your infrastructure matches the configuration.')}\n
Plimsoll has compared your real infrastructure against your configuration
and found no differences, so no changes are needed.\n`;
}

type Mark = 'create' | 'update' | 'delete' | 'replace' | 'replace first' | 'read' | 'forget' | 'no-op';

const markOf = ({ action, createBeforeDestroy }: ResourceChange): Mark =>
  action === 'replace' && createBeforeDestroy ? 'replace first' : action;

/** Four columns. */
function mark(of: Mark, paint: Paint): string {
  if (of === 'replace') return `${paint.red('-')}/${paint.green('+')} `;
  if (of === 'replace first') return `${paint.green('+')}/${paint.red('-')} `;
  if (of === 'read') return ` ${paint.cyan('<=')} `;
  if (of === 'forget') return `  ${paint.red('.')} `;
  return symbolOf(of, paint);
}

const meanings: readonly (readonly [Mark, string])[] = [
  ['create', 'create'],
  ['update', 'update in-place'],
  ['delete', 'destroy'],
  ['replace', 'destroy and then create replacement'],
  ['replace first', 'create replacement and then destroy'],
  ['read', 'read (data resources)'],
];

function legend(changes: readonly ResourceChange[], paint: Paint): string {
  const there = new Set(changes.map(markOf));
  return meanings.map(([of, meaning]) => (there.has(of) ? `${mark(of, paint)}${meaning}\n` : '')).join('');
}

/** What one object will go through: why, and what of it changes. */
export function renderChange(change: ResourceChange, paint: Paint): string {
  const { address, before, after, replacePaths } = change;
  const comments = [headline(change, paint), ...remarks(change)].map((text) => `  # ${text}\n`).join('');
  const kind = address.mode === 'data' ? 'data' : 'resource';
  const head = `${kind} ${JSON.stringify(address.type)} ${JSON.stringify(address.name)}`;
  const diff = diffBlock(
    change.schema,
    before,
    change.action === 'forget' ? before : after,
    change.action === 'replace' ? replacePaths : [],
  );
  return `${comments}${mark(markOf(change), paint)}${head} ${renderDiff(diff, 0, { paint })}\n`;
}

function headline(change: ResourceChange, { bold, red }: Paint): string {
  const { address, action, reason, deposed, movedFrom, importId } = change;
  const subject = bold(`${address.toString()}${deposed === undefined ? '' : ` (deposed object ${deposed})`}`);
  if (action === 'create') return `${subject}${bold(' will be created')}`;
  if (action === 'update') return `${subject}${bold(' will be updated in-place')}`;
  if (action === 'delete') return `${subject}${bold(' will be ')}${bold(red('destroyed'))}`;
  if (action === 'read') return `${subject}${bold(' will be read during apply')}`;
  if (action === 'forget') return `${subject}${bold(' will no longer be managed by Plimsoll, but will not be destroyed')}`;
  if (action === 'no-op') {
    if (importId !== undefined) return `${subject}${bold(' will be imported')}`;
    return movedFrom === undefined ? subject : `${bold(String(movedFrom))}${bold(' has moved to ')}${subject}`;
  }
  if (reason === 'replace_because_tainted') return `${subject}${bold(' is tainted, so it must be ')}${bold(red('replaced'))}`;
  if (reason === 'replace_by_request') return `${subject}${bold(' will be ')}${bold(red('replaced'))}, as requested`;
  if (reason === 'replace_by_triggers')
    return `${subject}${bold(' will be ')}${bold(red('replaced'))} due to changes in replace_triggered_by`;
  return `${subject}${bold(' must be ')}${bold(red('replaced'))}`;
}

function remarks({ address, action, reason, deposed, movedFrom, importId }: ResourceChange): string[] {
  if (action === 'forget') return ['(destroy = false is set in the configuration)'];
  const why = deposed === undefined ? because(address, reason) : '(left over from a partially-failed replacement of this instance)';
  return [
    ...(why === undefined ? [] : [why]),
    ...(movedFrom !== undefined && action !== 'no-op' ? [`(moved from ${movedFrom.toString()})`] : []),
    ...(importId !== undefined && action !== 'no-op' ? [`(imported from ${JSON.stringify(importId)})`] : []),
  ];
}

function because(address: ResourceChange['address'], reason: Reason | undefined): string | undefined {
  switch (reason) {
    case 'delete_because_no_resource_config':
      return `(because ${address.type}.${address.name} is not in configuration)`;
    case 'delete_because_no_module':
      return `(because ${moduleText(address.module)} is not in configuration)`;
    case 'delete_because_count_index':
      return `(because index ${keyText(address.key)} is out of range for count)`;
    case 'delete_because_each_key':
      return `(because key ${keyText(address.key)} is not in for_each map)`;
    case 'delete_because_wrong_repetition':
      if (address.key === undefined) return '(because resource uses count or for_each)';
      return `(because resource does not use ${typeof address.key === 'number' ? 'count' : 'for_each'})`;
    case 'read_because_config_unknown':
      return '(config refers to values not yet known)';
    case 'read_because_dependency_pending':
      return '(depends on a resource or a module with changes pending)';
    default:
      return undefined;
  }
}

/**
 * What changed outside since the last apply: all of it when that is what was asked for, otherwise of those objects that the
 * plan changes, for there it may be the reason.
 */
function renderDrift({ drift, mode }: Plan, changes: readonly ResourceChange[], paint: Paint): string {
  const touched = new Set(changes.map(({ address }) => address.toString()));
  const shown = drift.filter(({ address }) => mode === 'refresh-only' || touched.has(address.toString()));
  if (shown.length === 0) return '';
  const blocks = shown.map((change) => {
    const { address, before, after, schema } = change;
    const deleted = after === undefined;
    const what = deleted
      ? `${paint.bold(`${address.toString()} has been `)}${paint.bold(paint.red('deleted'))}`
      : paint.bold(`${address.toString()} has changed`);
    const head = `resource ${JSON.stringify(address.type)} ${JSON.stringify(address.name)}`;
    const body = renderDiff(diffBlock(schema, before, after), 0, { paint });
    return `\n  # ${what}\n${mark(deleted ? 'delete' : 'update', paint)}${head} ${body}\n`;
  });
  const title = paint.bold(`${paint.cyan('Note:')} ${paint.bold('Objects have changed outside of Plimsoll')}`);
  const text = `
${title}

Plimsoll detected the following changes made outside of Plimsoll since the
last "plimsoll apply"${mode === 'refresh-only' ? '' : ' which may have affected this plan'}:
${blocks.join('')}`;
  return mode === 'refresh-only' ? text : `${text}\n${rule}`;
}

export const rule = `${'─'.repeat(77)}\n`;

/** A value as JSON has it: an output's maps are shown as objects and its sets as lists. */
function untyped<Side extends Value | undefined>(value: Side): Value | Side {
  if (value instanceof Sensitive) return new Sensitive(untyped(value.value));
  if (value === undefined || value === null || value instanceof Unknown) return value;
  if (isList(value)) return value.map(untyped);
  return isRecord(value) ? record(Object.entries(value).map(([key, item]) => [key, untyped(item)])) : value;
}

function renderOutputs(outputs: readonly OutputChange[], paint: Paint): string {
  const width = Math.max(...outputs.map(({ name }) => name.length));
  return outputs
    .map(({ name, before, after, sensitive }) => {
      const hidden = (value: Value | undefined): Value | undefined =>
        sensitive && value !== undefined && !(value instanceof Sensitive) ? new Sensitive(value) : value;
      const diff = diffValues(hidden(untyped(before)), hidden(untyped(after)));
      return `${symbolOf(diff.action, paint)}${name.padEnd(width)} = ${renderDiff(diff, 0, { paint })}\n`;
    })
    .join('');
}
