import { defineErrors, ExitCode } from '../base/index.ts';

export const computeErrors = defineErrors({
  PL_COMPUTE_PLATFORM: {
    exitCode: ExitCode.environment,
    when: 'This operating system lacks what the process driver stands on: process groups and POSIX signals.',
  },
  PL_COMPUTE_NO_NETWORK: {
    exitCode: ExitCode.environment,
    when: 'No slice of the loopback network is free, so the region has no addresses of its own.',
  },
  PL_COMPUTE_NO_ADDRESS: {
    exitCode: ExitCode.environment,
    when: 'All addresses of the region’s loopback network are leased.',
  },
  PL_COMPUTE_COMMAND_NOT_FOUND: {
    exitCode: ExitCode.environment,
    when: 'The command of a task is neither a file nor found on PATH.',
  },
  PL_COMPUTE_COMMAND_NOT_EXECUTABLE: {
    exitCode: ExitCode.environment,
    when: 'The command of a task exists, but this user may not execute it.',
  },
  PL_COMPUTE_FOLDER_MISSING: {
    exitCode: ExitCode.environment,
    when: 'The working folder of a task does not exist or is no folder.',
  },
  PL_COMPUTE_START_FAILED: {
    exitCode: ExitCode.environment,
    when: 'The operating system refused to start a process.',
  },
  PL_COMPUTE_DOCKER_UNREACHABLE: {
    exitCode: ExitCode.environment,
    when: 'No Docker Engine answers, or this user may not use it.',
  },
  PL_COMPUTE_DOCKER_IMAGE: {
    exitCode: ExitCode.environment,
    when: 'A container image is not on this computer and cannot be pulled.',
  },
  PL_COMPUTE_MACHINE_SYSTEM: {
    exitCode: ExitCode.environment,
    when: 'EC2 instances cannot run here: the system has no Linux namespaces, or does not let this user make them.',
  },
  PL_COMPUTE_MACHINE_NETWORK: {
    exitCode: ExitCode.environment,
    when: 'The network of the machines that EC2 instances run on cannot be made.',
  },
  PL_COMPUTE_MACHINE_START: {
    exitCode: ExitCode.environment,
    when: 'The machine of an EC2 instance did not come up.',
  },
  PL_COMPUTE_POSTGRES_MISSING: {
    exitCode: ExitCode.environment,
    when: 'The PostgreSQL binaries for this platform are not installed.',
  },
  PL_COMPUTE_POSTGRES_ACCOUNT: {
    exitCode: ExitCode.environment,
    when: 'PostgreSQL refuses to run as root and no unprivileged user exists to run it as.',
  },
  PL_COMPUTE_POSTGRES_FOLDER: {
    exitCode: ExitCode.environment,
    when: 'The user that PostgreSQL runs as cannot reach a folder that it needs.',
  },
  PL_COMPUTE_POSTGRES_DATA_IN_USE: {
    exitCode: ExitCode.environment,
    when: 'Another PostgreSQL server runs on the same data folder.',
  },
  PL_COMPUTE_POSTGRES_PORT: {
    exitCode: ExitCode.environment,
    when: 'The address and port that PostgreSQL should listen on cannot be used.',
  },
  PL_COMPUTE_POSTGRES_INIT: {
    exitCode: ExitCode.environment,
    when: 'The data folder of a database could not be initialised.',
  },
  PL_COMPUTE_POSTGRES_START: {
    exitCode: ExitCode.environment,
    when: 'PostgreSQL ended or did not answer while it was being started.',
  },
  PL_COMPUTE_POSTGRES_LOGIN: {
    exitCode: ExitCode.usage,
    when: 'The user or password of a database does not fit the data that it was created with.',
  },
});
