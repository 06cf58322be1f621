/**
 * Metrics of one's own, timers, and a test that decides about itself.
 *
 *     plimsoll run -u 2 -i 10 metrics-and-timers.js
 */
import exec from 'k6/execution';
import { check, group, randomSeed, sleep } from 'k6';
import { Counter, Gauge, Rate, Trend } from 'k6/metrics';
import { clearInterval, setInterval, setTimeout } from 'k6/timers';

const orders = new Counter('orders');
const cart = new Gauge('cart_size');
const paid = new Rate('paid');
const thinking = new Trend('thinking_time', true);

export const options = {
  thresholds: {
    orders: ['count>0'],
    cart_size: ['value<=3'],
    paid: ['rate>0.9'],
    'thinking_time{who:impatient}': ['p(95)<2000'],
    checks: [{ threshold: 'rate==1', abortOnFail: true, delayAbortEval: '10s' }],
  },
};

export default function () {
  randomSeed(42);
  exec.vu.metrics.tags.who = __VU % 2 === 0 ? 'patient' : 'impatient';
  const startedAt = Date.now();
  sleep(0.01 + Math.random() / 100);
  thinking.add(Date.now() - startedAt);

  group('order', () => {
    cart.add(1 + (__ITER % 3));
    orders.add(1, { size: __ITER % 2 ? 'small' : 'large' });
    paid.add(true);
  });
  check(exec.scenario, { 'the scenario has a name': ({ name }) => name === 'default' });
  if (exec.instance.iterationsCompleted > 1_000_000) exec.test.abort('more than enough');

  let ticks = 0;
  const ticking = setInterval(() => ticks++, 5);
  setTimeout(() => {
    clearInterval(ticking);
    check(ticks, { 'the timer ticked': (count) => count > 0 });
  }, 50);
}
