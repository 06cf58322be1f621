import papaparse from 'papaparse';
import type { Vu } from '../vu/vu.ts';
import { moduleOf } from './bound.ts';
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
      return settled(this, () => {
        if (this.isInitialised) throw new Error('csv.parse can only be called in the init context');
        return rowsOf(file, options, 'csv.parse');
      });
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
            return { done: value === undefined, value };
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
  if (asObjects === true && skipFirstLine === true)
    throw new TypeError(`${where}: skipFirstLine cannot be used with asObjects, which takes the first line for the names`);
  return {
    delimiter: typeof delimiter === 'string' && delimiter !== '' ? delimiter : ',',
    skipFirstLine: skipFirstLine === true,
    fromLine: Number(fromLine ?? 0),
    toLine: toLine === undefined || toLine === null ? Number.MAX_SAFE_INTEGER : Number(toLine),
    asObjects: asObjects === true,
  };
}

function parse(text: string, { delimiter, skipFirstLine, fromLine, toLine, asObjects }: Options): Row[] {
  const { data, errors } = papaparse.parse<string[]>(text, { delimiter, skipEmptyLines: true });
  const [error] = errors;
  if (error) throw new Error(`csv: line ${(error.row ?? 0) + 1}: ${error.message}`);
  const rows = data.slice(Math.max(fromLine, skipFirstLine || asObjects ? 1 : 0), toLine + 1);
  if (!asObjects) return rows;
  const [names = []] = data;
  return rows.map((row) => Object.fromEntries(names.map((name, i) => [name, row[i] ?? ''])));
}
