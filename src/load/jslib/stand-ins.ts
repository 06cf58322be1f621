/** What does the work of a library of https://jslib.k6.io where that cannot be fetched. */
const standIns: ReadonlyMap<string, string> = new Map([
  ['ajv', 'the npm package ajv'],
  ['aws', 'the npm package aws4, or @smithy/signature-v4, for signatures'],
  ['formdata', 'http.file() for uploads, which makes the body of a form'],
  ['httpx', 'k6/http'],
  ['jsonpath', 'the npm package jsonpath-plus'],
  ['k6-testing', 'the npm package chai'],
  ['k6chaijs', 'the npm package chai'],
  ['k6chaijs-contracts', 'the npm packages chai and ajv'],
  ['totp', 'the npm package otpauth'],
  ['url', 'the global classes URL and URLSearchParams'],
]);

/** How to do without the network for a module that is imported by URL. */
export function withoutNetwork(url: string): string {
  const [, name = ''] = /^https:\/\/jslib\.k6\.io\/([^/]+)\//.exec(url) ?? [];
  const instead = standIns.get(name);
  return `save it beside the script and import './${fileName(url)}', or run once where there is a network: a copy is kept${
    instead === undefined ? '' : `; instead of it there is ${instead}`
  }`;
}

function fileName(url: string): string {
  const parts = new URL(url).pathname.split('/').filter((part) => part !== '');
  const last = parts.at(-1) ?? 'module.js';
  // jslib's files are all called index.js.
  return last === 'index.js' && parts.length > 2 ? `${parts[0]}.js` : last;
}
