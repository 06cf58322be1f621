/** A machine is what an EC2 instance is on this computer: a small Linux of its own, at its private address. */
export interface MachineSpec {
  /** Unique, e.g. an instance id. */
  readonly id: string;
  /** `ip-172-31-0-5`. */
  readonly hostname: string;
  /** IPv4 address within 172.31.0.0/16. */
  readonly address: string;
  /** An address of the region's loopback network, by which this computer reaches it where it has no link to `address`. */
  readonly host: string;
  /** Runs once as root when the machine is up; a script with its `#!` line. */
  readonly userData?: string;
  /** 1024 units are one vCPU. */
  readonly cpuUnits: number;
  readonly memoryMiB: number;
  /** What `docker run IMAGE` runs in the machine. */
  readonly images: Readonly<Record<string, MachineProgram>>;
  readonly metadata: MachineMetadata;
}

/**
 * What the instance metadata service answers a machine.
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InstanceMetadataOptionsRequest.html
 */
export interface MachineMetadata {
  /** By path below `/latest/`, e.g. `meta-data/instance-id`. */
  readonly values: Readonly<Record<string, string>>;
  /** EC2's HttpEndpoint: where it is `disabled`, every request is refused. */
  readonly endpoint: 'enabled' | 'disabled';
  /** EC2's HttpTokens: `required` refuses requests of version 1, which show no token. */
  readonly tokens: 'optional' | 'required';
}

/** A program of this computer, as a machine sees it. */
export interface MachineProgram {
  readonly command: string;
  readonly args: readonly string[];
  /** A folder of this computer that the program may read; its working folder. */
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Where `docker run` starts containers: the image that is run. */
  readonly image?: string;
}

/** Runs machines as workloads of a compute driver: their output, use and end are told by that driver, under the machine's id. */
export interface Machines {
  /** How machines are kept apart from this computer, one clause for people. */
  readonly isolation: string;
  /** Resolves with the host that this computer reaches the machine by, `address` or `host` of its specification, once it is up; its user data may still run. */
  start(spec: MachineSpec): Promise<string>;
  /** As pulling the plug. Unknown ids resolve at once. */
  stop(id: string): Promise<void>;
  /** From now on a machine that runs is told this of itself. */
  describe(id: string, metadata: MachineMetadata): void;
  /** Lets machines reach an address of the region's loopback network: a database, a load balancer. */
  allow(address: string, port: number): void;
  /** Makes a port of a machine reachable at its host. */
  expose(id: string, port: number): void;
  close(): Promise<void>;
}
