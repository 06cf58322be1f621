/**
 * What the console's page and its server say to each other. Times are epoch milliseconds of the region's clock unless a name
 * says otherwise; what AWS has a word for has that word.
 */

/** One look at a region, taken about once a second. */
export interface Picture {
  readonly atMs: number;
  readonly region: string;
  readonly timeScale: number;
  /** False where nothing runs behind the endpoint: then there is no traffic to show. */
  readonly live: boolean;
  readonly loadBalancers: readonly LoadBalancerPicture[];
  readonly targetGroups: readonly TargetGroupPicture[];
  readonly capacities: readonly CapacityPicture[];
  /** Instances that belong to no group. */
  readonly instances: readonly UnitPicture[];
  readonly databases: readonly DatabasePicture[];
  readonly alarms: readonly AlarmPicture[];
}

/** Of the last second. */
export interface Traffic {
  readonly requestsPerSecond: number;
  /** TargetResponseTime; absent without answers. */
  readonly p95Ms?: number;
  /** Answers with a 5xx status, of targets and of the balancer itself. */
  readonly errorsPerSecond: number;
}

export interface LoadBalancerPicture {
  readonly arn: string;
  readonly name: string;
  readonly type: string;
  readonly state: string;
  readonly dnsName: string;
  readonly listeners: readonly ListenerPicture[];
  readonly traffic: Traffic;
  readonly connections: number;
}

export interface ListenerPicture {
  readonly arn: string;
  readonly port: number;
  readonly protocol: string;
  /** Works from this computer as it stands; absent where nothing listens. */
  readonly url?: string;
  readonly rules: readonly RulePicture[];
}

export interface RulePicture {
  /** `1` to `50000`, or `default`. */
  readonly priority: string;
  /** `path is /admin/*`; empty for the default rule. */
  readonly conditions: readonly string[];
  /** `forward`, `return 403`, `redirect to …`. */
  readonly action: string;
  readonly targetGroupArns: readonly string[];
}

export interface TargetGroupPicture {
  readonly arn: string;
  readonly name: string;
  readonly protocol: string;
  readonly port?: number;
  readonly targets: readonly TargetPicture[];
  /** By a tag, for all targets: to rehearse slow ones. */
  readonly addedLatencyMs?: number;
  readonly traffic: Traffic;
}

export interface TargetPicture {
  readonly id: string;
  readonly port?: number;
  readonly state: string;
  readonly reason?: string;
  readonly description?: string;
  readonly requestsPerSecond: number;
  readonly outstanding: number;
  /** By a tag of its group, for it alone or for all. */
  readonly addedLatencyMs?: number;
}

/** What has a desired count: a service of ECS or an Auto Scaling group. */
export interface CapacityPicture {
  readonly kind: 'service' | 'group';
  /** Unique in the region: the service's ARN, the group's name. */
  readonly id: string;
  readonly name: string;
  /** Of a service. */
  readonly cluster?: string;
  readonly desired: number;
  readonly running: number;
  /** Absent where nothing scales it. */
  readonly min?: number;
  readonly max?: number;
  readonly units: readonly UnitPicture[];
  readonly targetGroupArns: readonly string[];
  /** Databases whose address stands in its tasks' environment or its instances' user data. */
  readonly databases: readonly string[];
}

/** A task or an instance. */
export interface UnitPicture {
  readonly id: string;
  readonly name: string;
  /** An instance's tag Name. */
  readonly tagName?: string;
  readonly state: string;
  /** Starting, in service, on its way out. */
  readonly phase: 'starting' | 'running' | 'leaving';
  /** By its target group, or by itself where it is in none. */
  readonly health: 'healthy' | 'unhealthy' | 'unknown';
  /** Of its own limit. */
  readonly cpuPercent?: number;
  readonly memoryPercent?: number;
  /** Of all target groups that it is in. */
  readonly requestsPerSecond?: number;
  readonly startedAtMs?: number;
}

export interface DatabasePicture {
  readonly id: string;
  readonly engine: string;
  readonly state: string;
  readonly address?: string;
  readonly connections?: number;
  readonly cpuPercent?: number;
  readonly arn: string;
  /** By the tag `plimsoll:latency-ms`; absent where nothing is added. */
  readonly addedLatencyMs?: number;
}

export interface AlarmPicture {
  readonly name: string;
  readonly state: string;
  readonly reason: string;
  /** `CPUUtilization > 70 for 2 of 2 × 60 s`. */
  readonly condition: string;
}

/** A point of the timeline. */
export interface Moment {
  readonly atMs: number;
  readonly requestsPerSecond: number;
  readonly errorsPerSecond: number;
  readonly p95Ms?: number;
  /** Virtual users of the load test that the console runs. */
  readonly users?: number;
  readonly running: number;
  readonly desired: number;
  /** Names of the alarms in state ALARM. */
  readonly alarms: readonly string[];
}

/** What the page needs to begin. */
export interface Hello {
  readonly regions: readonly string[];
  /** The one to begin with. Absent at a console that has no region, but the one load test of `plimsoll run`. */
  readonly region?: string;
  /** Of the region. */
  readonly endpoint?: string;
  readonly version: string;
}

/** Of one operation of AWS that failed. */
export interface ApiError {
  readonly code: string;
  readonly message: string;
}

/** The end of a load balancer's access log. */
export interface AccessLog {
  readonly enabled: boolean;
  /** What stands for the bucket on this computer; absent while the log is off or nothing runs. */
  readonly file?: string;
  /** As AWS writes them, the oldest first. */
  readonly lines: readonly string[];
}

/** A load test to start. */
export interface TestRequest {
  readonly name: string;
  /** A k6 script. */
  readonly script: string;
  readonly env: Readonly<Record<string, string>>;
  /** Absent: the script's own options hold. */
  readonly ramp?: { readonly users: number; readonly rampSeconds: number; readonly holdSeconds: number };
  /** Load processes; chosen by the plan unless given. */
  readonly workers?: number;
}

export type TestState = 'starting' | 'running' | 'stopping' | 'passed' | 'thresholds crossed' | 'stopped' | 'failed';

/** A row of the statistics: requests of one method and name (k6's `name` tag, the URL unless set). Times in milliseconds. */
export interface StatisticsRow {
  readonly type: string;
  readonly name: string;
  readonly requests: number;
  readonly fails: number;
  readonly median: number;
  readonly p90: number;
  readonly p99: number;
  readonly average: number;
  readonly min: number;
  readonly max: number;
  /** Of the content of an answer, as it was received: compressed where it came compressed. */
  readonly averageBytes: number;
  readonly requestsPerSecond: number;
  readonly failuresPerSecond: number;
}

export interface FailureRow {
  readonly type: string;
  readonly name: string;
  readonly error: string;
  readonly count: number;
}

export interface TestMoment {
  /** Since the first iteration could begin. */
  readonly atS: number;
  readonly users: number;
  readonly requestsPerSecond: number;
  readonly failuresPerSecond: number;
  readonly medianMs?: number;
  readonly p95Ms?: number;
}

/** A load test as it is now, or as it ended. */
export interface TestRun {
  readonly id: string;
  readonly name: string;
  readonly state: TestState;
  /** Why it failed or ended early. */
  readonly reason?: string;
  /** Wall time. */
  readonly startedAtMs: number;
  readonly elapsedMs: number;
  readonly users: number;
  readonly usersMax: number;
  readonly requests: number;
  readonly failed: number;
  readonly iterations: number;
  readonly total: StatisticsRow;
  readonly rows: readonly StatisticsRow[];
  readonly failures: readonly FailureRow[];
  /** What the script threw or wrote to its console as an error, with how often. */
  readonly exceptions: readonly { readonly message: string; readonly count: number }[];
  readonly scenarios: readonly { readonly name: string; readonly executor: string; readonly users: number; readonly iterations: number }[];
  readonly workers: readonly { readonly pid: number }[];
  readonly thresholds: readonly { readonly metric: string; readonly source: string; readonly ok: boolean }[];
  readonly moments: readonly TestMoment[];
  /** How much of the result the generator itself may have distorted. */
  readonly distortions: readonly string[];
}

/** A run in the list. */
export type TestSummary = Pick<
  TestRun,
  'id' | 'name' | 'state' | 'startedAtMs' | 'elapsedMs' | 'usersMax' | 'requests' | 'failed' | 'total'
>;
