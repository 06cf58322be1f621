import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemErrorCode } from '../../../base/index.ts';
import type { Arguments } from '../arguments.ts';
import type { ResourceType } from '../provider.ts';
import { computed, forceNew, optional, required, text } from '../schema.ts';

const sha1 = (content: Buffer): string => createHash('sha1').update(content).digest('hex');

const contentOf = (values: Arguments): Buffer => {
  const [sensitive, base64] = [values.text('sensitive_content'), values.text('content_base64')];
  return base64 === undefined ? Buffer.from(sensitive ?? values.text('content') ?? '') : Buffer.from(base64, 'base64');
};

/** A file on this machine. */
export const localFile: ResourceType = {
  schema: {
    id: text(computed),
    filename: text(required, forceNew),
    content: text(optional, forceNew),
    sensitive_content: text(optional, forceNew, { sensitive: true }),
    content_base64: text(optional, forceNew),
    file_permission: text(optional, forceNew, { fallback: '0777' }),
    directory_permission: text(optional, forceNew, { fallback: '0777' }),
  },
  async create(_aws, planned) {
    const file = planned.sure('filename');
    await mkdir(dirname(file), { recursive: true, mode: parseInt(planned.sure('directory_permission'), 8) });
    await writeFile(file, contentOf(planned), { mode: parseInt(planned.sure('file_permission'), 8) });
    return sha1(contentOf(planned));
  },
  async read(_aws, id, known) {
    try {
      return sha1(await readFile(known.sure('filename'))) === id ? {} : undefined;
    } catch (error) {
      if (systemErrorCode(error) === 'ENOENT') return undefined;
      throw error;
    }
  },
  async delete(_aws, _id, known) {
    await rm(known.sure('filename'), { force: true });
  },
};
