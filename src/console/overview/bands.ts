import type { Moment } from '../contract.ts';
import type { Band } from '../widgets/band.ts';

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

export function alarmNames(moments: readonly Moment[]): string[] {
  return [...new Set(moments.flatMap(({ alarms }) => alarms.filter(isPressing)))];
}

const isPressing = (name: string): boolean => !/AlarmLow|-low\b|scale-?in/i.test(name);
