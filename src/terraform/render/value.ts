import { renderValue, type Value } from '../language/index.ts';
import type { Diff, DiffAction, Entry } from './diff.ts';
import type { Paint } from './paint.ts';
import { align } from './sequence.ts';

export interface ValueOptions {
  readonly paint: Paint;
  /** Inside of something that is shown although it does not change: so is all of it. */
  readonly whole?: boolean;
  /** What is deleted is so because its whole is: that says `-> null` once. */
  readonly quiet?: boolean;
}

/** How many unchanged elements of a list are shown before and after a changed one. */
const contextSize = 1;

/** Shown of an object even when they do not change: they say which one it is. */
const identifying = new Set(['id', 'name', 'tags']);

/** Four columns: the mark of what is done, or blanks. */
export function symbolOf(action: DiffAction, { green, yellow, red }: Paint): string {
  if (action === 'create') return `  ${green('+')} `;
  if (action === 'update') return `  ${yellow('~')} `;
  return action === 'delete' ? `  ${red('-')} ` : '    ';
}

const indent = (depth: number): string => ' '.repeat(4 * depth);
const line = (depth: number, action: DiffAction, text: string, { paint }: ValueOptions): string =>
  `${indent(depth)}${symbolOf(action, paint)}${text}\n`;

/** `-> null` after what goes. */
const gone = ({ action }: Diff, { quiet, paint }: ValueOptions): string =>
  action === 'delete' && quiet !== true ? paint.dim(' -> null') : '';
const forces = ({ replaces }: Diff, { paint }: ValueOptions): string => (replaces ? paint.red(' # forces replacement') : '');

function hidden(count: number, noun: string, depth: number, options: ValueOptions): string {
  if (count === 0) return '';
  return line(depth, 'no-op', options.paint.dim(`# (${count} unchanged ${noun}${count === 1 ? '' : 's'} hidden)`), options);
}

/** What follows `name = ` on a line that stands at `depth`; of several lines, the last one is without its end. */
export function renderDiff(diff: Diff, depth: number, options: ValueOptions): string {
  switch (diff.kind) {
    case 'primitive':
      return renderPrimitive(diff, depth, options);
    case 'sensitive':
      return `(sensitive value)${gone(diff, options)}${forces(diff, options)}`;
    case 'unknown': {
      const before =
        diff.before === undefined ? '' : `${renderDiff(diff.before, depth, { ...options, quiet: true })} ${options.paint.yellow('->')} `;
      return `${before}(known after apply)${forces(diff, options)}`;
    }
    case 'types': {
      const [before, after] = [diff.before, diff.after].map((side) => renderDiff(side, depth, { ...options, quiet: true }));
      return `${before} ${options.paint.yellow('->')} ${after}${forces(diff, options)}`;
    }
    case 'json': {
      const inner = diff.value.action === 'update' ? 'update' : 'no-op';
      const note = diff.spaces ? options.paint.dim(' # whitespace changes') : '';
      const value = line(
        depth + 1,
        inner,
        renderDiff(diff.value, depth + 1, { ...options, quiet: true, whole: options.whole === true || diff.spaces }),
        options,
      );
      return `jsonencode(${note}${forces(diff, options)}\n${value}${indent(depth + 1)})${gone(diff, options)}`;
    }
    case 'list':
    case 'set':
      return renderElements(diff, diff.elements, depth, options);
    case 'map':
    case 'object':
      return renderEntries(diff, diff.entries, depth, options);
    default:
      return renderBlock(diff, diff.attributes, diff.blocks, depth, options);
  }
}

function renderPrimitive(diff: Diff & { kind: 'primitive' }, depth: number, options: ValueOptions): string {
  const { before, after, action } = diff;
  if ([before, after].some((value) => typeof value === 'string' && value.includes('\n'))) return renderLines(diff, depth, options);
  if (action === 'update') return `${renderValue(before)} ${options.paint.yellow('->')} ${renderValue(after)}${forces(diff, options)}`;
  return `${renderValue(action === 'delete' ? before : after)}${gone(diff, options)}${forces(diff, options)}`;
}

/** Text of several lines, line by line. */
function renderLines(diff: Diff & { kind: 'primitive' }, depth: number, options: ValueOptions): string {
  const lines = (value: Value): string[] =>
    value === null ? [] : (typeof value === 'string' ? value : renderValue(value)).replace(/\n$/, '').split('\n');
  const [old, now] = [lines(diff.before), lines(diff.after)];
  const body = align(old, now, (a, b) => a === b).map(({ before, after }) => {
    const action = diff.action !== 'update' || before === after ? 'no-op' : after === undefined ? 'delete' : 'create';
    return line(depth + 1, action, before ?? after ?? '', options).replace(/ +\n$/, '\n');
  });
  return `<<-EOT${forces(diff, options)}\n${body.join('')}${indent(depth + 1)}EOT${gone(diff, options)}`;
}

function renderElements(diff: Diff, elements: readonly Diff[], depth: number, options: ValueOptions): string {
  if (elements.length === 0) return `[]${gone(diff, options)}${forces(diff, options)}`;
  const inside = { ...options, quiet: true };
  const shown = elements.map((element, index) => {
    if (options.whole === true || diff.action !== 'update' || element.action !== 'no-op') return true;
    const near = elements.slice(Math.max(0, index - contextSize), index + contextSize + 1);
    return diff.kind === 'list' && near.some(({ action }) => action !== 'no-op');
  });
  let text = '';
  let skipped = 0;
  for (const [index, element] of elements.entries()) {
    if (shown[index] !== true) {
      skipped++;
      continue;
    }
    if (diff.kind === 'list') {
      text += hidden(skipped, 'element', depth + 1, options);
      skipped = 0;
    }
    const whole = options.whole === true || element.action === 'no-op';
    text += line(depth + 1, element.action, `${renderDiff(element, depth + 1, { ...inside, whole })},`, options);
  }
  text += hidden(skipped, 'element', depth + 1, options);
  return `[${forces(diff, options)}\n${text}${indent(depth + 1)}]${gone(diff, options)}`;
}

function renderEntries(diff: Diff, entries: readonly Entry[], depth: number, options: ValueOptions): string {
  if (entries.length === 0) return `{}${gone(diff, options)}${forces(diff, options)}`;
  const isMap = diff.kind === 'map';
  const rows = renderAttributes(entries, depth, { ...options, quiet: true }, isMap);
  return `{${forces(diff, options)}\n${rows}${indent(depth + 1)}}${gone(diff, options)}`;
}

const nameOf = (name: string, isMap: boolean): string =>
  isMap || !/^[\p{ID_Start}_][\p{ID_Continue}-]*$/u.test(name) ? renderValue(name) : name;

function renderAttributes(entries: readonly Entry[], depth: number, options: ValueOptions, isMap: boolean): string {
  const width = Math.max(0, ...entries.map(([name]) => nameOf(name, isMap).length));
  let text = '';
  let skipped = 0;
  for (const [name, diff] of entries) {
    const unchanged = diff.action === 'no-op';
    if (unchanged && options.whole !== true && (isMap || !identifying.has(name))) {
      skipped++;
      continue;
    }
    text += warnings(diff, 'attribute value', depth + 1, options);
    const value = renderDiff(diff, depth + 1, unchanged ? { ...options, whole: true } : options);
    text += line(depth + 1, diff.action, `${nameOf(name, isMap).padEnd(width)} = ${value}`, options);
  }
  return text + hidden(skipped, isMap ? 'element' : 'attribute', depth + 1, options);
}

/** That something will be shown from now on, or will not be any more. */
function warnings(diff: Diff, noun: string, depth: number, options: ValueOptions): string {
  if (diff.kind !== 'sensitive' || !(diff.becomes || diff.ceases)) return '';
  const what = diff.becomes
    ? ['will be marked as sensitive and will not', 'display in UI output after applying this change.']
    : ['will no longer be marked as sensitive', 'after applying this change.'];
  const [first = '', second = ''] = what;
  const note = diff.unchanged ? ' The value is unchanged.' : '';
  const lines = [`# ${options.paint.yellow('Warning')}: this ${noun} ${first}`, `# ${second}${note}`];
  return lines.map((text) => line(depth, 'no-op', text, options)).join('');
}

function renderBlock(diff: Diff, attributes: readonly Entry[], blocks: readonly Entry[], depth: number, options: ValueOptions): string {
  let text = renderAttributes(attributes, depth, options, false);
  let skipped = 0;
  let last: string | undefined;
  for (const [name, inner] of blocks) {
    if (inner.action === 'no-op' && options.whole !== true) {
      skipped++;
      continue;
    }
    if (last !== name && text !== '') text += '\n';
    last = name;
    text += line(depth + 1, inner.action, `${name} ${renderDiff(inner, depth + 1, options)}`, options);
  }
  if (skipped > 0) text += `\n${hidden(skipped, 'block', depth + 1, options)}`;
  return `{${forces(diff, options)}\n${text}${indent(depth + 1)}}`;
}
