import { clientClass } from '../redis/client.ts';
import { moduleOf } from './bound.ts';

/** https://grafana.com/docs/k6/latest/javascript-api/k6-experimental/redis/ */
export const RedisModule = moduleOf({}, { Client: clientClass });
