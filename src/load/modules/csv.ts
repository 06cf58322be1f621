import papaparse from 'papaparse';
import type { Vu } from '../vu/vu.ts';
import { isAbsent, moduleOf } from './bound.ts';
import { deepFreeze } from './data.ts';
import { ScriptFile, settled } from './fs.ts';

type Row = readonly string[] | Readonly<Record<string, string>>;

interface Options {
  readonly delimiter: string;
  readonly skipFirstLine: boolean;
  readonly fromLine: number;
  /** The last line that is read. */
  readonly toLine: number;
  readonly asObjects: boolean;
}

/** Rows of a file are parsed once for all VUs of the process, and frozen. */
const parsed = new WeakMap<Buffer, Map<string, readonly Row[]>>();

/** https://grafana.com/docs/k6/latest/javascript-api/k6-experimental/csv/ */
export const CsvModule = moduleOf(
  {
    parse(file: unknown, options?: unknown) {
      return settled(this, () => rowsOf(file, options, 'csv.parse'));
    },
  },
  {
    Parser: (vu: Vu) =>
      class Parser {
        readonly #rows: readonly Row[];
        #next = 0;

        constructor(file: unknown, options?: unknown) {
          if (vu.isInitialised) throw new Error('new csv.Parser can only be called in the init context');
          this.#rows = rowsOf(file, options, 'csv.Parser');
        }

        next(): unknown {
          return settled(vu, () => {
            const value = this.#rows[this.#next];
            if (value !== undefined) this.#next++;
            return { done: value === undefined, value: value ?? [] };
          });
        }
      },
  },
);

function rowsOf(file: unknown, given: unknown, where: string): readonly Row[] {
  if (!(file instanceof ScriptFile)) throw new TypeError(`${where}: the first argument must be a file of k6/experimental/fs`);
  const options = readOptions(given, where);
  const bytes = ScriptFile.bytesOf(file);
  let known = parsed.get(bytes);
  if (!known) parsed.set(bytes, (known = new Map()));
  const key = JSON.stringify(options);
  let rows = known.get(key);
  if (!rows) known.set(key, (rows = deepFreeze(parse(bytes.toString('utf8'), options))));
  return rows;
}

function readOptions(given: unknown, where: string): Options {
  const { delimiter, skipFirstLine, fromLine, toLine, asObjects } = (given ?? {}) as Record<string, unknown>;
  const first = Number(fromLine ?? 0);
  if (asObjects === true && (skipFirstLine === true || first > 0))
    throw new TypeError(
      `${where}: neither skipFirstLine nor fromLine can be used with asObjects, which takes the first line for the names`,
    );
  if (first < 0) throw new TypeError(`${where}: the 'fromLine' option must be greater than or equal to 0; got ${first}`);
  if (!isAbsent(toLine) && first > 0 && first >= Number(toLine)) throw new TypeError(`${where}: fromLine must be less than toLine`);
  if (typeof delimiter === 'string' && delimiter.length > 1) throw new TypeError(`${where}: delimiter must be a single character`);
  return {
    delimiter: typeof delimiter === 'string' && delimiter !== '' ? delimiter : ',',
    skipFirstLine: skipFirstLine === true,
    fromLine: first,
    toLine: isAbsent(toLine) ? Number.MAX_SAFE_INTEGER : Number(toLine),
    asObjects: asObjects === true,
  };
}

function parse(text: string, { delimiter, skipFirstLine, fromLine, toLine, asObjects }: Options): Row[] {
  const { data, errors } = papaparse.parse<string[]>(text, { delimiter, skipEmptyLines: true });
  const [error] = errors;
  if (error) throw new Error(`csv: line ${(error.row ?? 0) + 1}: ${error.message}`);
  if (fromLine > data.length) throw new Error(`csv: there are ${data.length} lines, so that none can be read from line ${fromLine} on`);
  const rows = data.slice(Math.max(fromLine, skipFirstLine || asObjects ? 1 : 0), toLine + 1);
  if (!asObjects) return rows;
  const [names = []] = data;
  return rows.map((row) => Object.fromEntries(names.map((name, i) => [name, row[i] ?? ''])));
}
