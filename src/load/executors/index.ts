import type { Scenario } from '../options/scenarios.ts';
import { ArrivalRate } from './arrival-rate.ts';
import type { Executor, ExecutorParts } from './executor.ts';
import { ExternallyControlled } from './externally-controlled.ts';
import { ConstantVus, PerVuIterations, SharedIterations } from './fixed.ts';
import { RampingVus } from './ramping-vus.ts';

export { Executor, type ScenarioClock, type VuSource } from './executor.ts';
export { iterationsOf, numberOf, partOf, scaled, segmentOf, shareOf, type Segment } from './segment.ts';

export function createExecutor(parts: ExecutorParts<Scenario>): Executor {
  const { scenario } = parts;
  switch (scenario.executor) {
    case 'constant-vus':
      return new ConstantVus({ ...parts, scenario });
    case 'per-vu-iterations':
      return new PerVuIterations({ ...parts, scenario });
    case 'shared-iterations':
      return new SharedIterations({ ...parts, scenario });
    case 'ramping-vus':
      return new RampingVus({ ...parts, scenario });
    case 'constant-arrival-rate':
    case 'ramping-arrival-rate':
      return new ArrivalRate({ ...parts, scenario });
    default:
      return new ExternallyControlled({ ...parts, scenario });
  }
}
