import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { PlimsollError, systemErrorCode } from '../../../base/index.ts';
import { terraformErrors } from '../../errors.ts';
import type { Arguments } from '../arguments.ts';
import type { Clients, ResourceType } from '../provider.ts';
import { block, computed, flag, forceNew, optional, required, text, textMap, textSet } from '../schema.ts';

const run = promisify(execFile);
const outputMaxBytes = 64 << 20;

/** Runs docker; what it says. Its own words are the error's. */
async function docker(aws: Clients, ...args: readonly string[]): Promise<string> {
  try {
    const { stdout } = await run('docker', args, { signal: aws.signal, maxBuffer: outputMaxBytes });
    return stdout.trim();
  } catch (error) {
    const said = (error as { stderr?: string }).stderr?.trim().split('\n').at(-1);
    const missing = systemErrorCode(error) === 'ENOENT';
    const why = missing ? 'there is no docker on this computer' : (said ?? (error as Error).message);
    throw new PlimsollError(terraformErrors.PL_TERRAFORM_APPLY, {
      what: `docker ${args[0]}: ${why}`,
      fix: 'docker_image and docker_registry_image need a Docker Engine; without one, say what runs in place of the image: plimsoll up --image NAME=COMMAND',
      cause: error,
    });
  }
}

/** The id of an image that is here; undefined when it is not. */
async function imageId(aws: Clients, name: string): Promise<string | undefined> {
  const found = await docker(aws, 'images', '--no-trunc', '--quiet', name);
  return found.split('\n')[0] || undefined;
}

function buildArguments(name: string, build: Arguments): string[] {
  const flags = [
    ...(build.texts('tag') ?? []).flatMap((tag) => ['--tag', tag]),
    ...Object.entries({ ...build.map('build_args'), ...build.map('build_arg') }).flatMap(([key, value]) => [
      '--build-arg',
      `${key}=${value}`,
    ]),
    ...Object.entries(build.map('label')).flatMap(([key, value]) => ['--label', `${key}=${value}`]),
  ];
  const [file, target, platform] = ['dockerfile', 'target', 'platform'].map((argument) => build.text(argument));
  const context = build.text('context') ?? build.sure('path');
  return [
    'build',
    '--tag',
    name,
    ...(file === undefined ? [] : ['--file', file.startsWith('/') ? file : `${context}/${file}`]),
    ...(target === undefined ? [] : ['--target', target]),
    ...(platform === undefined ? [] : ['--platform', platform]),
    ...(build.flag('no_cache') === true ? ['--no-cache'] : []),
    ...flags,
    context,
  ];
}

/** An image of this computer's Docker Engine, built or pulled (provider kreuzwerker/docker). */
export const dockerImage: ResourceType = {
  schema: {
    id: text(computed),
    image_id: text(computed),
    repo_digest: text(computed),
    name: text(required, forceNew),
    keep_locally: flag(optional),
    force_remove: flag(optional),
    platform: text(optional, forceNew),
    pull_triggers: textSet(optional, forceNew),
    triggers: textMap(optional, forceNew),
    build: block(
      {
        context: text(optional, forceNew),
        path: text(optional, forceNew),
        dockerfile: text(optional, forceNew),
        tag: textSet(optional, forceNew),
        target: text(optional, forceNew),
        platform: text(optional, forceNew),
        no_cache: flag(optional, forceNew),
        build_arg: textMap(optional, forceNew),
        build_args: textMap(optional, forceNew),
        label: textMap(optional, forceNew),
      },
      optional,
      forceNew,
    ),
  },
  async create(aws, planned) {
    const name = planned.sure('name');
    const build = planned.block('build');
    await (build === undefined ? docker(aws, 'pull', '--quiet', name) : docker(aws, ...buildArguments(name, build)));
    return `${(await imageId(aws, name)) ?? ''}${name}`;
  },
  async read(aws, id, known) {
    const name = known.sure('name');
    const found = await imageId(aws, name);
    if (found === undefined) return undefined;
    const digest = await docker(aws, 'image', 'inspect', '--format', '{{if .RepoDigests}}{{index .RepoDigests 0}}{{end}}', name);
    return { id, image_id: found, repo_digest: digest };
  },
  async update() {
    // What is not made anew is only about what deleting does.
  },
  async delete(aws, _id, known) {
    const name = known.sure('name');
    if (known.flag('keep_locally') === true || (await imageId(aws, name)) === undefined) return;
    await docker(aws, 'rmi', ...(known.flag('force_remove') === true ? ['--force'] : []), name);
  },
};

/** An image in a registry: pushed there when it is made. A registry keeps what it was given. */
export const dockerRegistryImage: ResourceType = {
  schema: {
    id: text(computed),
    name: text(required, forceNew),
    sha256_digest: text(computed),
    keep_remotely: flag(optional),
    insecure_skip_verify: flag(optional),
    triggers: textMap(optional, forceNew),
  },
  async create(aws, planned) {
    const name = planned.sure('name');
    await docker(aws, 'push', '--quiet', name);
    return (await digestOf(aws, name)) ?? name;
  },
  async read(aws, id, known) {
    return { id, sha256_digest: (await digestOf(aws, known.sure('name'))) ?? id };
  },
  async update() {
    // Nothing of it is in the registry.
  },
  async delete() {
    // Registries have no common call for this; what was pushed stays, as with keep_remotely.
  },
};

async function digestOf(aws: Clients, name: string): Promise<string | undefined> {
  if ((await imageId(aws, name)) === undefined) return undefined;
  const found = await docker(aws, 'image', 'inspect', '--format', '{{if .RepoDigests}}{{index .RepoDigests 0}}{{end}}', name);
  return found.split('@')[1];
}
