import { parseHtml } from '../html/page.ts';
import { moduleOf } from './bound.ts';

/** https://grafana.com/docs/k6/latest/javascript-api/k6-html/ */
export const HtmlModule = moduleOf({
  parseHTML(source: unknown) {
    this.enter();
    if (typeof source !== 'string')
      throw new TypeError(`parseHTML() needs the text of a page, got ${source === null ? 'null' : typeof source}`);
    return parseHtml(source, 'about:blank');
  },
});
