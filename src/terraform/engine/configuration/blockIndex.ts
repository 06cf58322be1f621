import { headingAbove, type Block, type Range } from '../../language/index.ts';
import type { Diagnostic } from '../diagnostics.ts';

/** Which top-level block a line stands in, for `on main.tf line 3, in resource "aws_lb" "main":`. */
export class BlockIndex {
  readonly #byFile = new Map<string, { readonly line: number; readonly column: number; readonly title: string }[]>();

  add(blocks: readonly Block[]): void {
    for (const { type, labels, range } of blocks) {
      const title = [type, ...labels.map((label) => JSON.stringify(label))].join(' ');
      const list = this.#byFile.get(range.file) ?? [];
      list.push({ line: range.line, column: range.column, title });
      this.#byFile.set(range.file, list);
    }
    for (const list of this.#byFile.values()) list.sort((a, b) => a.line - b.line || a.column - b.column);
  }

  /** Undefined at the very start of a block, which stands in nothing. */
  titleAt(range: Range): string | undefined {
    const { file, line, column } = range;
    const blocks = this.#byFile.get(file);
    if (blocks === undefined) return headingAbove(range);
    const before = blocks.findLast((block) => block.line < line || (block.line === line && block.column <= column));
    return before === undefined || (before.line === line && before.column === column) ? undefined : before.title;
  }

  /** The diagnostics with what their lines stand in. */
  locate(found: readonly Diagnostic[]): Diagnostic[] {
    return found.map((item) => (item.within !== undefined || !item.range ? item : { ...item, within: this.titleAt(item.range) }));
  }
}
