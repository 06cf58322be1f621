import { parseHtml } from '../html/page.ts';
import { moduleOf } from './bound.ts';

/** https://grafana.com/docs/k6/latest/javascript-api/k6-html/ */
export const HtmlModule = moduleOf({
  parseHTML(source: string | number | null | undefined) {
    this.enter();
    return parseHtml(source === undefined || source === null ? '' : String(source), '');
  },
});
