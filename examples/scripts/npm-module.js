/**
 * Modules from npm are imported as in Node, here one that reads YAML:
 *
 *     npm install yaml
 *     plimsoll run -i 20 -e BASE_URL=http://localhost:8080 npm-module.js
 */
import http from 'k6/http';
import { check } from 'k6';
import { parse } from 'yaml';

const { orders } = parse(open('./data/orders.yaml'));

export const options = { thresholds: { checks: ['rate==1'] } };

export default function () {
  const order = orders[__ITER % orders.length];
  const answer = http.post(`${__ENV.BASE_URL || 'http://localhost:8080'}/orders`, JSON.stringify(order));
  check(answer, { [`${order.item} can be ordered`]: (r) => r.status < 400 });
}
