import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import type { Moment } from '../contract.ts';
import { Chart } from '../widgets/chart.tsx';
import { alarmBands, alarmNames } from './bands.ts';

/** Load, capacity and alarms on one axis: why there are as many tasks as there are. */
export function Timeline({ moments }: { readonly moments: readonly Moment[] }): JSX.Element {
  const times = useMemo(() => moments.map(({ atMs }) => atMs), [moments]);
  const bands = useMemo(() => alarmBands(moments), [moments]);
  const of = <Key extends keyof Moment>(key: Key): Moment[Key][] => moments.map((moment) => moment[key]);
  const users = moments.some((moment) => moment.users !== undefined);
  return (
    <>
      <div class="charts">
        <Chart
          title="Load and capacity"
          timesMs={times}
          bands={bands}
          lines={[
            { label: 'requests/s', values: of('requestsPerSecond'), color: 'chart-1', fill: true },
            { label: 'running', values: of('running'), color: 'chart-2', stepped: true, right: true },
            { label: 'desired', values: of('desired'), color: 'chart-3', stepped: true, dashed: true, right: true },
          ]}
        />
        <Chart
          title="Response time and errors"
          timesMs={times}
          bands={bands}
          lines={[
            { label: 'p95 ms', values: of('p95Ms'), color: 'chart-4' },
            { label: 'errors/s', values: of('errorsPerSecond'), color: 'chart-5', right: true },
            ...(users ? [{ label: 'users', values: of('users'), color: 'chart-3', right: true, dashed: true }] : []),
          ]}
        />
      </div>
      {bands.length === 0 ? undefined : <p class="note">Shaded: {alarmNames(moments).join(', ')} in ALARM.</p>}
    </>
  );
}
