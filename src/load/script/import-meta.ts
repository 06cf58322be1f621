import type { Plugin } from 'esbuild';
import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { pathToFileURL } from 'node:url';

const loaders: Readonly<Record<string, 'ts' | 'tsx' | 'js' | 'jsx'>> = { '.ts': 'ts', '.mts': 'ts', '.tsx': 'tsx', '.jsx': 'jsx' };

/** `import.meta.resolve('./file')` starts at the module that says so, which a bundle no longer knows. */
export function importMeta(): Plugin {
  return {
    name: 'import-meta',
    setup(build) {
      build.onLoad({ filter: /\.[cm]?[jt]sx?$/, namespace: 'file' }, async ({ path }) => {
        if (path.includes('/node_modules/')) return undefined;
        const source = await readFile(path, 'utf8');
        return source.includes('import.meta')
          ? { contents: withImportMeta(source, path), loader: loaders[extname(path)] ?? 'js' }
          : undefined;
      });
    },
  };
}

export function withImportMeta(source: string, path: string): string {
  return source.replaceAll('import.meta.', () => `__importMeta(${JSON.stringify(pathToFileURL(path).href)}).`);
}
