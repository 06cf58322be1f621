import { fileURLToPath } from 'node:url';
import { entry, PlimsollError } from '../base/index.ts';
import { regionErrors } from './errors.ts';

/** What the process driver runs for a container image. */
export interface RunnableImage {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Where tasks are containers: the image that is run instead. */
  readonly image?: string;
}

/** The course's image, for which a sample service is bundled. */
const sample = 'ghcr.io/csse6400/taskoverflow';

/** Image names without tag → what runs in their place. `overrides` come first. */
export function resolveImage(image: string, overrides: ReadonlyMap<string, RunnableImage> = new Map()): RunnableImage {
  const name = withoutTag(image);
  const found = overrides.get(image) ?? overrides.get(name) ?? (name === sample ? taskOverflow() : undefined);
  if (found) return found;
  throw new PlimsollError(regionErrors.PL_REGION_IMAGE_UNKNOWN, {
    what: 'no program stands for this container image',
    where: image,
    fix: 'say what to run in its place: --image NAME=COMMAND, or images in plimsoll.yaml',
  });
}

/** The image that a container is made of: the one asked for, unless another is named in its place. */
export function containerImage(image: string, overrides: ReadonlyMap<string, RunnableImage>): string {
  return (overrides.get(image) ?? overrides.get(withoutTag(image)))?.image ?? image;
}

/** What `docker run` of each known image runs in a machine, by name without tag. */
export function machineImages(overrides: ReadonlyMap<string, RunnableImage>): Record<string, RunnableImage> {
  return { [sample]: taskOverflow(), ...Object.fromEntries(overrides) };
}

function withoutTag(image: string): string {
  const lastPart = image.lastIndexOf('/') + 1;
  return image.slice(0, lastPart) + (image.slice(lastPart).split(/[:@]/)[0] ?? '');
}

/** The bundled sample service, in place of the course's container image. */
function taskOverflow(): RunnableImage {
  const main = fileURLToPath(entry(import.meta.url, '../../examples/taskoverflow/main'));
  // A small young generation costs a task no measurable CPU and a fifth less memory under load.
  return { command: process.execPath, args: ['--max-semi-space-size=8', main], cwd: '/', environment: { NODE_ENV: 'production' } };
}
