import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { tests } from '../api.ts';
import type { StatisticsRow, TestRun } from '../contract.ts';
import { count, span } from '../format.ts';
import { messageOf, Problem } from '../widgets/aws.tsx';
import { Chart } from '../widgets/chart.tsx';
import { Card, Page, Tabs } from '../widgets/page.tsx';
import { Status } from '../widgets/status.tsx';
import { Table, type Column } from '../widgets/table.tsx';

const above = { title: 'Load tests', to: '/tests' };

interface RunProps {
  readonly id: string;
  /** The run as it goes on; absent where it ended before the page was opened. */
  readonly live: TestRun | undefined;
  /** There is no other, and no report of it before its process ends. */
  readonly alone?: boolean;
}

/** A run as it goes on, or as it ended. */
export function Run({ id, live, alone = false }: RunProps): JSX.Element {
  const [kept, setKept] = useState<TestRun>();
  const [error, setError] = useState<string>();
  useEffect(() => {
    if (live === undefined) tests.get(id).then(setKept, (caught: unknown) => setError(messageOf(caught)));
  }, [id, live === undefined]);
  const run = live ?? kept;
  if (run === undefined) {
    return (
      <Page title={id} above={above}>
        <Problem error={error} />
      </Page>
    );
  }
  const goes = ['starting', 'running', 'stopping'].includes(run.state);
  return (
    <Page
      title={run.name}
      {...(alone ? {} : { above })}
      actions={
        goes ? (
          <button
            type="button"
            class="danger"
            disabled={run.state === 'stopping'}
            onClick={() => void tests.stop(id).catch((caught: unknown) => setError(messageOf(caught)))}
          >
            Stop
          </button>
        ) : undefined
      }
    >
      <Problem error={error} />
      <ul class="headline">
        <li>
          <Status state={run.state} />
        </li>
        <li>
          <b>{count(goes ? run.users : run.usersMax)}</b> {goes ? 'users' : 'users at most'}
        </li>
        <li>
          <b>{count(run.total.requestsPerSecond)}</b> requests/s
        </li>
        <li class={run.failed > 0 ? 'bad' : ''}>
          <b>{run.requests === 0 ? '0' : ((100 * run.failed) / run.requests).toFixed(run.failed === 0 ? 0 : 2)} %</b> failures
        </li>
        <li>
          <b>{span(run.elapsedMs)}</b>
        </li>
      </ul>
      {run.reason === undefined ? undefined : <p class="problem">{run.reason}</p>}
      {run.distortions.map((text) => (
        <p key={text} class="note">
          {text}
        </p>
      ))}
      <Tabs
        tabs={[
          { name: 'Statistics', content: () => <Statistics run={run} /> },
          { name: 'Charts', content: () => <Charts run={run} /> },
          { name: 'Failures', content: () => <Failures run={run} /> },
          { name: 'Exceptions', content: () => <Exceptions run={run} /> },
          { name: 'Current ratio', content: () => <Ratio run={run} /> },
          { name: 'Workers', content: () => <Workers run={run} /> },
          { name: 'Thresholds', content: () => <Thresholds run={run} /> },
          { name: 'Download data', content: () => <Downloads id={id} report={!goes && !alone} /> },
        ]}
      />
    </Page>
  );
}

const figure = (title: string, key: keyof StatisticsRow, show: (value: number) => string = count): Column<StatisticsRow> => ({
  title,
  cell: (row) => show(Number(row[key])),
  by: (row) => Number(row[key]),
  numeric: true,
});

const columns: readonly Column<StatisticsRow>[] = [
  { title: 'Type', cell: ({ type }) => type, by: ({ type }) => type },
  { title: 'Name', cell: ({ name }) => name, by: ({ name }) => name },
  figure('#\u00a0Requests', 'requests'),
  figure('#\u00a0Fails', 'fails'),
  figure('Median (ms)', 'median'),
  figure('90 % (ms)', 'p90'),
  figure('99 % (ms)', 'p99'),
  figure('Average (ms)', 'average'),
  figure('Min (ms)', 'min'),
  figure('Max (ms)', 'max'),
  figure('Average size (bytes)', 'averageBytes'),
  figure('Current RPS', 'requestsPerSecond'),
  figure('Current failures/s', 'failuresPerSecond'),
];

function Statistics({ run }: { readonly run: TestRun }): JSX.Element {
  return (
    <Card title="Statistics">
      <Table
        caption="Statistics"
        rows={run.rows}
        total={run.total}
        keyOf={({ type, name }) => `${type} ${name}`}
        columns={columns}
        empty="No request was made yet."
      />
    </Card>
  );
}

function Charts({ run: { moments } }: { readonly run: TestRun }): JSX.Element {
  const times = moments.map(({ atS }) => atS * 1000);
  return (
    <div class="charts">
      <Chart
        title="Total requests per second"
        relative
        timesMs={times}
        lines={[
          { label: 'requests/s', values: moments.map((one) => one.requestsPerSecond), color: 'chart-2' },
          { label: 'failures/s', values: moments.map((one) => one.failuresPerSecond), color: 'chart-5' },
        ]}
      />
      <Chart
        title="Response times (ms)"
        relative
        timesMs={times}
        lines={[
          { label: 'median', values: moments.map((one) => one.medianMs), color: 'chart-2' },
          { label: '95 %', values: moments.map((one) => one.p95Ms), color: 'chart-4' },
        ]}
      />
      <Chart
        title="Number of users"
        relative
        timesMs={times}
        lines={[{ label: 'users', values: moments.map(({ users }) => users), color: 'chart-1' }]}
      />
    </div>
  );
}

function Failures({ run }: { readonly run: TestRun }): JSX.Element {
  return (
    <Card title="Failures">
      <Table
        caption="Failures"
        rows={run.failures}
        keyOf={({ type, name, error }) => `${type} ${name} ${error}`}
        columns={[
          { title: '# Failures', cell: (one) => count(one.count), by: (one) => one.count, numeric: true },
          { title: 'Method', cell: ({ type }) => type, by: ({ type }) => type },
          { title: 'Name', cell: ({ name }) => name, by: ({ name }) => name },
          { title: 'Message', cell: ({ error }) => error, by: ({ error }) => error },
        ]}
        empty="No request failed."
      />
    </Card>
  );
}

function Exceptions({ run }: { readonly run: TestRun }): JSX.Element {
  return (
    <Card title="Exceptions">
      <Table
        caption="Exceptions"
        rows={run.exceptions}
        keyOf={({ message }) => message}
        columns={[
          { title: '# Occurrences', cell: (one) => count(one.count), by: (one) => one.count, numeric: true },
          { title: 'Message', cell: ({ message }) => <pre class="wrapped">{message}</pre> },
        ]}
        empty="The script threw nothing."
      />
    </Card>
  );
}

function Ratio({ run }: { readonly run: TestRun }): JSX.Element {
  const all = run.scenarios.reduce((sum, { users }) => sum + users, 0);
  return (
    <Card title="Ratio of users by scenario">
      <Table
        caption="Scenarios"
        rows={run.scenarios}
        keyOf={({ name }) => name}
        columns={[
          { title: 'Scenario', cell: ({ name }) => name },
          { title: 'Executor', cell: ({ executor }) => executor },
          { title: 'Users', cell: ({ users }) => count(users), by: ({ users }) => users, numeric: true },
          { title: 'Share', cell: ({ users }) => (all === 0 ? '–' : `${((100 * users) / all).toFixed(1)} %`), numeric: true },
          { title: 'Iterations', cell: ({ iterations }) => count(iterations), by: ({ iterations }) => iterations, numeric: true },
        ]}
        empty="No scenario runs yet."
      />
    </Card>
  );
}

function Workers({ run }: { readonly run: TestRun }): JSX.Element {
  return (
    <Card title="Load processes">
      <Table
        caption="Load processes"
        rows={run.workers}
        keyOf={({ pid }) => String(pid)}
        columns={[{ title: 'Process ID', cell: ({ pid }) => pid }]}
        empty="No load process yet."
      />
    </Card>
  );
}

function Thresholds({ run }: { readonly run: TestRun }): JSX.Element {
  return (
    <Card title="Thresholds">
      <Table
        caption="Thresholds"
        rows={run.thresholds}
        keyOf={({ metric, source }) => `${metric} ${source}`}
        columns={[
          { title: 'Metric', cell: ({ metric }) => metric },
          { title: 'Threshold', cell: ({ source }) => source },
          { title: 'Result', cell: ({ ok }) => <Status state={ok ? 'passed' : 'crossed'} /> },
        ]}
        empty="The script has none, or the run goes on: they are judged at its end."
      />
    </Card>
  );
}

function Downloads({ id, report }: { readonly id: string; readonly report: boolean }): JSX.Element {
  return (
    <Card title="Download data">
      <ul>
        <li>
          <a href={tests.link(id, 'statistics.csv')}>Statistics (CSV)</a>
        </li>
        <li>
          <a href={tests.link(id, 'results.json')}>All results (JSON)</a>
        </li>
        {report ? (
          <li>
            <a href={tests.link(id, 'report.html')}>Report (HTML)</a>
          </li>
        ) : undefined}
        <li>
          <a href={tests.link(id, 'script.js')}>Script</a>
        </li>
      </ul>
    </Card>
  );
}
