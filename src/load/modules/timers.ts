import type { Vu } from '../vu/vu.ts';
import { moduleOf } from './bound.ts';

/** https://grafana.com/docs/k6/latest/javascript-api/k6-timers/: the same functions as the globals. */
export const TimersModule = moduleOf(
  {},
  {
    setTimeout: (vu: Vu) => vu.timers.setTimeout,
    setInterval: (vu: Vu) => vu.timers.setInterval,
    clearTimeout: (vu: Vu) => vu.timers.clearTimeout,
    clearInterval: (vu: Vu) => vu.timers.clearInterval,
  },
);
