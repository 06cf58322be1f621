import type { Random } from '../../base/index.ts';
import type { Algorithm as AlgorithmName } from '../../model/index.ts';
import type { Algorithm } from './algorithm.ts';
import { ConsistentHash } from './consistent-hash.ts';
import { LeastOutstanding } from './least-outstanding.ts';
import { PeakEwma } from './peak-ewma.ts';
import { RoundRobin } from './round-robin.ts';
import { RandomTwoChoices } from './two-choices.ts';
import { WeightedRandom } from './weighted-random.ts';

export type { Algorithm, Candidate, PickRequest } from './algorithm.ts';
export { hashText } from './consistent-hash.ts';

export const algorithms: Readonly<Record<AlgorithmName, (random: Random, mitigate: boolean) => Algorithm>> = {
  round_robin: (random) => new RoundRobin(random),
  least_outstanding_requests: (random) => new LeastOutstanding(random, false),
  weighted_least_connections: (random) => new LeastOutstanding(random, true),
  weighted_random: (random, mitigate) => new WeightedRandom(random, mitigate),
  consistent_hash: () => new ConsistentHash(),
  random_two_choices: (random) => new RandomTwoChoices(random),
  peak_ewma: (random) => new PeakEwma(random),
};

/** `mitigate` is the anomaly mitigation of `weighted_random`. */
export function createAlgorithm(name: AlgorithmName, random: Random, mitigate = false): Algorithm {
  return algorithms[name](random, mitigate);
}
