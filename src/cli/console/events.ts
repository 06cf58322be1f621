import type { ServerResponse } from 'node:http';

/** What is written to one follower at most before it is cut off: it comes back and gets all anew. */
const backlogMaxBytes = 4 << 20;

/**
 * Server-sent events to many pages (https://html.spec.whatwg.org/multipage/server-sent-events.html). A page that stops
 * reading is cut off instead of filling memory; a browser then comes back by itself.
 */
export class Followers {
  readonly #all = new Set<ServerResponse>();

  get count(): number {
    return this.#all.size;
  }

  add(response: ServerResponse): void {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no' });
    response.write('retry: 1000\n\n');
    this.#all.add(response);
    response.on('close', () => this.#all.delete(response));
  }

  tell(event: string, value: unknown, id?: number): void {
    if (this.#all.size === 0) return;
    const text = eventText(event, value, id);
    for (const response of this.#all) {
      if (response.writableLength > backlogMaxBytes) response.destroy();
      else response.write(text);
    }
  }

  close(): void {
    for (const response of this.#all) response.end();
  }
}

export function eventText(event: string, value: unknown, id?: number): string {
  return `${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(value)}\n\n`;
}
