import type { RedirectAction } from '../../model/index.ts';
import { hostOf, type RequestView } from './request-view.ts';

/** The address a redirect points to: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-action-types.html */
export function redirectLocation(action: RedirectAction, view: RequestView, listener: { protocol: string; port: number }): string {
  const parts: Record<string, string> = {
    protocol: listener.protocol,
    host: hostOf(view.authority),
    port: String(listener.port),
    path: view.path.replace(/^\//, ''),
    query: view.query,
  };
  const fill = (template: string): string =>
    template.replaceAll(/#\{(protocol|host|port|path|query)\}/g, (_, name: string) => parts[name] as string);
  const protocol = fill(action.protocol ?? '#{protocol}').toLowerCase();
  const port = fill(action.port ?? '#{port}');
  const isDefaultPort = (protocol === 'https' && port === '443') || (protocol === 'http' && port === '80');
  const query = fill(action.query ?? '#{query}');
  const authority = fill(action.host ?? '#{host}') + (isDefaultPort ? '' : `:${port}`);
  // A control character would end the field that this goes into.
  return `${protocol}://${authority}${fill(action.path ?? '/#{path}')}${query === '' ? '' : `?${query}`}`.replaceAll(
    /[\0-\x20\x7f]/g,
    encodeURIComponent,
  );
}
