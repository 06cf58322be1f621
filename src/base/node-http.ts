import type * as Http from 'node:http';

/**
 * The module `node:http`. An `import` of it reads all that it exports, which loads undici for the few names that are from
 * there: 15 ms of CPU in each process that only wanted the others.
 */
export const nodeHttp: typeof Http = process.getBuiltinModule('node:http');
