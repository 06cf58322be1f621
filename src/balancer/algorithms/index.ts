import type { Random } from '../../base/index.ts';
import type { Algorithm as AlgorithmName } from '../../model/index.ts';
import type { Algorithm, AlgorithmFactory } from './algorithm.ts';
import { LeastOutstanding } from './least-outstanding.ts';
import { RoundRobin } from './round-robin.ts';

export type { Algorithm, Candidate } from './algorithm.ts';

export const algorithms: Readonly<Record<AlgorithmName, AlgorithmFactory>> = {
  round_robin: (random) => new RoundRobin(random),
  least_outstanding_requests: (random) => new LeastOutstanding(random),
};

export function createAlgorithm(name: AlgorithmName, random: Random): Algorithm {
  return algorithms[name](random);
}
