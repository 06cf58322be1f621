import { parameterValue, type Place, type TaskResource } from '../../aws/index.ts';
import type { WorkloadSpec } from '../../model/index.ts';
import { containerImage, resolveImage, type RunnableImage } from '../images.ts';
import type { ComputeKind } from '../plane/protocol.ts';
import { variablesOf } from './environmentFiles.ts';
import type { ContainerResource } from './translate.ts';

/** What a container runs, as its definition and the overrides of the call that asked for its task say. */
export type ContainerProgram = Pick<WorkloadSpec, 'image' | 'command' | 'args' | 'cwd' | 'env'>;

interface Surroundings {
  /** The task's. */
  readonly address: string;
  readonly images: ReadonlyMap<string, RunnableImage>;
  readonly compute: ComputeKind;
  /** Files of S3 stand there. */
  readonly dataDir: string;
}

/**
 * The program stands for the image's entry point, so a `command` is handed to it as arguments, and an `entryPoint` is
 * run in its place. Later sources of a variable win: image, secrets, files, definition, overrides.
 *
 * @throws Error in ECS's words where a secret cannot be had.
 */
export function containerProgram(
  at: Place,
  own: ContainerResource,
  record: TaskResource,
  { address, images, compute, dataDir }: Surroundings,
): ContainerProgram {
  const overrides = (record.overrides?.containerOverrides ?? []).find(({ name }) => name === own.name);
  const [entry, ...entryArgs] = own.entryPoint ?? [];
  const given = overrides?.command ?? own.command ?? [];
  const port = own.portMappings?.[0]?.containerPort;
  const variables = [...(own.environment ?? []), ...(overrides?.environment ?? [])];
  const files = overrides?.environmentFiles ?? own.environmentFiles ?? [];
  const env = {
    ...secretsOf(at, own),
    ...variablesOf(files, dataDir),
    ...Object.fromEntries(variables.map(({ name = '', value = '' }) => [name, value])),
  };
  if (compute === 'docker') {
    const image = containerImage(own.image ?? '', images);
    return { image, command: entry ?? '', args: [...entryArgs, ...given], cwd: own.workingDirectory ?? '', env };
  }
  const image = resolveImage(own.image ?? '', images);
  return {
    command: entry ?? image.command,
    args: [...(entry === undefined ? image.args : entryArgs), ...given],
    cwd: own.workingDirectory ?? image.cwd,
    env: {
      ...image.environment,
      HOST: address,
      ...(port === undefined ? {} : { PORT: String(port) }),
      ...env,
    },
  };
}

/** Parameters of Systems Manager by name or ARN: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-ssm-paramstore.html */
function secretsOf(at: Place, { secrets = [] }: ContainerResource): Record<string, string> {
  return Object.fromEntries(
    secrets.map(({ name = '', valueFrom = '' }) => {
      const value = valueFrom.includes(':secretsmanager:') ? undefined : parameterValue(at, valueFrom);
      if (value !== undefined) return [name, value];
      const why = valueFrom.includes(':secretsmanager:') ? 'there is no Secrets Manager here' : `invalid parameters: ${valueFrom}`;
      throw new Error(`ResourceInitializationError: unable to pull secrets or registry auth: unable to retrieve secrets from ssm: ${why}`);
    }),
  );
}
