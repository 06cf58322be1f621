import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants } from 'node:zlib';

/** A file of the page as it is sent. */
export interface Asset {
  readonly type: string;
  readonly body: Buffer;
  /** Undefined where it does not get smaller. */
  readonly brotli: Buffer | undefined;
}

const types: Readonly<Record<string, string>> = { js: 'text/javascript; charset=utf-8', css: 'text/css; charset=utf-8' };

/**
 * The page's script and style, by file name. The published package brings them built; in the repository they are
 * bundled from their source when the console starts, which takes about as long as reading them.
 */
export async function loadAssets(): Promise<ReadonlyMap<string, Asset>> {
  const built = fileURLToPath(new URL('../../console/built/', import.meta.url));
  const files = existsSync(built)
    ? ['console.js', 'console.css'].map((name) => ({ name, body: readFileSync(`${built}${name}`) }))
    : await bundle();
  return new Map(files.map(({ name, body }) => [name, assetOf(name, body)]));
}

/** Bundles the page from its source. */
export async function bundle(): Promise<{ name: string; body: Buffer }[]> {
  const { build } = await import('esbuild');
  const entry = fileURLToPath(new URL('../../console/main.tsx', import.meta.url));
  const { outputFiles } = await build({
    entryPoints: { console: entry },
    bundle: true,
    write: false,
    minify: true,
    format: 'esm',
    target: 'es2023',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    outdir: '/',
    legalComments: 'none',
    logLevel: 'silent',
  });
  return outputFiles.map(({ path, contents }) => ({ name: path.slice(path.lastIndexOf('/') + 1), body: Buffer.from(contents) }));
}

function assetOf(name: string, body: Buffer): Asset {
  const brotli = brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } });
  return { type: types[name.slice(name.lastIndexOf('.') + 1)]!, body, brotli: brotli.length < body.length ? brotli : undefined };
}
