/**
 * A gRPC service: one call that waits for its answer, and a stream of messages both ways.
 *
 *     plimsoll run -e GRPC_ADDRESS=localhost:50051 -u 10 -d 30s grpc.js
 */
import grpc from 'k6/net/grpc';
import { check } from 'k6';

const client = new grpc.Client();
client.load([], 'shop.proto');

export const options = { thresholds: { checks: ['rate==1'], grpc_req_duration: ['p(95)<500'] } };

export default function () {
  // One connection per user, kept over its iterations.
  if (__ITER === 0) client.connect(__ENV.GRPC_ADDRESS || 'localhost:50051', { plaintext: true });

  const answer = client.invoke('shop.Shop/Order', { itemName: 'tea', quantity: 2, size: 'LARGE' }, { tags: { call: 'order' } });
  check(answer, {
    'the order is accepted': (a) => a.status === grpc.StatusOK,
    'and has a number': (a) => a.message.orderId !== '',
  });

  const stream = new grpc.Stream(client, 'shop.Shop/Haggle');
  stream.on('data', (price) => {
    check(price, { 'the price went down': (p) => p.amount < 10 });
    stream.end();
  });
  stream.write({ amount: 10 });
}
