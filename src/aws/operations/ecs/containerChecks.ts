import type { ContainerDefinition } from '@aws-sdk/client-ecs';
import type { Plain } from '../../state/plain.ts';
import { clientError } from './resources.ts';

type Container = Plain<ContainerDefinition>;

const conditions: ReadonlySet<string> = new Set(['START', 'COMPLETE', 'SUCCESS', 'HEALTHY']);

/** What may depend on what: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDependency.html */
export function checkDependencies(containers: readonly Container[]): void {
  if (containers.length > 0 && containers.every(({ essential }) => essential === false))
    throw clientError('Task definition must have at least one essential container.');
  const byName = new Map(containers.map((one) => [one.name ?? '', one]));
  for (const { name = '', dependsOn = [] } of containers) {
    for (const { containerName = '', condition = '' } of dependsOn) {
      const on = byName.get(containerName);
      if (on === undefined) throw clientError(`Container '${name}' depends on container '${containerName}', which does not exist.`);
      if (!conditions.has(condition)) throw clientError(`Invalid condition '${condition}' of a dependency of container '${name}'.`);
      if ((condition === 'COMPLETE' || condition === 'SUCCESS') && on.essential !== false)
        throw clientError('A dependency container with SUCCESS or COMPLETE condition cannot be an essential container.');
      if (condition === 'HEALTHY' && on.healthCheck === undefined)
        throw clientError(
          `Container '${containerName}' must have a health check: container '${name}' depends on it with condition HEALTHY.`,
        );
    }
  }
  // Whoever depends on nothing that is left can be taken away; a circle stays.
  const left = new Set(byName.keys());
  const free = (name: string): boolean => (byName.get(name)?.dependsOn ?? []).every(({ containerName = '' }) => !left.has(containerName));
  for (let next = [...left].find(free); next !== undefined; next = [...left].find(free)) left.delete(next);
  if (left.size > 0) throw clientError(`Container dependencies are circular: ${[...left].join(', ')}.`);
}

/** https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_EnvironmentFile.html */
export function checkEnvironmentFiles({ name = '', environmentFiles = [] }: Container): void {
  for (const { type, value = '' } of environmentFiles) {
    if (type !== 's3') throw clientError(`Invalid type of an environment file of container '${name}': the only type is s3.`);
    if (!/^arn:[\w-]+:s3:::[\w.-]+\/.+\.env$/.test(value))
      throw clientError(`Invalid environment file of container '${name}': '${value}' is not the ARN of an object of S3 that ends in .env.`);
  }
}
