import { existsSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { PlimsollError } from '../../base/index.ts';
import type { RunnableImage } from '../../region/index.ts';
import { cliErrors } from '../errors.ts';
import { readSettings, type Settings } from './settings.ts';

const imageScheme = 'docker://';

/**
 * What to run in place of container images:
 *
 *     --image todo=./service            the `start` script of the package.json in that folder
 *     --image 'todo=python3 -m todo'    a shell command, in the present folder
 *
 * and in plimsoll.yaml, overridden by the flags:
 *
 *     images:
 *       ghcr.io/me/todo: { command: python3 -m todo, cwd: ./service, environment: { DEBUG: "1" } }
 *
 * With `--compute docker` names are images of the Engine, and others can stand for them: `--image todo=docker://todo:dev`,
 * in plimsoll.yaml `ghcr.io/me/todo: { image: todo:dev }`.
 *
 * The program finds its own address in HOST and its port in PORT.
 * @throws PL_CLI_IMAGE, PL_CLI_CONFIG_INVALID
 */
export function readImages(flags: readonly string[], folder: string): Map<string, RunnableImage> {
  const images = fromSettings(readSettings(folder));
  for (const flag of flags) {
    const split = flag.indexOf('=');
    const [name, what] = [flag.slice(0, split), flag.slice(split + 1)];
    if (split < 1 || what === '') throw bad(`--image ${flag}`, 'an image is mapped as NAME=FOLDER or NAME=COMMAND');
    images.set(name, runnable(what, folder, {}, `--image ${flag}`));
  }
  return images;
}

function fromSettings(settings: Settings): Map<string, RunnableImage> {
  const { file } = settings;
  const images = new Map<string, RunnableImage>();
  for (const [name, entry] of Object.entries(imagesOf(settings))) {
    const where = `${file}: images.${name}`;
    const { image, command, cwd = '.', environment = {} } = typeof entry === 'string' ? { command: entry, image: undefined } : entry;
    if (typeof image === 'string' && command === undefined) {
      images.set(name, container(image));
      continue;
    }
    if (typeof command !== 'string' || typeof cwd !== 'string')
      throw bad(where, 'an image needs a command or another image, and may have cwd and environment');
    const folder = resolve(dirname(file), cwd);
    const program = runnable(command, folder, textsOf(environment, where), where);
    images.set(name, typeof image === 'string' ? { ...program, image } : program);
  }
  return images;
}

interface ImageEntry {
  image?: unknown;
  command?: unknown;
  cwd?: unknown;
  environment?: unknown;
}

function imagesOf({ file, images = {} }: Settings): Record<string, string | ImageEntry> {
  if (typeof images !== 'object' || images === null || Array.isArray(images))
    throw bad(`${file}: images`, 'images are a map from names to what runs');
  return images as Record<string, string | ImageEntry>;
}

function textsOf(values: unknown, where: string): Record<string, string> {
  if (typeof values !== 'object' || values === null) throw bad(where, 'environment is a map of texts');
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, String(value)]));
}

function runnable(what: string, folder: string, environment: Record<string, string>, where: string): RunnableImage {
  if (what.startsWith(imageScheme)) return container(what.slice(imageScheme.length));
  const path = resolve(folder, what);
  // A path that leads nowhere is a slip; a command is found when it is run, perhaps on PATH.
  if (/^\.{0,2}\/\S*$/.test(what) && !existsSync(path)) throw bad(where, `${path} does not exist`);
  if (!existsSync(path) || !statSync(path).isDirectory()) return shell(`exec ${what}`, folder, environment);
  if (!existsSync(join(path, 'package.json'))) throw bad(where, `${path} has no package.json; name a command instead`);
  return shell('exec npm start --silent', path, environment);
}

/** Only where tasks are containers; as a process it says what is missing. */
function container(image: string): RunnableImage {
  const missing = `echo "the image ${image} needs --compute docker" >&2; exit 125`;
  return { ...shell(missing, '/', {}), image };
}

function shell(script: string, cwd: string, environment: Record<string, string>): RunnableImage {
  return { command: '/bin/sh', args: ['-c', script], cwd, environment };
}

function bad(where: string, what: string): PlimsollError {
  return new PlimsollError(cliErrors.PL_CLI_IMAGE, { what, where });
}
