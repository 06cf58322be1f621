/** `npm run docs` writes the table of docs/errors.md from the registries in src/; a test holds the two together. */
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
export const errorsPage = new URL('../docs/errors.md', import.meta.url);

interface ErrorSpec {
  code: string;
  exitCode: number;
  when: string;
}

/** The one error that has no registry: whatever nobody foresaw. */
const unforeseen: ErrorSpec = { code: 'PL_INTERNAL', exitCode: 4, when: 'A fault of ours; `--debug` shows where. Please report it.' };

/** All errors, by code. Every `errors.ts` under src/ exports one registry made by `defineErrors`. */
export async function allErrors(): Promise<ErrorSpec[]> {
  const specs = [unforeseen];
  for (const file of globSync('src/**/errors.ts', { cwd: root })) {
    if (file === 'src/base/errors.ts') continue;
    const module = (await import(new URL(`../${file}`, import.meta.url).href)) as Record<string, Record<string, Partial<ErrorSpec>>>;
    const found = Object.values(module).flatMap((registry) => Object.values(registry).filter(isSpec));
    if (found.length === 0) throw new Error(`${file} exports no registry of errors`);
    specs.push(...found);
  }
  return specs.toSorted((a, b) => (a.code < b.code ? -1 : 1));
}

function isSpec(value: Partial<ErrorSpec> | undefined): value is ErrorSpec {
  return typeof value?.code === 'string' && typeof value.when === 'string' && typeof value.exitCode === 'number';
}

const ruler = '| code | exit | when |\n| --- | --- | --- |\n';

/** The page with its table made anew; all above the table is kept. */
export async function renderErrorsPage(page: string): Promise<string> {
  const tableAt = page.indexOf(ruler);
  if (tableAt < 0) throw new Error(`docs/errors.md lacks the head of its table: ${ruler}`);
  const rows = (await allErrors()).map(({ code, exitCode, when }) => `| \`${code}\` | ${exitCode} | ${when} |\n`);
  return page.slice(0, tableAt + ruler.length) + rows.join('');
}

if (import.meta.main) writeFileSync(errorsPage, await renderErrorsPage(readFileSync(errorsPage, 'utf8')));
