import { countOf, formatCount, formatSpan } from '../../base/index.ts';
import type { Enforcement, ScalingActivity } from '../../model/index.ts';
import type { LoadResult } from '../../load/index.ts';
import type { Region } from '../../region/index.ts';
import { carriedWith, failedShareMax, p95MaxMs, type CarriedLimit } from './limits.ts';
import { endpointOf, type Stack } from './stack.ts';
import type { Story } from './story.ts';

/** What `--json` writes; the fields are a contract. */
export interface DemoReport {
  ok: boolean;
  stack: Stack['kind'];
  /** What `tasks` counts: `task` or `instance`. */
  unit: Stack['noun'];
  durationS: number;
  requests: number;
  failed: number;
  checksRate: number;
  latencyMs: { p50: number; p95: number; p99: number };
  vusMax: number;
  tasks: { min: number; peak: number; final: number };
  activities: { time: string; description: string; cause: string; from: number; to: number }[];
  database: string;
  limit: { oneTask: ReportedLimit | null; fourTasks: ReportedLimit | null };
  /** Memory of region, balancer and load process together at the most users. */
  memoryMiB: number;
  enforcement: Enforcement;
  timeScale: number;
  /** Why `ok` is false, one sentence each. */
  problems: string[];
}

export interface ReportedLimit {
  users: number;
  rps: number;
  p95Ms: number;
  reached: boolean;
  saturated: string;
  /** How busy each part was there, percent of what it may use. */
  busy: Record<string, number>;
}

export function reportedLimit(limit: CarriedLimit | undefined): ReportedLimit | null {
  if (!limit) return null;
  const { users, reached, busiest } = limit;
  return {
    users,
    rps: Math.round(limit.rps),
    p95Ms: Math.round(limit.p95Ms),
    reached,
    saturated: `${busiest.part} at ${Math.round(busiest.percent)} %`,
    busy: Object.fromEntries(Object.entries(limit.busy).map(([part, percent]) => [part, Math.round(percent)])),
  };
}

export function reportedActivity(activity: ScalingActivity): DemoReport['activities'][number] {
  const { description, cause, from, to } = activity;
  return { time: new Date(activity.atMs).toISOString(), description, cause, from, to };
}

export function makeReport(region: Region, stack: Stack, story: Story, durationMs: number): DemoReport {
  const { load, latency, samples } = story;
  const round = (ms: number): number => Math.round(ms * 10) / 10;
  const problems = findProblems(stack, story);
  return {
    ok: problems.length === 0,
    stack: stack.kind,
    unit: stack.noun,
    durationS: Math.round(durationMs / 100) / 10,
    requests: load.requests,
    failed: load.failed,
    checksRate: checksRate(load.checks),
    latencyMs: { p50: round(latency.quantile(0.5)), p95: round(latency.quantile(0.95)), p99: round(latency.quantile(0.99)) },
    vusMax: load.vusMax,
    tasks: { min: stack.minUnits, peak: story.peakTasks, final: story.finalTasks },
    activities: stack.activities().map(reportedActivity).toReversed(),
    database: `PostgreSQL ${region.databases.versionOf(region.place('us-east-1'), stack.database.DBInstanceIdentifier) ?? ''} at ${endpointOf(stack.database)}`,
    limit: {
      oneTask: reportedLimit(carriedWith(samples, stack.minUnits)),
      fourTasks: reportedLimit(carriedWith(samples, stack.maxUnits)),
    },
    memoryMiB: Math.round(story.memoryBytesMax / 2 ** 20),
    enforcement: region.driver.enforcement,
    timeScale: region.timeScale,
    problems,
  };
}

function checksRate(checks: LoadResult['checks']): number {
  const passes = checks.reduce((sum, check) => sum + check.passes, 0);
  const fails = checks.reduce((sum, check) => sum + check.fails, 0);
  return passes + fails === 0 ? 0 : passes / (passes + fails);
}

/** What the demo promises and did not hold. */
function findProblems(stack: Stack, { load, peakTasks, finalTasks, balancerFailures }: Story): string[] {
  const problems: string[] = [];
  if (peakTasks < stack.maxUnits) problems.push(`it scaled out to ${peakTasks} ${stack.noun}s, not ${stack.maxUnits}`);
  if (finalTasks !== stack.minUnits) problems.push(`it ended with ${finalTasks} ${stack.noun}s, not ${stack.minUnits}`);
  if (load.requests === 0) problems.push('no request was made');
  if (load.failed > 0) {
    const why = Object.entries({ ...load.errorCounts, ...balancerFailures }).map(([reason, count]) => `${reason}: ${count}`);
    problems.push(`${countOf(load.failed, 'request')} failed${why.length === 0 ? '' : ` (${why.join(', ')})`}`);
  }
  return problems;
}

/** The closing report for people. */
export function renderReport(report: DemoReport): string {
  const { limit, latencyMs, tasks, unit } = report;
  const carried = `p95 < ${p95MaxMs} ms and < ${failedShareMax * 100} % errors`;
  const lines = [
    '',
    'REPORT',
    `  How many users does it carry (${carried})?`,
    limitLine(`1 ${unit}`, limit.oneTask),
    limitLine(`4 ${unit}s`, limit.fourTasks),
    '',
    `  Requests   ${formatCount(report.requests)}, ${formatCount(report.failed)} failed; checks ${(report.checksRate * 100).toFixed(2)} % passed`,
    `  Latency    p50 ${formatSpan(latencyMs.p50)}, p95 ${formatSpan(latencyMs.p95)}, p99 ${formatSpan(latencyMs.p99)} over the whole run, overload included`,
    `  ${`${unit[0]?.toUpperCase()}${unit.slice(1)}s`.padEnd(10)} ${tasks.min} → ${tasks.peak} → ${tasks.final}, up to ${formatCount(report.vusMax)} virtual users`,
    `  Database   ${report.database}`,
    `  Memory     ${report.memoryMiB} MiB for region, balancer and load generator together`,
    `  Limits     CPU of each ${unit}: ${report.enforcement.cpu}, memory: ${report.enforcement.memory}${report.enforcement.reason ? ` (${report.enforcement.reason})` : ''}`,
    '',
    `  Scaling activities (region time, ${report.timeScale} × the wall clock)`,
    ...report.activities.flatMap((activity) => [
      `    ${activity.time.slice(0, 19).replace('T', ' ')}  ${activity.description}  (${activity.from} → ${activity.to})`,
      `      Cause: ${activity.cause}`,
    ]),
    '',
    report.ok
      ? `  It scaled out to ${tasks.peak}, came back to ${tasks.final}, and no request failed. ${formatSpan(report.durationS * 1000)} in all.`
      : `  Not as promised: ${report.problems.join('; ')}.`,
    '',
  ];
  return lines.join('\n');
}

function limitLine(label: string, limit: ReportedLimit | null): string {
  if (!limit) return `    ${label.padEnd(11)} not measured: no two seconds in a row with this many healthy tasks and traffic`;
  const carried = `${limit.reached ? '' : 'at least '}${formatCount(limit.users)} users, ${formatCount(limit.rps)} requests/s (p95 ${formatSpan(limit.p95Ms)})`;
  return `    ${label.padEnd(11)} ${carried}; ${limit.reached ? 'saturated' : 'busiest'}: ${limit.saturated}`;
}
