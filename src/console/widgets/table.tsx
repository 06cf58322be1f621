import type { ComponentChildren, JSX } from 'preact';
import { useState } from 'preact/hooks';

export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => ComponentChildren;
  /** What to sort by; a column without cannot be sorted. */
  readonly by?: (row: Row) => number | string;
  readonly numeric?: boolean;
}

interface TableProps<Row> {
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  /** What to say and do when there is nothing. */
  readonly empty: ComponentChildren;
  /** A last row that is not sorted. */
  readonly total?: Row | undefined;
}

const pageRows = 100;

/** A table that sorts by a click on a heading and shows a hundred rows at a time. */
export function Table<Row>({ caption, columns, rows, keyOf, empty, total }: TableProps<Row>): JSX.Element {
  const [sort, setSort] = useState<{ index: number; down: boolean }>();
  const [shown, setShown] = useState(pageRows);
  if (rows.length === 0) return <div class="empty">{empty}</div>;
  const by = sort === undefined ? undefined : columns[sort.index]?.by;
  const sorted = by === undefined ? rows : rows.toSorted((a, b) => compare(by(a), by(b)) * (sort?.down === true ? -1 : 1));
  const line = (row: Row, key: string, kind = ''): JSX.Element => (
    <tr key={key} class={kind}>
      {columns.map(({ title, cell, numeric }) => (
        <Cell key={title} title={title} numeric={numeric === true}>
          {cell(row)}
        </Cell>
      ))}
    </tr>
  );
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={caption}>
      <table>
        <caption class="unseen">{caption}</caption>
        <thead>
          <tr>
            {columns.map(({ title, by: sortable, numeric }, index) => {
              const own = sort?.index === index ? sort : undefined;
              return (
                <th
                  key={title}
                  scope="col"
                  class={numeric === true ? 'number' : ''}
                  {...(own === undefined ? {} : { 'aria-sort': own.down ? ('descending' as const) : ('ascending' as const) })}
                >
                  {sortable === undefined ? (
                    title
                  ) : (
                    <button
                      type="button"
                      class="plain"
                      onClick={() => setSort({ index, down: own === undefined ? numeric === true : !own.down })}
                    >
                      {title}
                      <span aria-hidden="true">{own === undefined ? '' : own.down ? ' ▾' : ' ▴'}</span>
                    </button>
                  )}
                </th>
              );
            })}
          </tr>
        </thead>
        <tbody>
          {sorted.slice(0, shown).map((row) => line(row, keyOf(row)))}
          {total === undefined ? undefined : line(total, 'total', 'total')}
        </tbody>
      </table>
      {sorted.length > shown ? (
        <button type="button" onClick={() => setShown(shown + pageRows)}>
          Show more ({sorted.length - shown} left)
        </button>
      ) : undefined}
    </div>
  );
}

/** `2026-11-21 12:00:00`, which is not to be broken at its hyphens. */
const momentPattern = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/;

interface CellProps {
  readonly title: string;
  readonly numeric: boolean;
  readonly children: ComponentChildren;
}

function Cell({ title, numeric, children }: CellProps): JSX.Element {
  const isMoment = typeof children === 'string' && momentPattern.test(children);
  return (
    <td class={numeric ? 'number' : isMoment ? 'moment' : ''} data-title={title}>
      {children}
    </td>
  );
}

function compare(a: number | string, b: number | string): number {
  return typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b), 'en', { numeric: true });
}
