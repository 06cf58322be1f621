import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { after, before, test } from 'node:test';
import { runScript, scriptRunner } from '../testkit.ts';
import { loadHtml, parseHtml } from './page.ts';
import type { Element } from './element.ts';
import type { Selection } from './selection.ts';

const run = scriptRunner();
let server: Server;
let env: Record<string, string>;

const page = `<!doctype html><title>Shop</title>
<nav><a class="first" href="/a?x=1#top">A</a> <a href="http://other.test/b">B</a></nav>
<ul id="list" data-max-items="12" data-open="true" data-more='{"n":[1]}' data-name="x 1"><li>one<li class="hot">two<li>three</ul>
<form id="f" method="post" action="/form"><input name="user" value="ann"><input type="checkbox" name="news" checked>
<input type="checkbox" name="spam"><input type="radio" name="size" value="s"><input type="radio" name="size" value="m" checked>
<select name="colour"><option value="r">red<option selected>green</select>
<select name="many" multiple><option selected>1<option>2<option selected>3</select>
<textarea name="note">hi &amp; bye</textarea><input name="off" disabled value="1"><input type="submit" name="go" value="Send"></form>
<form id="search" action="/search"><input name="q" value="shoes"></form>`;

before(async () => {
  await loadHtml();
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const { method, url, headers } = request;
      if (url === '/') response.setHeader('content-type', 'text/html').end(page);
      else response.end(JSON.stringify({ method, url, body, type: headers['content-type'] }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  env = { BASE_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
});

after(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const texts = (selection: unknown): string[] => (selection as Selection).toArray().map((item) => item.text());

test('a selection finds, narrows and reads as jQuery does', () => {
  const doc = parseHtml(page, 'http://shop.test/dir/');
  const items = doc.find('li');
  assert.equal(doc.find('title').text(), 'Shop');
  assert.equal(items.size(), 3);
  assert.deepEqual(texts(items.filter('.hot')), ['two']);
  assert.deepEqual(texts(items.not('.hot')), ['one', 'three']);
  assert.deepEqual(texts(items.filter((i: number) => i > 0)), ['two', 'three']);
  assert.equal(items.is('.hot'), true);
  assert.equal(items.eq(-1).text(), 'three');
  assert.equal(items.first().next().attr('class'), 'hot');
  assert.equal(items.eq(1).prev().text(), 'one');
  assert.deepEqual(texts(items.first().nextUntil(items.last())), ['two']);
  assert.equal(items.closest('ul').attr('id'), 'list');
  assert.equal(items.first().parents('body').size(), 1);
  assert.deepEqual(
    items.map((i: number, item: Selection) => `${i}${item.text()}`),
    ['0one', '1two', '2three'],
  );
  assert.equal(doc.find('ul').has('.hot').size(), 1);
  assert.equal(doc.find('ul').children('.hot').end().attr('id'), 'list');
  assert.equal(doc.find('h1').attr('id', 'none'), 'none');
  assert.equal(doc.find('h1').html(), '');
  assert.equal(doc.find('li').first().add('title').size(), 2);
  assert.equal(items.index(items.eq(1)), 1);
  assert.equal(doc.find('.first').hasClass('first'), true);
  assert.deepEqual(doc.find('#list').data(), { maxItems: 12, open: true, more: { n: [1] }, name: 'x 1' });
  assert.deepEqual([doc.find('#list').data('max-items'), doc.find('#list').data('maxItems')], [12, 12]);
  const seen: string[] = [];
  items.each((i: number, element: Element) => {
    seen.push(element.textContent());
    return i < 1;
  });
  assert.deepEqual(seen, ['one', 'two', 'three']);
});

test('selections narrow one another', () => {
  const doc = parseHtml(page, '');
  const items = doc.find('li');
  const hot = doc.find('.hot');
  assert.deepEqual(texts(items.filter(hot)), ['two']);
  assert.deepEqual(texts(items.not(hot)), ['one', 'three']);
  assert.equal(items.is(hot), true);
  assert.deepEqual(texts(doc.find('ul').find(hot)), ['two']);
  assert.equal(doc.find('ul').has(hot).size(), 1);
  assert.equal(hot.closest(doc.find('ul')).attr('id'), 'list');
  assert.deepEqual(texts(hot.add(items)), ['two', 'one', 'three']);
  assert.equal(doc.find('li[').size(), 0);
});

test('text of a page is what k6 makes of it', () => {
  const html = `<p title='a"b'>it's <b hidden>caf\u00e9</b><br></p><script>if (a && b) c();</script>`;
  const doc = parseHtml(html, '');
  assert.equal(doc.find('body').html(), '<p title="a&#34;b">it&#39;s <b hidden="">caf\u00e9</b><br/></p><script>if (a && b) c();</script>');
  assert.equal(doc.find('b').attr('hidden'), '');
});

test('elements have what those of their name have in k6', () => {
  const doc = parseHtml(page, 'http://shop.test/dir/');
  const read = (selector: string, member: string): unknown => {
    const element = doc.find(selector).get(0) as unknown as Record<string, (() => unknown) | undefined>;
    return element[member]?.();
  };
  const id = (element: unknown): string | undefined => (element as Element | undefined)?.id();
  assert.deepEqual(
    [
      read('[name=user]', 'type'),
      read('[name=user]', 'maxLength'),
      read('[name=user]', 'formMethod'),
      read('[name=user]', 'formAction'),
      id(read('[name=user]', 'form')),
      read('select[name=many]', 'type'),
      read('select[name=colour]', 'selectedIndex'),
      read('option[selected]', 'index'),
      read('a', 'protocol'),
      read('a', 'toString'),
      read('li', 'type'),
      read('title', 'type'),
    ],
    ['text', -1, 'post', 'http://shop.test/form', 'f', 'select-multiple', 1, 1, 'http', 'http://shop.test/a?x=1#top', '', undefined],
  );
});

test('fields have values and forms are serialised as browsers send them', () => {
  const form = parseHtml(page, '').find('#f');
  assert.equal(form.find('textarea').val(), 'hi & bye');
  assert.equal(form.find('[name=colour]').val(), 'green');
  assert.deepEqual(form.find('[name=many]').val(), ['1', '3']);
  assert.deepEqual(form.serializeObject(), {
    user: 'ann',
    news: 'on',
    size: 'm',
    colour: 'green',
    many: ['1', '3'],
    note: 'hi & bye',
  });
  assert.equal(form.serialize(), 'colour=green&many=1&many=3&news=on&note=hi+%26+bye&size=m&user=ann');
});

test('elements answer by DOM names', () => {
  const doc = parseHtml(page, 'http://shop.test/dir/');
  const element = (selector: string): Element & Record<string, () => unknown> => doc.find(selector).get(0) as never;
  const link = element('a.first');
  assert.equal(link['href']?.(), 'http://shop.test/a?x=1#top');
  assert.equal(link['pathname']?.(), '/a');
  assert.equal(link.nodeName(), 'a');
  assert.equal(link.nextElementSibling()?.getAttribute('href'), 'http://other.test/b');
  const list = element('#list');
  assert.equal(list.childElementCount(), 3);
  assert.equal(list.firstElementChild()?.innerHTML(), 'one');
  assert.equal(list.querySelectorAll('.hot').length, 1);
  assert.equal(list.lastElementChild()?.parentElement()?.id(), 'list');
  assert.equal(list.contains(element('.hot')), true);
  assert.equal(element('[name=news]')['checked']?.(), true);
  assert.equal(element('#f')['method']?.(), 'post');
});

test('responses read pages, send forms and follow links; callbacks of a selection may block', async () => {
  const result = await run(
    `
    import http from 'k6/http';
    import { parseHTML } from 'k6/html';
    import { check, sleep } from 'k6';
    export default function () {
      const home = http.get(__ENV.BASE_URL + '/');
      const sent = home.submitForm({ formSelector: '#f', fields: { user: 'bob', extra: 'é' }, params: { headers: { 'X-Y': 'z' } } });
      const found = home.submitForm({ formSelector: '#search' });
      const followed = home.clickLink({ selector: 'a.first' });
      const paths = home.html('li').map((i, item) => { sleep(0.001); return http.get(__ENV.BASE_URL + '/' + item.text()).json('url'); });
      let count = 0;
      home.html().find('li').each(() => { sleep(0.001); count++; });
      check(null, {
        title: home.html().find('title').text() === 'Shop',
        form: sent.json('method') === 'POST' && sent.json('url') === '/form' && sent.json('body').includes('user=bob') && sent.json('body').includes('go=Send'),
        query: found.json('url') === '/search?q=shoes',
        link: followed.json('url') === '/a?x=1',
        paths: paths.join() === '/one,/two,/three' && count === 3,
        parse: parseHTML('<p>x').find('p').text() === 'x',
      });
    }`,
    { env },
  );
  assert.deepEqual(result.lines, []);
  assert.deepEqual(result.failedChecks, []);
  assert.equal(result.checks.length, 6);
  const missing = await run(
    `import http from 'k6/http';
    export default function () {
      http.get(__ENV.BASE_URL + '/').clickLink({ selector: '#none' });
    }`,
    { env },
  );
  assert.match(missing.lines[0]?.message ?? '', /no element found for selector '#none'.*\n.*:3:/);
});

test('the example script runs', async () => {
  const result = await runScript(fileURLToPath(new URL('../../../examples/scripts/html-forms.js', import.meta.url)), {
    env,
    options: { iterations: 1 },
  });
  assert.equal(result.exitCode, 0);
  assert.deepEqual(result.failedChecks, []);
});
