/**
 * The repository's own rules, as a test: file size, imports through a folder's index, no dead file, no
 * broken link in the docs, no TODO without an owner.
 */
import { existsSync, readFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { dirname, join, normalize, relative } from 'node:path';

const linesMax = 500;

/** All findings, one line each; empty when the tree is tidy. */
export function tidy(root: string): string[] {
  const files = trackedFiles(root);
  const sources = new Map(files.filter((file) => /\.tsx?$/.test(file)).map((file) => [file, readFileSync(join(root, file), 'utf8')]));
  return [
    ...longFiles(sources),
    ...folderImports(sources),
    ...deadFiles(sources, root),
    ...ownerlessTodos(sources),
    ...files.filter((file) => file.endsWith('.md')).flatMap((file) => brokenLinks(root, file, readFileSync(join(root, file), 'utf8'))),
  ].toSorted();
}

function trackedFiles(root: string): string[] {
  const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const listed = execFileSync('git', args, { cwd: root, encoding: 'utf8', maxBuffer: 64 << 20 });
  return listed.split('\0').filter((file) => file !== '' && existsSync(join(root, file)));
}

export function longFiles(sources: ReadonlyMap<string, string>): string[] {
  return [...sources]
    .map(([file, text]) => ({ file, lines: text.split('\n').length - 1 }))
    .filter(({ lines }) => lines > linesMax)
    .map(({ file, lines }) => `${file}: ${lines} lines, at most ${linesMax}: give part of its job to a file of its own`);
}

/** The specifiers that a module imports, static and dynamic, as written. */
function importsOf(text: string): string[] {
  const found = text.matchAll(/(?:\bfrom\s*|\bimport\s*\(?\s*|\bentry\(import\.meta\.url,\s*|\bnew URL\(\s*)(['"])(\.{1,2}\/[^'"]+)\1/g);
  return [...found].map((match) => match[2] as string);
}

const area = (file: string): string => /^(src\/[^/]+|examples\/[^/]+|[^/]+)\//.exec(file)?.[1] ?? '';

/** Another folder under src/ is imported through its index.ts only, so that what it offers stands in one place. */
export function folderImports(sources: ReadonlyMap<string, string>): string[] {
  const findings: string[] = [];
  for (const [file, text] of sources) {
    if (!file.startsWith('src/') || file.endsWith('.test.ts')) continue;
    for (const specifier of text.matchAll(/\bfrom\s*(['"])(\.{1,2}\/[^'"]+)\1/g)) {
      const target = normalize(join(dirname(file), specifier[2] as string));
      if (area(target) === area(file) || target === `${area(target)}/index.ts`) continue;
      findings.push(`${file}: imports ${target}; import ${area(target)}/index.ts instead`);
    }
  }
  return findings;
}

/** A module that nothing imports and that is no entry (test, script, bench, index, process) is dead. */
export function deadFiles(sources: ReadonlyMap<string, string>, root = ''): string[] {
  const used = new Set<string>();
  for (const [file, text] of sources) {
    for (const specifier of importsOf(text)) {
      const target = normalize(join(dirname(file), specifier));
      used.add(target).add(`${target}.ts`).add(`${target}.tsx`);
    }
  }
  const bin = root === '' ? '' : readFileSync(join(root, 'bin/plimsoll.js'), 'utf8');
  const entryPoint = (file: string): boolean =>
    /(\.test|\/index)\.ts$|^scripts\/|^bench\/|\.d\.ts$|^examples\//.test(file) || bin.includes(file);
  return [...sources.keys()]
    .filter((file) => !used.has(file) && !entryPoint(file))
    .map((file) => `${file}: nothing imports it; use it or delete it`);
}

export function ownerlessTodos(sources: ReadonlyMap<string, string>): string[] {
  const findings: string[] = [];
  for (const [file, text] of sources) {
    if (file.startsWith('scripts/tidy')) continue;
    text.split('\n').forEach((line, index) => {
      if (/\b(TODO|FIXME|XXX|HACK)\b(?!\([\w.-]+\))/.test(line)) findings.push(`${file}:${index + 1}: a TODO names its owner: TODO(name)`);
    });
  }
  return findings;
}

/** Relative links and images of a Markdown file must lead somewhere. */
export function brokenLinks(root: string, file: string, text: string): string[] {
  const findings: string[] = [];
  for (const match of text.matchAll(/\]\(([^)\s]+)\)|(?:src|href)="([^"]+)"/g)) {
    const link = match[1] ?? match[2] ?? '';
    if (/^(https?:|mailto:|#)/.test(link)) continue;
    const target = join(root, dirname(file), decodeURI(link.split('#')[0] as string));
    if (!existsSync(target)) findings.push(`${file}: the link ${link} leads to nothing (${relative(root, target)})`);
  }
  return findings;
}

if (import.meta.main) {
  const findings = tidy(process.cwd());
  for (const finding of findings) console.error(finding);
  process.exitCode = findings.length === 0 ? 0 : 1;
}
