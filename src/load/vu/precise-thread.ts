import { parentPort, workerData } from 'node:worker_threads';

/** The thread of a PreciseTimer: it does nothing but sleep and say when it woke up, and once that it is there. */

const port = parentPort;
const state = workerData as Int32Array;
let answered = 0;
port?.postMessage(answered);

// It ends with its process.
for (;;) {
  const asked = Atomics.load(state, 0);
  if (asked === answered) Atomics.wait(state, 0, asked);
  else if (Atomics.wait(state, 0, asked, Atomics.load(state, 1) / 1000) === 'timed-out') {
    answered = asked;
    port?.postMessage(answered);
  }
}
