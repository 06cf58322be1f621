// TypeScript and imports work as they stand: no bundler, no build.
//
//   plimsoll run -i 10 -e BASE_URL=http://127.0.0.1:8080 examples/scripts/typed.ts
import http, { type RefinedResponse } from 'k6/http';
import { check, group } from 'k6';
import { SharedArray } from 'k6/data';

interface Visitor {
  name: string;
  pages: string[];
}

const visitors = new SharedArray<Visitor>('visitors', () => [
  { name: 'ann', pages: ['/', '/about'] },
  { name: 'bob', pages: ['/', '/orders'] },
]);

class Session {
  readonly #visitor: Visitor;

  constructor(visitor: Visitor) {
    this.#visitor = visitor;
  }

  // Requests may stand anywhere: in methods, callbacks, recursion.
  browse(): RefinedResponse<'text'>[] {
    return this.#visitor.pages.map((page) => http.get(`${__ENV.BASE_URL}${page}`, { tags: { visitor: this.#visitor.name } }));
  }
}

export default function (): void {
  const visitor = visitors[(__VU + __ITER) % visitors.length] as Visitor;
  group(visitor.name, () => {
    for (const answer of new Session(visitor).browse()) check(answer, { 'is there': (r) => r.status === 200 });
  });
}
