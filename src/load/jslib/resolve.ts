import { fileURLToPath } from 'node:url';
import type { Plugin } from 'esbuild';
import { entry } from '../../base/index.ts';
import { SUMMARY_MODULE } from './names.ts';

/** Libraries of https://jslib.k6.io that come with Plimsoll, whatever their version, so that no network is needed. */
const libraries: Readonly<Record<string, () => string>> = {
  'k6-utils': () => fileURLToPath(entry(import.meta.url, './k6-utils')),
  papaparse: () => fileURLToPath(import.meta.resolve('papaparse')),
};

export function jslib(): Plugin {
  return {
    name: 'jslib',
    setup(build) {
      build.onResolve({ filter: /^https:\/\/jslib\.k6\.io\/(?:k6-utils|k6-summary|papaparse)\// }, ({ path }) => {
        const name = path.split('/')[3] ?? '';
        const file = libraries[name];
        return file ? { path: file() } : { path: SUMMARY_MODULE, external: true };
      });
      // papaparse extends Node's streams when there are any, which scripts have not.
      build.onResolve({ filter: /^stream$/ }, ({ importer }) =>
        /papaparse/.test(importer) ? { path: 'stream', namespace: 'none' } : undefined,
      );
      build.onLoad({ filter: /^stream$/, namespace: 'none' }, () => ({ contents: 'exports.Duplex = function () {};' }));
    },
  };
}
