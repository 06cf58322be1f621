import { constants } from 'node:os';
import { errorMessage, PlimsollError } from '../../base/index.ts';
import { computeErrors } from '../../compute/index.ts';
import type { WorkloadExit } from '../../model/index.ts';
import { regionErrors } from '../errors.ts';

/**
 * Why tasks and containers ended, in ECS's words.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
 */
export const essentialExited = 'Essential container in task exited';

/** A death by signal n is exit code 128 + n, as Docker has it; undefined where nothing is known. */
export function exitCodeOf({ code, signal }: WorkloadExit): number | undefined {
  if (code !== null) return code;
  const number = signal === null ? undefined : constants.signals[signal as NodeJS.Signals];
  return number === undefined ? undefined : 128 + number;
}

/** Of a container that ended: where ECS says nothing, what it last wrote. */
export function exitReason({ outOfMemory, code, signal, lastLines }: WorkloadExit): string {
  if (outOfMemory) return 'OutOfMemoryError: Container killed due to memory usage';
  const lastLine = lastLines.at(-1);
  return `${signal ?? `exit code ${code ?? 'unknown'}`}${lastLine === undefined ? '' : `: ${lastLine.slice(0, 200)}`}`;
}

/** Of a container that could not be started. */
export function containerStartReason(error: unknown): string {
  const message = errorMessage(error);
  if (isNamed(message)) return message;
  return `${lacksImage(error) ? 'CannotPullContainerError' : 'CannotStartContainerError'}: ${message}`;
}

/** Of the task that it belongs to. */
export function taskStartReason(error: unknown): string {
  return lacksImage(error) || isNamed(errorMessage(error)) ? containerStartReason(error) : `Task failed to start: ${errorMessage(error)}`;
}

const isNamed = (message: string): boolean => /^\w+Error: /.test(message);

function lacksImage(error: unknown): boolean {
  const codes = [computeErrors.PL_COMPUTE_DOCKER_IMAGE.code, regionErrors.PL_REGION_IMAGE_UNKNOWN.code];
  return error instanceof PlimsollError && codes.includes(error.code);
}
