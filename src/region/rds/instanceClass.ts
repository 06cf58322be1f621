/** vCPUs and GiB of the sizes: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.DBInstanceClass.Summary.html */
const burstable: Readonly<Record<string, readonly [number, number]>> = {
  micro: [2, 1],
  small: [2, 2],
  medium: [2, 4],
  large: [2, 8],
  xlarge: [4, 16],
  '2xlarge': [8, 32],
};

/** GiB for each vCPU of a family that is not burstable. */
const memoryPerVcpu: Readonly<Record<string, number>> = { m: 4, r: 8, x: 16, c: 2, z: 8 };

export interface InstanceClass {
  readonly vcpus: number;
  readonly memoryMiB: number;
  /** RDS's default for PostgreSQL: `LEAST({DBInstanceClassMemory/9531392},5000)`. */
  readonly maxConnections: number;
}

/** `db.t3.micro`, `db.m5.xlarge`; one that is not known is taken as `db.t3.micro`. */
export function instanceClassOf(name: string): InstanceClass {
  const [, family = 't3', size = 'micro'] = name.split('.');
  const [vcpus, gib] = family.startsWith('t') ? (burstable[size] ?? [2, 1]) : sized(family, size);
  // A part of the memory is the system's own: RDS counts about nine tenths of it.
  const bytes = gib * 2 ** 30 * 0.9;
  return { vcpus, memoryMiB: gib * 1024, maxConnections: Math.min(5000, Math.floor(bytes / 9_531_392)) };
}

function sized(family: string, size: string): readonly [number, number] {
  const times = size === 'large' ? 0.5 : size === 'xlarge' ? 1 : Number(/^(\d+)xlarge$/.exec(size)?.[1] ?? 0.5);
  const vcpus = times * 4;
  return [vcpus, vcpus * (memoryPerVcpu[family[0] ?? 'm'] ?? 4)];
}
