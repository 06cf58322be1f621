import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BoundedQueue } from './queue.ts';

test('a bounded queue behaves as an array that refuses above its capacity', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), fc.array(fc.option(fc.nat())), (capacity, steps) => {
      const queue = new BoundedQueue<number>(capacity);
      const model: number[] = [];
      for (const step of steps) {
        if (step === null) assert.equal(queue.shift(), model.shift());
        else {
          const fits = model.length < capacity;
          assert.equal(queue.push(step), fits);
          if (fits) model.push(step);
        }
        assert.equal(queue.size, model.length);
        assert.equal(queue.peek(), model[0]);
      }
    }),
  );
});
