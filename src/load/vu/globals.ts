import { pathToFileURL } from 'node:url';
import { visibleNames } from '../script/global-names.ts';

const shared: Record<string, unknown> = {};
for (const name of visibleNames) if (name in globalThis) shared[name] = (globalThis as Record<string, unknown>)[name];
Object.defineProperty(shared, '__importMeta', { value: importMeta });

/**
 * A VU's `globalThis`, also known as `global`: what it sets there is its own. Libraries look in it for what the engine
 * offers, and must find neither Node's own things nor promises that are not the VU's.
 */
export function createGlobals(own: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const globals = Object.assign(Object.create(shared) as Record<string, unknown>, own);
  globals['globalThis'] = globals;
  globals['global'] = globals;
  return globals;
}

/** `import.meta` of the module at a URL, which the bundler has put in its place. */
function importMeta(from: string): { resolve(specifier: unknown): string } {
  return {
    resolve(specifier) {
      const text = String(specifier);
      if (/^[a-z][a-z\d+.-]*:/i.test(text)) return text;
      if (!/^\.{0,2}\//.test(text))
        throw new Error(`The moduleSpecifier ${JSON.stringify(text)} couldn't be recognised as something k6 supports.`);
      return text.startsWith('/') ? pathToFileURL(text).href : new URL(text, from).href;
    },
  };
}
