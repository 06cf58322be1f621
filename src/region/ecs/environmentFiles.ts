import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorMessage } from '../../base/index.ts';

/** `arn:PARTITION:s3:::BUCKET/KEY`, in the groups BUCKET and KEY. */
const objectArn = /^arn:[\w-]+:s3:::([\w.-]+)\/(.+)$/;

/**
 * Variables out of files of S3, which stand under the data folder as `s3/BUCKET/KEY`. Of a variable that is given twice the
 * first counts. https://docs.aws.amazon.com/AmazonECS/latest/developerguide/use-environment-file.html
 *
 * @throws Error in ECS's words where one cannot be read.
 */
export function variablesOf(files: readonly { readonly value?: string | undefined }[], dataDir: string): Record<string, string> {
  const found = files.map(({ value = '' }) => parse(read(value, dataDir)));
  return Object.assign({}, ...found.toReversed()) as Record<string, string>;
}

function read(arn: string, dataDir: string): string {
  const [, bucket = '', key = ''] = objectArn.exec(arn) ?? [];
  try {
    // Names from outside: none of them leads out of the folder.
    if (bucket === '' || [bucket, ...key.split('/')].some((part) => /^\.*$/.test(part))) throw new Error('no object of S3 is called so');
    return readFileSync(join(dataDir, 's3', bucket, key), 'utf8');
  } catch (error) {
    throw new Error(`ResourceInitializationError: failed to download env files: ${arn}: ${errorMessage(error)}`, { cause: error });
  }
}

/** Lines of `NAME=VALUE`; `#` begins a line that says nothing, quotes are part of the value. */
function parse(text: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const line of text.split(/\r?\n/)) {
    const split = line.indexOf('=');
    const name = line.slice(0, split).trim();
    if (split < 1 || line.trimStart().startsWith('#')) continue;
    found[name] ??= line.slice(split + 1);
  }
  return found;
}
