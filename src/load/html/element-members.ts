import { readUrl, resolveUrl, formatUrl, splitHost, UrlSyntaxError, type HttpUrl } from '../http/url.ts';
import type { Element } from './element.ts';

/**
 * What the elements of each name have beside what all have: DOM attributes under k6's names
 * (https://grafana.com/docs/k6/latest/javascript-api/k6-html/element/), each a method.
 */
export type Members = Readonly<Record<string, (element: Element) => unknown>>;

type Read = Members[string];

// How attributes are read. An entry such as `htmlFor:for` names the attribute when it is not the method's own name in lower case.

const words = (entries: string): [string, string][] =>
  entries
    .trim()
    .split(/\s+/)
    .map((entry) => {
      const [name = '', attribute = name.toLowerCase()] = entry.split(':');
      return [name, attribute];
    });
const all = (entries: string, reader: (attribute: string) => Read): Members =>
  Object.fromEntries(words(entries).map(([name, attribute]) => [name, reader(attribute)]));

const texts = (entries: string): Members => all(entries, (attribute) => (element) => element.getAttribute(attribute) ?? '');
const flags = (entries: string): Members => all(entries, (attribute) => (element) => element.hasAttribute(attribute));
const numbers = (entries: string, otherwise = 0): Members =>
  all(entries, (attribute) => (element) => numberOf(element, attribute, otherwise));
const addresses = (entries: string): Members => all(entries, (attribute) => (element) => addressOf(element, attribute));
/** One of several words; the first for anything else. */
const choice = (entry: string, ...options: string[]): Members =>
  all(entry, (attribute) => (element) => {
    const value = element.getAttribute(attribute) ?? '';
    return options.includes(value) ? value : options[0];
  });
/** The same, undefined for anything else. */
const maybe = (entry: string, ...options: string[]): Members =>
  all(entry, (attribute) => (element) => options.find((option) => option === element.getAttribute(attribute)));

function numberOf(element: Element, attribute: string, otherwise: number): number {
  const text = element.getAttribute(attribute) ?? '';
  return /^[+-]?\d+$/.test(text) ? Number(text) : otherwise;
}

function urlOf(element: Element, attribute: string): HttpUrl | undefined {
  const address = element.getAttribute(attribute);
  if (address === undefined) return undefined;
  try {
    return resolveUrl(readUrl(element.pageUrl()), address);
  } catch (error) {
    if (error instanceof UrlSyntaxError) return undefined;
    throw error;
  }
}

/** Resolved against the page's; as written in a page without one. */
function addressOf(element: Element, attribute: string, otherwise = ''): string {
  if (element.pageUrl() === '') return element.getAttribute(attribute) ?? '';
  const url = urlOf(element, attribute);
  return url ? formatUrl(url) : otherwise;
}

const listOf =
  (attribute: string): Read =>
  (element) =>
    (element.getAttribute(attribute) ?? '').split(/\s+/).filter(Boolean);
const found =
  (selector: string): Read =>
  (element) =>
    element.querySelectorAll(selector);

// Parts of an address.

const part =
  (read: (url: HttpUrl) => string): Read =>
  (element) => {
    const url = urlOf(element, 'href');
    return url ? read(url) : '';
  };
const user = (url: HttpUrl): string[] => (url.userinfo ?? '').split(/:(.*)/s);
const defaultPorts: Readonly<Record<string, string>> = { http: '80', https: '443', ftp: '21' };

const hyperlink: Members = {
  ...texts('download rel target type accessKey hrefLang'),
  ...addresses('href toString:href'),
  ...choice('referrerPolicy', '', 'no-referrer', 'no-referrer-when-downgrade', 'origin', 'origin-when-cross-origin', 'unsafe-url'),
  relList: listOf('rel'),
  text: (element) => element.textContent(),
  hash: part(({ fragment }) => fragment),
  host: part(({ host, scheme }) => {
    const { name, port } = splitHost(host);
    return port !== '' && defaultPorts[scheme] === port ? name : host;
  }),
  hostname: part(({ host }) => host.replace(/:\d*$/, '')),
  port: part(({ host }) => splitHost(host).port),
  username: part((url) => user(url)[0] ?? ''),
  password: part((url) => user(url)[1] ?? ''),
  origin: part(({ scheme, host }) => (scheme === '' ? '' : `${scheme}://${host}`)),
  pathname: part(({ path }) => path),
  search: part(({ query }) => (query === '?' ? '' : query)),
  protocol: (element) => urlOf(element, 'href')?.scheme ?? ':',
};

// What belongs to a form.

const form: Members = { form: (element) => element.ownerForm() };
const labels: Members = { labels: (element) => labelsOf(element) };

function labelsOf(element: Element): Element[] {
  const around = element.closest('label');
  const id = element.id() ?? '';
  const others = id === '' ? [] : element.root().querySelectorAll(`label[for="${id}"]`);
  return around ? [around, ...others.filter((other) => !other.isSameNode(around))] : others;
}

/** What a field says of its form's attributes, or the form itself. */
function ofForm(element: Element, attribute: string): string | undefined {
  return element.getAttribute(`form${attribute}`) ?? element.ownerForm()?.getAttribute(attribute);
}

const field: Members = {
  ...form,
  ...labels,
  ...texts('name'),
  formAction(element) {
    const action = ofForm(element, 'action') ?? '';
    const pageUrl = element.pageUrl();
    if (pageUrl === '' || action === '') return pageUrl;
    return formatUrl(resolveUrl(readUrl(pageUrl), action));
  },
  formEnctype(element) {
    const type = ofForm(element, 'enctype') ?? '';
    return encodings.includes(type) ? type : encodings[0];
  },
  formMethod: (element) => (ofForm(element, 'method')?.toLowerCase() === 'post' ? 'post' : 'get'),
  formNoValidate: (element) => ofForm(element, 'novalidate') !== undefined,
  formTarget: (element) => ofForm(element, 'target') ?? '',
};

const encodings = ['application/x-www-form-urlencoded', 'multipart/form-data', 'text/plain'];
const inputTypes = 'text button checkbox color date datetime-local email file hidden image month number password radio range reset search submit tel time url week'.split(' '); // prettier-ignore
const referrers = ['', 'no-referrer', 'no-referrer-when-downgrade', 'origin', 'origin-when-cross-origin', 'unsafe-url'];
const crossOrigin = maybe('crossOrigin', 'anonymous', 'use-credentials');
const allFields = 'input,select,button,textarea';

const media: Members = {
  ...flags('autoplay controls loop muted defaultMuted:muted'),
  ...choice('preload', 'auto', 'metadata', 'none'),
  ...addresses('src'),
  ...texts('currentSrc:src mediaGroup'),
  ...crossOrigin,
  textTracks: found('track'),
};

const cell: Members = { ...numbers('colSpan rowSpan', 1), ...texts('headers'), cellIndex: (element) => placeIn(element, 'tr', 'th,td') };
const section: Members = { rows: found('tr') };
const edit: Members = texts('cite datetime');
const constant =
  (value: string): Read =>
  () =>
    value;
const content: Read = (element) => element.textContent();

/** Among what the selector finds in the nearest of that name; -1 outside of one. */
function placeIn(element: Element, holder: string, selector: string, otherwise = -1): number {
  const around = element.closest(holder, true);
  return around ? around.querySelectorAll(selector).findIndex((each) => each.isSameNode(element)) : otherwise;
}

function progressOf(element: Element, otherwise: number): number {
  const value = Number.parseFloat(element.getAttribute('value') ?? '');
  return value >= 0 ? value / maxOf(element) : otherwise;
}

function maxOf(element: Element): number {
  const max = Number.parseFloat(element.getAttribute('max') ?? '');
  return max >= 0 ? max : 1;
}

const firstChild =
  (name: string): Read =>
  (element) =>
    element.children().find((child) => child.nodeName() === name);

function datalistOf(element: Element): Element | undefined {
  const id = element.getAttribute('list') ?? '';
  if (id === '' || ['hidden', 'checkbox', 'radio', 'file', 'button'].includes(element.getAttribute('type') ?? '')) return undefined;
  return element.root().querySelector(`datalist[id="${id}"]`);
}

const byName: Readonly<Record<string, Members>> = {
  a: hyperlink,
  area: hyperlink,
  audio: media,
  video: media,
  base: { ...texts('target'), href: (element) => addressOf(element, 'href', element.pageUrl()) },
  button: { ...field, ...texts('accessKey'), ...flags('autofocus disabled'), ...numbers('tabIndex'), ...choice('type', 'submit', 'button', 'menu', 'reset'), value: (element) => element.getAttribute('value') ?? element.innerHTML() }, // prettier-ignore
  canvas: numbers('width height', 150),
  data: texts('value'),
  datalist: { options: found('option') },
  del: edit,
  ins: edit,
  embed: texts('height width src type'),
  fieldset: { ...form, ...flags('disabled'), ...texts('name'), type: constant('fieldset'), elements: found(allFields), validity: () => undefined }, // prettier-ignore
  form: {
    ...addresses('action'),
    ...texts('name target acceptCharset:accept-charset'),
    ...choice('enctype', ...encodings),
    ...choice('encoding:enctype', ...encodings),
    ...choice('autocomplete', 'on', 'off'),
    ...flags('noValidate'),
    elements: found(`${allFields},fieldset`),
    length: (element) => element.querySelectorAll(`${allFields},fieldset`).length,
    method: (element) => (element.getAttribute('method') === 'post' ? 'post' : 'get'),
  },
  iframe: { ...flags('allowfullscreen'), ...choice('referrerPolicy', ...referrers), ...texts('height width name'), ...addresses('src') },
  img: { ...addresses('currentSrc:src src'), ...texts('sizes srcset alt name useMap'), ...crossOrigin, ...numbers('height width'), ...flags('isMap'), ...choice('referrerPolicy', ...referrers) }, // prettier-ignore
  input: {
    ...field,
    ...texts('value alt height width accept pattern placeholder min max defaultValue:value dirName accessKey step'),
    ...numbers('tabIndex size'),
    ...numbers('maxLength', -1),
    ...choice('type', ...inputTypes),
    ...choice('autocomplete', 'on', 'off'),
    ...flags('disabled autofocus required checked defaultChecked:checked readonly multiple'),
    ...addresses('src'),
    list: datalistOf,
  },
  keygen: { ...form, ...labels, ...flags('autofocus disabled'), ...texts('challenge name'), ...choice('keytype', 'RSA', 'DSA', 'EC'), type: constant('keygen') }, // prettier-ignore
  label: {
    ...form,
    ...texts('htmlFor:for'),
    control: (element) => (element.hasAttribute('for') ? element.root().querySelector(`[id="${element.getAttribute('for')}"]`) : undefined),
  },
  legend: { ...form, ...texts('accessKey') },
  li: { ...numbers('value'), ...choice('type', '', '1', 'a', 'A', 'i', 'I', 'disc', 'square', 'circle') },
  link: { ...crossOrigin, ...choice('referrerPolicy', ...referrers), ...addresses('href'), ...texts('hreflang media rel target type'), relList: listOf('rel') }, // prettier-ignore
  map: {
    ...texts('name'),
    areas: found('area'),
    images(element) {
      const name = element.getAttribute('id') ?? element.getAttribute('name');
      return name === undefined ? [] : element.root().querySelectorAll(`img[usemap="#${name}"],object[usemap="#${name}"]`);
    },
  },
  meta: { ...texts('content name'), ...choice('httpEquiv:http-equiv', 'content-type', 'default-style', 'refresh') },
  meter: { ...labels, ...numbers('min max high low optimum') },
  object: { ...form, ...addresses('data'), ...texts('height name type useMap width'), ...numbers('tabIndex'), ...flags('typeMustMatch') },
  ol: { ...flags('reversed'), ...numbers('start'), ...choice('type', '1', 'a', 'A', 'i', 'I') },
  optgroup: { ...flags('disabled'), ...texts('label') },
  option: {
    ...flags('defaultSelected:selected selected'),
    disabled: (element) => element.hasAttribute('disabled') || element.closest('optgroup', true)?.hasAttribute('disabled') === true,
    form: (element) => element.closest('form', true) ?? element.closest('select', true)?.ownerForm(),
    index: (element) => placeIn(element, 'select,datalist', 'option', 0),
    label: (element) => element.getAttribute('label') ?? element.textContent(),
    text: content,
  },
  output: { ...form, ...labels, ...texts('htmlFor:for name'), type: constant('output'), value: content, defaultValue: content },
  param: texts('name value'),
  pre: texts('name value'),
  progress: { ...labels, max: maxOf, value: (element) => progressOf(element, 0), position: (element) => progressOf(element, -1) },
  q: texts('cite'),
  script: { ...texts('crossOrigin type charset'), ...addresses('src'), ...flags('async defer noModule'), text: content },
  select: {
    ...form,
    ...labels,
    ...flags('autofocus disabled multiple required'),
    ...texts('name'),
    ...numbers('tabIndex'),
    length: (element) => element.querySelectorAll('option').length,
    options: found('option'),
    selectedIndex: (element) => element.querySelectorAll('option').findIndex((option) => option.hasAttribute('selected')),
    selectedOptions: found('option[selected]'),
    size: (element) => (element.hasAttribute('multiple') ? 4 : 1),
    type: (element) => (element.hasAttribute('multiple') ? 'select-multiple' : 'select'),
  },
  source: { ...texts('keySystem media sizes srcset type'), ...addresses('src') },
  style: { ...texts('media'), type: (element) => element.getAttribute('type') ?? 'text/css' },
  table: { ...flags('sortable'), caption: firstChild('caption'), tHead: firstChild('thead'), tFoot: firstChild('tfoot'), rows: found('tr'), tBodies: found('tbody') }, // prettier-ignore
  tbody: section,
  thead: section,
  tfoot: section,
  col: { span: (element) => Math.max(1, numberOf(element, 'span', 1)) },
  td: cell,
  th: { ...cell, ...texts('abbr'), ...choice('scope', '', 'row', 'col', 'colgroup', 'rowgroup'), ...flags('sorted') },
  tr: {
    cells: found('th,td'),
    rowIndex: (element) => placeIn(element, 'table', 'tr'),
    sectionRowIndex: (element) => placeIn(element, 'thead,tbody,tfoot', 'tr'),
  },
  textarea: {
    ...form,
    ...labels,
    ...texts('placeholder accessKey defaultValue:value name'),
    ...numbers('rows cols maxLength tabIndex'),
    ...flags('readOnly required'),
    ...choice('autocomplete', 'on', 'off'),
    ...choice('autocapitalize', 'sentences', 'none', 'off', 'characters', 'words'),
    ...choice('wrap', 'soft', 'hard', 'off'),
    type: constant('textarea'),
    length: (element) => (element.getAttribute('value') ?? '').length,
  },
  time: texts('datetime'),
  title: { text: content },
  track: { ...choice('kind', 'subtitle', 'captions', 'descriptions', 'chapters', 'metadata'), ...addresses('src'), ...texts('srclang label'), ...flags('default') }, // prettier-ignore
  ul: texts('type'),
};

/** Undefined for elements that have nothing of their own. */
export function membersOf(name: string): Members | undefined {
  return Object.hasOwn(byName, name) ? byName[name] : undefined;
}
