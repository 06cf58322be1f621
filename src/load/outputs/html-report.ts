import { writeFileSync } from 'node:fs';
import { badOutput, checkWritable, type Output, type OutputStart } from './output.ts';
import { compactDetails, reportPage } from './page.ts';
import { Timeline } from './timeline.ts';

/** `--out html=FILE`: one page with charts of the run's course and all results, to keep or to send on. */
export function htmlOutput(file: string): Output {
  if (file === '') throw badOutput('html needs a file: --out html=report.html');
  checkWritable(file);
  const timeline = new Timeline();
  let start: OutputStart | undefined;
  return {
    description: `html (${file})`,
    begin: (given) => void (start = given),
    report: (deltas) => timeline.add(deltas),
    progress: (progress) => void timeline.step(progress),
    end(result) {
      const { script = '', startedAtMs = 0 } = start ?? {};
      const startedAt = new Date(startedAtMs).toISOString();
      const summary = compactDetails(result);
      writeFileSync(file, reportPage({ script, startedAt, moments: timeline.moments, thresholds: [], summary, isLive: false }));
    },
  };
}
