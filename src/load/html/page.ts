import { assert } from '../../base/index.ts';
import { formText } from '../http/form-text.ts';
import { formatUrl, readUrl, resolveUrl } from '../http/url.ts';
import type { Selection } from './selection.ts';

type Parse = (source: string, url: string) => Selection;

let parse: Parse | undefined;

/** The parser is loaded for the scripts that read pages. */
export async function loadHtml(): Promise<void> {
  parse ??= (await import('./selection.ts')).parseHtml;
}

export function parseHtml(source: string, url: string): Selection {
  assert(parse, 'the parser is loaded for every script that names it');
  return parse(source, url);
}

/** A request that a page asks for: a form sent, a link followed. */
export interface PageRequest {
  readonly method: string;
  readonly url: string;
  readonly body: Record<string, unknown> | undefined;
}

/** `response.submitForm({ formSelector, submitSelector, fields })`. */
export function formRequest(page: Selection, pageUrl: string, args: Readonly<Record<string, unknown>>): PageRequest {
  const formSelector = textOr(args['formSelector'], 'form');
  const form = page.find(formSelector).first();
  if (form.size() === 0) throw new Error(`no form found for selector '${formSelector}' in response '${pageUrl}'`);
  const method = textOr(form.attr('method'), 'GET').toUpperCase();
  const action = textOr(form.attr('action'), pageUrl);
  const submit = form.find(textOr(args['submitSelector'], '[type="submit"]')).first();
  const values: Record<string, unknown> = form.serializeObject();
  const name = submit.attr('name');
  if (typeof name === 'string' && name !== '') values[name] = submit.val();
  Object.assign(values, args['fields'] ?? {});
  const url = resolveUrl(readUrl(pageUrl), action);
  for (const [field, value] of Object.entries(values)) if (value === undefined) delete values[field];
  if (method !== 'GET') return { method, url: formatUrl(url), body: values };
  const query = new URLSearchParams();
  for (const [field, value] of Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1)))
    for (const item of Array.isArray(value) ? (value as unknown[]) : [value]) query.append(field, String(item));
  // In the place of what the action asks for.
  return { method, url: formatUrl({ ...url, query: `?${formText(query)}` }), body: undefined };
}

/** `response.clickLink({ selector })`. */
export function linkRequest(page: Selection, pageUrl: string, args: Readonly<Record<string, unknown>>): PageRequest {
  const selector = textOr(args['selector'], 'a[href]');
  const link = page.find(selector).first();
  if (link.size() === 0) throw new Error(`no element found for selector '${selector}' in response '${pageUrl}'`);
  const href = link.attr('href');
  if (typeof href !== 'string') throw new Error(`no valid href attribute value found on element '${selector}' in response '${pageUrl}'`);
  return { method: 'GET', url: formatUrl(resolveUrl(readUrl(pageUrl), href)), body: undefined };
}

function textOr(value: unknown, fallback: string): string {
  return typeof value === 'string' && value !== '' ? value : fallback;
}
