import { streamClasses } from '../streams/classes.ts';
import { moduleOf } from './bound.ts';

/** https://grafana.com/docs/k6/latest/javascript-api/k6-experimental/streams/ */
export const StreamsModule = moduleOf(
  {},
  {
    ReadableStream: (vu) => streamClasses(vu).ReadableStream,
    ReadableStreamDefaultReader: (vu) => streamClasses(vu).ReadableStreamDefaultReader,
    CountQueuingStrategy: (vu) => streamClasses(vu).CountQueuingStrategy,
    ByteLengthQueuingStrategy: (vu) => streamClasses(vu).ByteLengthQueuingStrategy,
  },
);
