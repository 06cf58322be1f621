/** `node bench/aws/serve.ts PORT [FOLDER]`: the AWS endpoint alone, for the benches; in memory without a folder. */
import { Endpoint } from '../../src/aws/index.ts';
import { Store } from '../../src/state/index.ts';

const endpoint = new Endpoint({ store: new Store(process.argv[3]), port: Number(process.argv[2]) });
await endpoint.listen();
console.log(endpoint.url);
