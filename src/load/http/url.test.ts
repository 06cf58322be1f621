import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatUrl, readUrl, resolveUrl, splitHost } from './url.ts';

/** What k6 1.8 asks for, or says, for the same texts. */
const sent: [text: string, url: string][] = [
  ['http://h/a/../b/./c', 'http://h/a/../b/./c'],
  ['HTTP://h/x#f', 'http://h/x#f'],
  ['http://h', 'http://h'],
  ['http://h/p?', 'http://h/p?'],
  ['http://h/a b', 'http://h/a%20b'],
  ['http://h/%2f%41?a=%2f%zz', 'http://h/%2f%41?a=%2f%zz'],
  ['http://h/"<>`{}|^[]', 'http://h/%22%3C%3E%60%7B%7D%7C%5E%5B%5D'],
  ['http://h/a\\b', 'http://h/a%5Cb'],
  ['http://h/\u00e9', 'http://h/%C3%A9'],
  ['http://u:p@h:80/', 'http://u:p@h:80/'],
  ['http://[::1]:81/', 'http://[::1]:81/'],
  ['mailto:x', 'mailto:x'],
];

for (const [text, url] of sent)
  test(`${text} stays ${url}`, () => {
    assert.equal(formatUrl(readUrl(text)), url);
  });

const wrong: [text: string, why: string][] = [
  ['http://h/%zz', 'invalid URL escape "%zz"'],
  ['http://a b/', 'invalid character " " in host name'],
  ['http://[::1', "missing ']' in host"],
  ['http://h:abc/', 'invalid port ":abc" after host'],
  ['http://h/\t', 'net/url: invalid control character in URL'],
  ['http://%41/', 'invalid URL escape "%41"'],
  [':', 'missing protocol scheme'],
  ['127.0.0.1:80/', 'first path segment in URL cannot contain colon'],
];

for (const [text, why] of wrong)
  test(`${JSON.stringify(text)} is no URL: ${why}`, () => {
    assert.throws(() => readUrl(text), { message: `parse ${JSON.stringify(text)}: ${why}` });
  });

test('a Location is resolved against the page that it comes from', () => {
  const base = readUrl('http://u:p@h:80/a/b?c#d');
  const locations = ['/x', 'x', '../x', '?q', '#f', '//other/x', 'https://o/../y', '', '.'];
  assert.deepEqual(
    locations.map((location) => formatUrl(resolveUrl(base, location))),
    [
      'http://u:p@h:80/x',
      'http://u:p@h:80/a/x',
      'http://u:p@h:80/x',
      'http://u:p@h:80/a/b?q',
      'http://u:p@h:80/a/b?c#f',
      'http://other/x',
      'https://o/y',
      'http://u:p@h:80/a/b?c#d',
      'http://u:p@h:80/a/',
    ],
  );
});

test('a host is a name in lower case and a port', () => {
  assert.deepEqual(splitHost('API.Test:8080'), { name: 'api.test', port: '8080' });
  assert.deepEqual(splitHost('[::1]'), { name: '::1', port: '' });
  assert.deepEqual(splitHost('b\u00fccher.test'), { name: 'xn--bcher-kva.test', port: '' });
});
