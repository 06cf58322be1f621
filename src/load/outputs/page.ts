import type { ThresholdResult } from '../run/types.ts';
import { compactDetails, type ReportSummary } from './page-data.ts';
import { pageScript } from './page-script.ts';
import { pageStyle } from './page-style.ts';
import type { Moment } from './timeline.ts';

/** Everything that a page shows. */
export interface PageData {
  readonly script: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly moments: readonly Moment[];
  /** While the run goes on; at its end the summary has them. */
  readonly thresholds: readonly ThresholdResult[];
  /** There once the run is over. */
  readonly summary: ReportSummary | undefined;
  /** The page asks for news by server-sent events. */
  readonly isLive: boolean;
}

export { compactDetails };

/** One file that needs nothing else: style, script and data are inside. */
export function reportPage(data: PageData): string {
  // In a script element only "<" can end it or open a comment (HTML, section "Restrictions for contents of script elements").
  const json = JSON.stringify(data).replaceAll('<', '\\u003c');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Load test report</title>
<link rel="icon" href="data:,">
<style>${pageStyle}</style>
</head>
<body>
<header><h1>Load test</h1><p id="about"></p><p id="verdict" hidden></p></header>
<main>
<section id="charts"></section>
<section id="summary" hidden></section>
</main>
<script type="application/json" id="data">${json}</script>
<script>${pageScript}</script>
</body>
</html>
`;
}
