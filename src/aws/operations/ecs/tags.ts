import type { ECS } from '@aws-sdk/client-ecs';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import { table } from '../../state/table.ts';
import type { Operations } from '../operation.ts';
import { clientError, invalidParameter, nameOf } from './resources.ts';

export interface EcsTag {
  readonly key?: string | undefined;
  readonly value?: string | undefined;
}

const tagSets = table<{ arn: string; tags: readonly EcsTag[] }>('ecs.tags', (set) => set.arn);

/** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-using-tags.html */
const tagsMax = 50;

export function tagsOf(at: Place, arn: string): EcsTag[] {
  return [...(at.table(tagSets).get(arn)?.tags ?? [])];
}

/** The tags of an answer by `include=TAGS`. Where they are not asked for AWS answers an empty list, and mocks nothing. */
export function shownTags(at: Place, arn: string, asked: boolean): { tags?: EcsTag[] } {
  if (asked) return { tags: tagsOf(at, arn) };
  return at.strict ? { tags: [] } : {};
}

/** The same of a resource that mocks show without tags until it has had some. */
export function shownTagsIfAny(at: Place, arn: string, asked: boolean): { tags?: EcsTag[] } {
  return at.strict || at.table(tagSets).has(arn) ? shownTags(at, arn, asked) : {};
}

export function setTags(at: Place, arn: string, given: readonly EcsTag[] | undefined): void {
  if (given === undefined || given.length === 0) return;
  const kept = tagsOf(at, arn).filter((held) => !given.some(({ key }) => key === held.key));
  const tags = [...kept, ...given.map(({ key, value }) => ({ key, value: value ?? '' }))];
  if (tags.length > tagsMax) throw invalidParameter('The maximum number of tags that can be applied to a resource is 50.');
  at.table(tagSets).put({ arn, tags });
}

export function dropTags(at: Place, arn: string): void {
  at.table(tagSets).delete(arn);
}

interface Taggable {
  /** Of its table. */
  readonly kind: string;
  /** Its key there. */
  keyOf(arn: string): string;
  missing(): AwsError;
}

const whole = (arn: string): string => arn;

const taggable: Readonly<Record<string, Taggable>> = {
  cluster: { kind: 'ecs.cluster', keyOf: nameOf, missing: () => new AwsError('ClusterNotFoundException', 'Cluster not found.') },
  service: { kind: 'ecs.service', keyOf: whole, missing: () => new AwsError('ServiceNotFoundException', 'Service not found.') },
  task: { kind: 'ecs.task', keyOf: whole, missing: () => invalidParameter('The specified task is not found.') },
  'task-set': { kind: 'ecs.task-set', keyOf: whole, missing: () => clientError('The specified task set does not exist.') },
  'task-definition': { kind: 'ecs.task-definition', keyOf: nameOf, missing: () => clientError('Unable to describe task definition.') },
  'container-instance': {
    kind: 'ecs.container-instance',
    keyOf: whole,
    missing: () => invalidParameter('The specified container instance is not found.'),
  },
  'capacity-provider': {
    kind: 'ecs.capacity-provider',
    keyOf: nameOf,
    missing: () => clientError('The specified capacity provider does not exist.'),
  },
};

function requireArn(at: Place, arn: string): string {
  const kind = taggable[/^arn:[^:]+:ecs:[^:]*:\d*:([a-z-]+)\//.exec(arn)?.[1] ?? ''];
  if (kind === undefined) throw invalidParameter('The ARN provided is invalid.');
  if (!at.world.holds(at, kind.kind, kind.keyOf(arn))) throw kind.missing();
  return arn;
}

export const tagOperations: Operations<ECS> = {
  TagResource({ resourceArn = '', tags }, at) {
    setTags(at, requireArn(at, resourceArn), tags);
    return {};
  },

  UntagResource({ resourceArn = '', tagKeys = [] }, at) {
    const arn = requireArn(at, resourceArn);
    at.table(tagSets).put({ arn, tags: tagsOf(at, arn).filter(({ key = '' }) => !tagKeys.includes(key)) });
    return {};
  },

  ListTagsForResource: ({ resourceArn = '' }, at) => shownTagsIfAny(at, requireArn(at, resourceArn), true),
};
