import type { OnLoadResult, OnResolveResult, Plugin } from 'esbuild';
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { get as getSecure } from 'node:https';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates } from 'node:tls';
import { errorMessage, nodeHttp, systemClock, systemRandom, uuid } from '../../base/index.ts';
import { withoutNetwork } from '../jslib/stand-ins.ts';

/**
 * Imports by URL, as k6 has them: fetched once a day and kept in `$PLIMSOLL_IMPORT_CACHE`, else `~/.cache/plimsoll/imports`.
 * Each copy carries the digest of its text; one that does not match is fetched again. A copy that is too old still
 * serves when the server cannot be reached.
 */

const KEEP_MS = 24 * 3600_000;
const TIMEOUT_MS = 60_000;
const REDIRECTS_MAX = 10;
const MODULE_MAX_BYTES = 32 * 1024 * 1024;

/** Modules by URL are in this namespace of esbuild's, and of the source map. */
export const REMOTE = 'remote';

export function remoteImports(): Plugin {
  return {
    name: 'remote-imports',
    setup(build) {
      const contents = new Map<string, string>();
      const load = async (url: string): Promise<OnResolveResult> => {
        try {
          const { text, from } = await moduleAt(url);
          contents.set(from, text);
          return { path: from, namespace: REMOTE };
        } catch (error) {
          const text = `unknown module "${url}": it cannot be fetched: ${errorMessage(error)}`;
          const isOut = (error as { code?: unknown }).code !== undefined;
          return { errors: [{ text: isOut ? `${text}; ${withoutNetwork(url)}` : text }] };
        }
      };
      build.onResolve({ filter: /^https?:/ }, ({ path }) => load(path));
      build.onResolve({ filter: /^\.{0,2}\//, namespace: REMOTE }, ({ path, importer }) => load(new URL(path, importer).href));
      build.onLoad({ filter: /.*/, namespace: REMOTE }, ({ path }): OnLoadResult => ({
        contents: contents.get(path) ?? '',
        loader: loaderOf(path),
      }));
    },
  };
}

function loaderOf(url: string): 'ts' | 'json' | 'js' {
  const { pathname } = new URL(url);
  if (pathname.endsWith('.ts')) return 'ts';
  return pathname.endsWith('.json') ? 'json' : 'js';
}

interface Download {
  readonly text: string;
  /** The URL at the end of all redirects: relative imports start there. */
  readonly from: string;
}

interface Copy extends Download {
  readonly url: string;
  readonly sha256: string;
  readonly fetchedAtMs: number;
}

async function moduleAt(url: string): Promise<Download> {
  const folder =
    process.env['PLIMSOLL_IMPORT_CACHE'] ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'plimsoll', 'imports');
  const file = join(folder, `${sha256(url)}.json`);
  const copy = await readCopy(file, url);
  if (copy && systemClock.nowMs() - copy.fetchedAtMs < KEEP_MS) return copy;
  try {
    const fetched = await download(url, REDIRECTS_MAX);
    await keep(folder, file, { ...fetched, url, sha256: sha256(fetched.text), fetchedAtMs: systemClock.nowMs() });
    return fetched;
  } catch (error) {
    if (copy) return copy;
    throw error;
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

async function readCopy(file: string, url: string): Promise<Copy | undefined> {
  try {
    const copy = JSON.parse(await readFile(file, 'utf8')) as Copy;
    return copy.url === url && copy.sha256 === sha256(copy.text) ? copy : undefined;
  } catch {
    // None, or one that was cut off.
    return undefined;
  }
}

/** Whole or not at all: several load processes read and write the same file. A folder that cannot be written costs only time. */
async function keep(folder: string, file: string, copy: Copy): Promise<void> {
  const draft = `${file}.${uuid(systemRandom)}`;
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(draft, JSON.stringify(copy));
    await rename(draft, file);
  } catch {
    return;
  }
}

async function download(url: string, redirectsLeft: number): Promise<Download> {
  const { status, location, text } = await get(url);
  if (location !== undefined && status >= 300 && status < 400) {
    if (redirectsLeft === 0) throw new Error(`stopped after ${REDIRECTS_MAX} redirects`);
    return download(new URL(location, url).href, redirectsLeft - 1);
  }
  if (status !== 200) throw new Error(`the server answered ${status}`);
  return { text, from: url };
}

async function get(url: string): Promise<{ status: number; location: string | undefined; text: string }> {
  const isTls = url.startsWith('https:');
  const ca = isTls ? await authorities() : undefined;
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; location: string | undefined; text: string }>();
  const request = (isTls ? getSecure : nodeHttp.get)(url, { agent: false, timeout: TIMEOUT_MS, ...(ca ? { ca } : {}) }, (response) => {
    const chunks: Buffer[] = [];
    let size = 0;
    response.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > MODULE_MAX_BYTES) request.destroy(new Error(`it is larger than ${MODULE_MAX_BYTES} bytes`));
      else chunks.push(chunk);
    });
    response.on('end', () => {
      const text = Buffer.concat(chunks).toString('utf8');
      resolve({ status: response.statusCode ?? 0, location: response.headers.location, text });
    });
    response.on('error', reject);
  });
  request.on('timeout', () => request.destroy(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)));
  request.on('error', reject);
  return promise;
}

/** Node's own authorities (and those of `NODE_EXTRA_CA_CERTS`), with those of `SSL_CERT_FILE`, which k6 knows too. */
async function authorities(): Promise<string[] | undefined> {
  const file = process.env['SSL_CERT_FILE'];
  return file === undefined ? undefined : [...getCACertificates('default'), await readFile(file, 'utf8')];
}
