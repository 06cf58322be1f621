import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FieldId, MORE, Method, Problem, RequestHead, TargetForm, describeProblem } from './index.ts';

function parse(text: string): { head: RequestHead; result: number; bytes: Buffer } {
  const bytes = Buffer.from(text, 'latin1');
  const head = new RequestHead();
  return { head, result: head.parse(bytes, 0, bytes.length), bytes };
}

test('a plain request', () => {
  const { head, result, bytes } = parse('GET /a/b?c=d HTTP/1.1\r\nHost: x.test:80\r\nUser-Agent:  me \r\nX-A: 1\r\nX-A: 2\r\n\r\nrest');
  assert.equal(result, bytes.length - 4);
  assert.equal(head.method, Method.GET);
  assert.equal(head.methodName, 'GET');
  assert.equal(head.target, '/a/b?c=d');
  assert.equal(head.path, '/a/b');
  assert.equal(head.query, 'c=d');
  assert.equal(head.authority, 'x.test:80');
  assert.equal(head.keepAlive, true);
  assert.equal(head.get('user-agent'), 'me');
  assert.deepEqual(head.getAll('x-a'), ['1', '2']);
  assert.equal(head.id(0), FieldId.host);
  assert.equal(head.contentLength, -1);
});

test('a head may come in any pieces, in buffers that move', () => {
  const text = 'POST /form HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nConnection: Foo, close\r\n\r\n';
  for (const step of [1, 2, 3, 7]) {
    const head = new RequestHead();
    let result = MORE;
    for (let end = step; result === MORE; end += step) {
      const shift = end % 5;
      const bytes = Buffer.from(' '.repeat(shift) + text.slice(0, end));
      result = head.parse(bytes, shift, bytes.length);
      if (result > 0) assert.equal(result - shift, text.length);
      assert.ok(end < text.length + step, 'the head was never complete');
    }
    assert.equal(head.contentLength, 5);
    assert.equal(head.keepAlive, false);
    assert.equal(head.get('connection'), 'Foo, close');
  }
});

test('target forms', () => {
  const absolute = parse('GET http://y.test:8080?q HTTP/1.1\r\nHost: x\r\n\r\n').head;
  assert.equal(absolute.form, TargetForm.absolute);
  assert.equal(absolute.authority, 'y.test:8080');
  assert.equal(absolute.path, '/');
  assert.equal(absolute.query, 'q');
  assert.equal(parse('OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n').head.form, TargetForm.asterisk);
  assert.equal(parse('CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n').head.form, TargetForm.authority);
  assert.equal(parse('GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n').head.authority, '[::1]:80');
});

const H = 'Host: x\r\n';
const refused: [string, string, number][] = [
  ['no version', `GET /\r\n${H}\r\n`, Problem.startLine],
  ['version 2', `GET / HTTP/2.0\r\n${H}\r\n`, Problem.version],
  ['version 1.2', `GET / HTTP/1.2\r\n${H}\r\n`, Problem.version],
  ['lower-case version', `GET / http/1.1\r\n${H}\r\n`, Problem.startLine],
  ['two spaces', `GET  / HTTP/1.1\r\n${H}\r\n`, Problem.startLine],
  ['space in the target', `GET /a b HTTP/1.1\r\n${H}\r\n`, Problem.startLine],
  ['tab after the method', `GET\t/ HTTP/1.1\r\n${H}\r\n`, Problem.method],
  ['no such target', `GET admin HTTP/1.1\r\n${H}\r\n`, Problem.target],
  ['asterisk for GET', `GET * HTTP/1.1\r\n${H}\r\n`, Problem.target],
  ['fragment', `GET /#a HTTP/1.1\r\n${H}\r\n`, Problem.target],
  ['user information', `GET http://u@h/ HTTP/1.1\r\n${H}\r\n`, Problem.host],
  ['bare LF after the request line', `GET / HTTP/1.1\n${H}\r\n`, Problem.lineEnd],
  ['bare LF after a field', 'GET / HTTP/1.1\r\nHost: x\n\r\n', Problem.lineEnd],
  ['bare CR in a field', 'GET / HTTP/1.1\r\nHost: x\ry: z\r\n\r\n', Problem.fieldValue],
  ['bare CR as line end', 'GET / HTTP/1.1\rHost: x\r\r', Problem.startLine],
  ['NUL', `GET / HTTP/1.1\r\n${H}A: \0\r\n\r\n`, Problem.fieldValue],
  ['fold', `GET / HTTP/1.1\r\n${H}A: b\r\n c\r\n\r\n`, Problem.fold],
  ['white space before the first field', `GET / HTTP/1.1\r\n ${H}\r\n`, Problem.fold],
  ['space before the colon', `GET / HTTP/1.1\r\n${H}A : b\r\n\r\n`, Problem.fieldName],
  ['empty name', `GET / HTTP/1.1\r\n${H}: b\r\n\r\n`, Problem.fieldName],
  ['no colon', `GET / HTTP/1.1\r\n${H}abc\r\n\r\n`, Problem.fieldName],
  ['no Host', 'GET / HTTP/1.1\r\n\r\n', Problem.hostMissing],
  ['two Hosts', `GET / HTTP/1.1\r\n${H}${H}\r\n`, Problem.hostRepeated],
  ['empty Host', 'GET / HTTP/1.1\r\nHost:\r\n\r\n', Problem.host],
  ['Host with a path', 'GET / HTTP/1.1\r\nHost: a/b\r\n\r\n', Problem.host],
  ['Host with a comma', 'GET / HTTP/1.1\r\nHost: a,b\r\n\r\n', Problem.host],
  ['Host with a bad port', 'GET / HTTP/1.1\r\nHost: a:99999\r\n\r\n', Problem.host],
  ['two lengths', `POST / HTTP/1.1\r\n${H}Content-Length: 1\r\nContent-Length: 2\r\n\r\n`, Problem.contentLengthConflict],
  ['gzip', `POST / HTTP/1.1\r\n${H}Transfer-Encoding: gzip\r\n\r\n`, Problem.transferCodingUnknown],
  ['chunked twice', `POST / HTTP/1.1\r\n${H}Transfer-Encoding: chunked, chunked\r\n\r\n`, Problem.transferCoding],
  ['two codings', `POST / HTTP/1.1\r\n${H}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n`, Problem.transferCoding],
  ['leading comma', `POST / HTTP/1.1\r\n${H}Transfer-Encoding: , chunked\r\n\r\n`, Problem.transferCoding],
  ['chunked on 1.0', `POST / HTTP/1.0\r\n${H}Transfer-Encoding: chunked\r\n\r\n`, Problem.transferCodingVersion],
];
for (const value of ['+5', '-1', '0x10', '1_0', '', '5 5', '5,6', '5, 5', '18446744073709551616', '99999999999999999999999', '٣']) {
  refused.push([`length ${JSON.stringify(value)}`, `POST / HTTP/1.1\r\n${H}Content-Length: ${value}\r\n\r\n`, Problem.contentLength]);
}

for (const [name, text, problem] of refused) {
  test(`refuses: ${name}`, () => {
    const { result } = parse(text);
    assert.equal(describeProblem(result).reason, describeProblem(-problem).reason);
  });
}

test('bounds', () => {
  const reason = (text: string): string => describeProblem(parse(text).result).reason;
  assert.equal(reason(`GET /${'a'.repeat(16_500)}`), 'start-line-too-long');
  assert.equal(reason(`GET /${'a'.repeat(16_500)} HTTP/1.1\r\n${H}\r\n`), 'start-line-too-long');
  assert.equal(reason(`GET / HTTP/1.1\r\nA: ${'a'.repeat(16_500)}`), 'header-too-long');
  assert.equal(reason(`GET / HTTP/1.1\r\nA: ${'a'.repeat(16_500)}\r\n${H}\r\n`), 'header-too-long');
  assert.equal(reason(`GET / HTTP/1.1\r\n${`A: ${'a'.repeat(8000)}\r\n`.repeat(9)}${H}\r\n`), 'headers-too-long');
  assert.equal(reason(`GET / HTTP/1.1\r\n${'A: b\r\n'.repeat(300)}${H}\r\n`), 'too-many-headers');
});

test('a Connection option names a field of its own', () => {
  const { head } = parse(`GET / HTTP/1.1\r\n${H}X-Foo: 1\r\nX-Bar: 2\r\nConnection: keep-alive, x-foo\r\n\r\n`);
  assert.equal(head.namedByConnection(head.indexOf('x-foo')), true);
  assert.equal(head.namedByConnection(head.indexOf('x-bar')), false);
  assert.equal(head.keepAlive, true);
});

test('a head is used again after reset', () => {
  const { head } = parse(`POST / HTTP/1.0\r\n${H}Content-Length: 3\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n`);
  assert.equal(head.expectContinue, true);
  head.reset();
  const bytes = Buffer.from(`GET /z HTTP/1.1\r\n${H}\r\n`);
  assert.equal(head.parse(bytes, 0, bytes.length), bytes.length);
  assert.equal(head.contentLength, -1);
  assert.equal(head.expectContinue, false);
  assert.equal(head.keepAlive, true);
  assert.equal(head.target, '/z');
});
