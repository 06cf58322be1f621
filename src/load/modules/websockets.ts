import type { Vu } from '../vu/vu.ts';
import { blobClass } from '../ws/blob.ts';
import { webSocketClass } from '../ws/websocket.ts';
import { moduleOf } from './bound.ts';

const blobs = new WeakMap<Vu, ReturnType<typeof blobClass>>();

function blobOf(vu: Vu): ReturnType<typeof blobClass> {
  let made = blobs.get(vu);
  if (!made) blobs.set(vu, (made = blobClass(vu)));
  return made;
}

/** https://grafana.com/docs/k6/latest/javascript-api/k6-websockets/ */
export const WebsocketsModule = moduleOf({}, { WebSocket: (vu) => webSocketClass(vu, blobOf(vu)), Blob: blobOf });
