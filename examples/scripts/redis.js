/**
 * Data that all virtual users share in a Redis server, over all load processes and machines: each user takes an account that
 * nobody else has, and what was done is counted.
 *
 *     plimsoll run -e REDIS_URL=redis://localhost:6379 -u 5 -i 10 redis.js
 */
import { check } from 'k6';
import redis from 'k6/experimental/redis';

const client = new redis.Client(__ENV.REDIS_URL || 'redis://localhost:6379');

export const options = {
  thresholds: { checks: ['rate==1'] },
};

export async function setup() {
  await client.del('accounts', 'logins');
  await client.sadd('accounts', ...Array.from({ length: 100 }, (_, i) => `user-${i}`));
}

export default async function () {
  const account = await client.spop('accounts');
  check(account, { 'there is an account for each': (name) => name.startsWith('user-') });
  await client.hincrby('logins', account, 1);
}

export async function teardown() {
  const logins = await client.hgetall('logins');
  check(logins, { 'nobody was there twice': (all) => Object.values(all).every((count) => count === '1') });
  await client.del('accounts', 'logins');
}
