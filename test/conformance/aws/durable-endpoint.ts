/** A process of its own for tests that kill or measure it: an endpoint on a data folder (in memory without one), its URL on stdout. */
import { Endpoint } from '../../../src/aws/index.ts';
import { Store } from '../../../src/state/index.ts';

const endpoint = new Endpoint({ store: new Store(process.argv[2]), port: 0 });
await endpoint.listen();
process.stdout.write(`${endpoint.url}\n`);
