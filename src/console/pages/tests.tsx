import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { tests } from '../api.ts';
import type { TestRun, TestSummary } from '../contract.ts';
import { count, countOf, dateTime, milliseconds, span } from '../format.ts';
import type { Live } from '../live.ts';
import { navigate, pathOf } from '../router.ts';
import { messageOf, Problem } from '../widgets/aws.tsx';
import { Chart } from '../widgets/chart.tsx';
import { Card, Link, Page } from '../widgets/page.tsx';
import { Status } from '../widgets/status.tsx';
import { Table } from '../widgets/table.tsx';
import { NewTest } from './newTest.tsx';
import { Run } from './testRun.tsx';

export function Tests({ live, rest }: { readonly live: Live; readonly rest: readonly string[] }): JSX.Element {
  const [kind, ...ids] = rest;
  if (kind === 'compare') return <Compare ids={ids} />;
  if (kind !== undefined) return <Run id={kind} live={live.test?.id === kind ? live.test : undefined} />;
  return <List live={live} />;
}

function List({ live }: { readonly live: Live }): JSX.Element {
  const [runs, setRuns] = useState<readonly TestSummary[]>();
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const [error, setError] = useState<string>();
  const isOver = live.test?.state;
  useEffect(() => {
    tests.list().then(setRuns, (caught: unknown) => setError(messageOf(caught)));
  }, [isOver]);
  const choose = (id: string, on: boolean): void => setChosen(on ? [...chosen, id].slice(-4) : chosen.filter((one) => one !== id));
  const url = live.picture?.loadBalancers.flatMap(({ listeners }) => listeners.flatMap((listener) => listener.url ?? []))[0];
  return (
    <Page title="Load tests">
      {live.test !== undefined && ['starting', 'running', 'stopping'].includes(live.test.state) ? (
        <Card title="Running">
          <p>
            <Link to={pathOf('tests', live.test.id)}>{live.test.name}</Link>: {countOf(live.test.users, 'user')},{' '}
            {countOf(live.test.requests, 'request')}, {count(live.test.failed)} failed
          </p>
        </Card>
      ) : (
        <NewTest url={url} />
      )}
      <Card
        title="Past runs"
        actions={
          <button type="button" disabled={chosen.length < 2} onClick={() => navigate(pathOf('tests', 'compare', ...chosen))}>
            Compare {chosen.length < 2 ? 'two or more' : chosen.length}
          </button>
        }
      >
        <Problem error={error} />
        <Table
          caption="Past runs"
          rows={runs ?? []}
          keyOf={({ id }) => id}
          columns={[
            {
              title: 'Compare',
              cell: ({ id, name }) => (
                <input
                  type="checkbox"
                  aria-label={`Compare ${name}`}
                  checked={chosen.includes(id)}
                  onChange={(event) => choose(id, event.currentTarget.checked)}
                />
              ),
            },
            { title: 'Name', cell: ({ id, name }) => <Link to={pathOf('tests', id)}>{name}</Link>, by: ({ name }) => name },
            { title: 'State', cell: ({ state }) => <Status state={state} />, by: ({ state }) => state },
            { title: 'Started', cell: ({ startedAtMs }) => dateTime(startedAtMs), by: ({ startedAtMs }) => startedAtMs },
            { title: 'Length', cell: ({ elapsedMs }) => span(elapsedMs), by: ({ elapsedMs }) => elapsedMs, numeric: true },
            { title: 'Most users', cell: ({ usersMax }) => count(usersMax), by: ({ usersMax }) => usersMax, numeric: true },
            { title: 'Requests', cell: ({ requests }) => count(requests), by: ({ requests }) => requests, numeric: true },
            { title: 'Fails', cell: ({ failed }) => count(failed), by: ({ failed }) => failed, numeric: true },
            { title: '99 %', cell: ({ total }) => milliseconds(total.p99), by: ({ total }) => total.p99, numeric: true },
          ]}
          empty="No load test was run yet: start one above."
        />
      </Card>
    </Page>
  );
}

const colors = ['chart-1', 'chart-2', 'chart-4', 'chart-5'];

/** Up to four runs over the same axes, each from its own start. */
function Compare({ ids }: { readonly ids: readonly string[] }): JSX.Element {
  const [runs, setRuns] = useState<readonly TestRun[]>([]);
  const [error, setError] = useState<string>();
  useEffect(() => {
    Promise.all(ids.map((id) => tests.get(id))).then(setRuns, (caught: unknown) => setError(messageOf(caught)));
  }, [ids.join()]);
  const times = [...new Set(runs.flatMap(({ moments }) => moments.map(({ atS }) => Math.round(atS))))].toSorted((a, b) => a - b);
  const chart = (title: string, read: (run: TestRun['moments'][number]) => number | undefined): JSX.Element => (
    <Chart
      title={title}
      relative
      timesMs={times.map((second) => second * 1000)}
      lines={runs.map(({ name, moments }, index) => {
        const bySecond = new Map(moments.map((moment) => [Math.round(moment.atS), read(moment)]));
        return {
          label: `${index + 1} ${name}`,
          color: colors[index % colors.length]!,
          values: times.map((second) => bySecond.get(second) ?? null),
        };
      })}
    />
  );
  return (
    <Page title="Compare load tests" above={{ title: 'Load tests', to: '/tests' }}>
      <Problem error={error} />
      <div class="charts">
        {chart('Users', ({ users }) => users)}
        {chart('Requests/s', ({ requestsPerSecond }) => requestsPerSecond)}
        {chart('95 % response time, ms', ({ p95Ms }) => p95Ms)}
        {chart('Failures/s', ({ failuresPerSecond }) => failuresPerSecond)}
      </div>
      <Card title="Totals">
        <Table
          caption="Totals"
          rows={runs}
          keyOf={({ id }) => id}
          columns={[
            { title: 'Name', cell: ({ id, name }) => <Link to={pathOf('tests', id)}>{name}</Link> },
            { title: 'State', cell: ({ state }) => <Status state={state} /> },
            { title: 'Started', cell: ({ startedAtMs }) => dateTime(startedAtMs) },
            { title: 'Most users', cell: ({ usersMax }) => count(usersMax), numeric: true },
            { title: 'Requests', cell: ({ requests }) => count(requests), numeric: true },
            { title: 'Fails', cell: ({ failed }) => count(failed), numeric: true },
            { title: 'Requests/s', cell: ({ total }) => count(total.requestsPerSecond), numeric: true },
            { title: 'Median', cell: ({ total }) => milliseconds(total.median), numeric: true },
            { title: '90 %', cell: ({ total }) => milliseconds(total.p90), numeric: true },
            { title: '99 %', cell: ({ total }) => milliseconds(total.p99), numeric: true },
          ]}
          empty="Looking…"
        />
      </Card>
    </Page>
  );
}
