import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import type { Band } from './band.ts';

export interface Line {
  readonly label: string;
  readonly values: readonly (number | null | undefined)[];
  /** Names a colour of the style sheet: `--chart-1`. */
  readonly color: string;
  readonly stepped?: boolean;
  readonly dashed?: boolean;
  /** Against the scale on the right. */
  readonly right?: boolean;
  readonly fill?: boolean;
}

interface ChartProps {
  readonly title: string;
  readonly timesMs: readonly number[];
  readonly lines: readonly Line[];
  readonly bands?: readonly Band[];
  readonly height?: number;
  readonly unit?: string;
  /** Seconds since a start instead of times of day. */
  readonly relative?: boolean;
}

/** Lines over time. The newest values stand beside the title as text, for those who do not see the lines. */
export function Chart({ title, timesMs, lines, bands = [], height = 180, unit = '', relative = false }: ChartProps): JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(null);
  const shownBands = useRef(bands);
  shownBands.current = bands;
  const [theme, setTheme] = useState(0);
  // Colours and series are drawn into the canvas: another theme or other lines need another plot.
  const shape = `${theme} ${height} ${relative} ${unit} ${lines.map(({ label, color, stepped, dashed, right }) => [label, color, stepped, dashed, right].join()).join('|')}`;
  useEffect(() => {
    const dark = matchMedia('(prefers-color-scheme: dark)');
    const change = (): void => setTheme((before) => before + 1);
    dark.addEventListener('change', change);
    return () => dark.removeEventListener('change', change);
  }, []);
  useEffect(() => {
    const element = place.current!;
    const made = new uPlot(optionsOf(element, lines, height, relative, unit, shownBands), dataOf(timesMs, lines, relative), element);
    plot.current = made;
    const resized = new ResizeObserver(() => made.setSize({ width: Math.max(120, element.clientWidth), height }));
    resized.observe(element);
    return () => {
      resized.disconnect();
      made.destroy();
    };
  }, [shape]);
  useEffect(() => plot.current?.setData(dataOf(timesMs, lines, relative)), [timesMs, lines, bands]);
  const newest = lines.map(({ label, values, color }) => ({
    label,
    color,
    value: values.findLast((value) => value !== null && value !== undefined),
  }));
  return (
    <figure class="chart">
      <figcaption>
        <strong>{title}</strong>
        {newest.map(({ label, color, value }) => (
          <span key={label} class="legend">
            <i class={`swatch ${color}`} aria-hidden="true" />
            {label} <b>{value === undefined || value === null ? '–' : figure(value, unit)}</b>
          </span>
        ))}
      </figcaption>
      <div ref={place} aria-hidden="true" class="plot" />
      {newest.every(({ value }) => value === undefined || value === null) ? <p class="no-data">No data in this time</p> : undefined}
    </figure>
  );
}

/** `1.05 GB`, `40 %`, `0.02 s`. */
function figure(value: number, unit: string): string {
  if (unit === '%' || unit === ' %') return `${Math.abs(value) < 0.1 ? Math.round(value * 100) / 100 : compact(value)} %`;
  const short = compact(value);
  return unit === 'B' ? `${short.replace(/[KMBT]?$/, (prefix) => ` ${prefix === 'B' ? 'G' : prefix}`)}B` : `${short}${unit}`;
}

const compact = (value: number): string => new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 }).format(value);

/** Seconds only where the ticks are that close. */
function timeOfDay(tick: number, ticks: readonly number[]): string {
  const close = ticks.length > 1 && ticks[1]! - ticks[0]! < 60;
  return new Date(tick * 1000).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit', ...(close ? { second: '2-digit' } : {}) });
}

function dataOf(timesMs: readonly number[], lines: readonly Line[], relative: boolean): uPlot.AlignedData {
  const times = timesMs.map((ms) => ms / 1000);
  return [times.length === 0 && relative ? [0] : times, ...lines.map(({ values }) => [...values])] as uPlot.AlignedData;
}

function optionsOf(
  element: HTMLElement,
  lines: readonly Line[],
  height: number,
  relative: boolean,
  unit: string,
  bands: { current: readonly Band[] },
): uPlot.Options {
  const style = getComputedStyle(element);
  const color = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  const axis = { stroke: color('quiet'), grid: { stroke: color('line'), width: 1 }, ticks: { show: false }, font: '11px system-ui' };
  const right = lines.some((line) => line.right === true);
  return {
    width: Math.max(120, element.clientWidth),
    height,
    legend: { show: false },
    cursor: { points: { size: 6 }, y: false },
    scales: {
      x: { time: !relative },
      y: { range: (_, __, max) => [0, max > 0 ? max * 1.1 : 1] },
      r: { range: (_, __, max) => [0, max > 0 ? max * 1.1 : 1] },
    },
    axes: [
      { ...axis, size: 28, space: 72, values: (_, ticks) => ticks.map((tick) => (relative ? `${tick} s` : timeOfDay(tick, ticks))) },
      { ...axis, size: 56, values: (_, ticks) => ticks.map((tick) => figure(tick, unit)) },
      ...(right
        ? [
            {
              ...axis,
              side: 1 as const,
              scale: 'r',
              size: 40,
              // Tasks and users are whole.
              incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000],
              grid: { show: false },
              values: (_: uPlot, ticks: number[]) => ticks.map(compact),
            },
          ]
        : []),
    ],
    series: [
      {},
      ...lines.map(({ label, color: name, stepped, dashed, right: onRight, fill }): uPlot.Series => ({
        label,
        stroke: color(name),
        width: 2,
        scale: onRight === true ? 'r' : 'y',
        points: { show: false },
        spanGaps: false,
        ...(fill === true ? { fill: `${color(name)}22` } : {}),
        ...(dashed === true ? { dash: [6, 4] } : {}),
        ...(stepped === true && uPlot.paths.stepped !== undefined ? { paths: uPlot.paths.stepped({ align: 1 }) } : {}),
      })),
    ],
    hooks: {
      drawClear: [
        (plot) => {
          const { ctx, bbox } = plot;
          ctx.save();
          for (const { fromMs, toMs, color: name } of bands.current) {
            const from = Math.max(bbox.left, plot.valToPos(fromMs / 1000, 'x', true));
            const to = Math.min(bbox.left + bbox.width, plot.valToPos(toMs / 1000, 'x', true));
            ctx.fillStyle = `${color(name)}33`;
            if (to > from) ctx.fillRect(from, bbox.top, to - from, bbox.height);
          }
          ctx.restore();
        },
      ],
    },
  };
}
