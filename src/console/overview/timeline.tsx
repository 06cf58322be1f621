import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import type { Moment } from '../contract.ts';
import { Chart, type Band } from '../widgets/chart.tsx';

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

/** Where at least one alarm is in ALARM. Alarms that say that there is too little to do are not shaded alone: they are the usual state of rest. */
export function alarmBands(moments: readonly Moment[]): Band[] {
  const bands: { fromMs: number; toMs: number; color: string }[] = [];
  let open = false;
  for (const { atMs, alarms } of moments) {
    const alarmed = alarms.some(isPressing);
    const last = bands.at(-1);
    if (alarmed && open && last !== undefined) last.toMs = atMs;
    else if (alarmed) bands.push({ fromMs: atMs, toMs: atMs + 1000, color: 'bad' });
    open = alarmed;
  }
  return bands;
}

function alarmNames(moments: readonly Moment[]): string[] {
  return [...new Set(moments.flatMap(({ alarms }) => alarms.filter(isPressing)))];
}

const isPressing = (name: string): boolean => !/AlarmLow|-low\b|scale-?in/i.test(name);
