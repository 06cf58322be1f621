import { execFileSync, spawn } from 'node:child_process';
import { dirname } from 'node:path';
import { systemRandom } from '../../base/index.ts';
import type Docker from 'dockerode';

const name = 'plimsoll-test-node';

/**
 * An image with this computer's Node.js, `sleep` and `true`, and the libraries that they need: nothing is downloaded.
 * It is made once for each version of Node.js, and stays.
 */
export async function makeNodeImage(docker: Docker): Promise<string> {
  const image = `${name}:${process.versions.node}`;
  if ((await docker.listImages({ filters: { reference: [image] } })).length > 0) return image;
  const programs = [process.execPath, '/bin/sleep', '/bin/true'];
  const libraries = programs.flatMap((program) => execFileSync('ldd', [program], { encoding: 'utf8' }).match(/\/\S+/g) ?? []);
  const files = [...new Set([...programs, ...libraries])].map((path) => path.replace(/:$/, '').slice(1));
  const archive = spawn('tar', ['--create', '--dereference', '--directory', '/', ...files], { stdio: ['ignore', 'pipe', 'ignore'] });
  // Tests run at once; each imports under a tag of its own first, so that none uses half an image.
  const tag = `making-${systemRandom.hex(4)}`;
  const progress = await docker.importImage(archive.stdout, {
    repo: name,
    tag,
    changes: [`ENV PATH=${dirname(process.execPath)}:/usr/bin:/bin`],
  });
  await new Promise<void>((done, failed) => {
    docker.modem.followProgress(progress, (error: Error | null) => (error === null ? done() : failed(error)));
  });
  await docker.getImage(`${name}:${tag}`).tag({ repo: name, tag: process.versions.node });
  await docker.getImage(`${name}:${tag}`).remove();
  return image;
}
