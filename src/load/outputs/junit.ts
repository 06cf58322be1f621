import { writeFileSync } from 'node:fs';
import type { LoadResult } from '../run/types.ts';
import { badOutput, checkWritable, type Output, type OutputStart } from './output.ts';

/** `--out junit=FILE`: thresholds and checks as test cases, for CI systems that show JUnit's XML. */
export function junitOutput(file: string): Output {
  if (file === '') throw badOutput('junit needs a file: --out junit=results.xml');
  checkWritable(file);
  let start: OutputStart | undefined;
  return {
    description: `junit (${file})`,
    begin: (given) => void (start = given),
    end: (result) => writeFileSync(file, junitXml(result, start?.script ?? '')),
  };
}

interface Case {
  readonly name: string;
  readonly className: string;
  /** Why it failed; undefined when it passed. */
  readonly failure: string | undefined;
}

export function junitXml(result: LoadResult, script: string): string {
  const seconds = (result.durationMs / 1000).toFixed(3);
  const thresholds = result.thresholds.map(({ metric, source, ok }): Case => {
    const values = Object.entries(result.metrics[metric]?.values ?? {}).map(([name, value]) => `${name}=${value}`);
    return { name: `${metric}: ${source}`, className: 'thresholds', failure: ok ? undefined : `threshold crossed: ${values.join(', ')}` };
  });
  const checks = result.checks.map(({ path, name, passes, fails }): Case => ({
    name,
    className: ['checks', ...path.split('::').slice(1, -1)].join('.'),
    failure: fails === 0 ? undefined : `${fails} of ${passes + fails} failed`,
  }));
  const suites = [
    ['thresholds', thresholds],
    ['checks', checks],
  ] as const;
  const total = thresholds.length + checks.length;
  const failures = [...thresholds, ...checks].filter(({ failure }) => failure !== undefined).length;
  return `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="${xml(script)}" tests="${total}" failures="${failures}" time="${seconds}">
${suites.map(([name, cases]) => suite(name, cases, seconds)).join('\n')}
</testsuites>
`;
}

function suite(name: string, cases: readonly Case[], seconds: string): string {
  const failures = cases.filter(({ failure }) => failure !== undefined).length;
  const lines = cases.map(({ name: title, className, failure }) => {
    const open = `    <testcase name="${xml(title)}" classname="${xml(className)}"`;
    return failure === undefined ? `${open}/>` : `${open}><failure message="${xml(failure)}"/></testcase>`;
  });
  const body = lines.length === 0 ? '' : `\n${lines.join('\n')}\n  `;
  return `  <testsuite name="${name}" tests="${cases.length}" failures="${failures}" errors="0" skipped="0" time="${seconds}">${body}</testsuite>`;
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' };

/** XML 1.0 section 2.2: most control characters cannot be written at all. */
function xml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => entities[char] as string).replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, '\ufffd');
}
