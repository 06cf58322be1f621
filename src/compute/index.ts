export { containerRange } from './docker/bridge.ts';
export { createDockerDriver, type DockerDriver, type DockerDriverOptions } from './docker/driver.ts';
export * from './errors.ts';
export * from './network.ts';
export * from './postgres/server.ts';
export * from './process/driver.ts';
export { sweepLeftovers } from './process/records.ts';
export { createMachines, type MachinesOptions } from './machine/machines.ts';
export { machineOf, withContainers } from './machine/containers.ts';
