import { decodeCbor, encodeCbor } from '../codec/cbor.ts';
import type { AwsError } from '../codec/error.ts';
import { encodeEvents, isEvents, type Events } from '../codec/eventStream.ts';
import { decodeForm } from '../codec/form.ts';
import { decodeJson, encodeJson } from '../codec/json.ts';
import type { StructShape } from '../codec/shape.ts';
import { encodeXml, escapeXml, XmlText } from '../codec/xml.ts';
import type { OperationModel, ServiceModel } from './services.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
  /** What follows, for answers that go on; `body` is then empty. */
  readonly stream?: AsyncIterable<Uint8Array>;
}

/** One way of writing calls and answers down; what a request uses decides what its answer uses. */
export interface Wire {
  /** Which protocol's errors its callers know. */
  readonly protocol: 'query' | 'ec2' | 'json';
  decode(operation: OperationModel): Record<string, unknown>;
  answer(service: ServiceModel, operation: OperationModel, output: Readonly<Record<string, unknown>>, requestId: string): Answer;
  fail(service: ServiceModel | undefined, error: AwsError, requestId: string): Answer;
}

type Output = Readonly<Record<string, unknown>>;

const xmlHeaders = { 'content-type': 'text/xml;charset=UTF-8' };
const xmlHead = '<?xml version="1.0" encoding="UTF-8"?>\n';

/** awsQuery: a form in, `<XResponse><XResult>` out. */
export function queryWire(fields: URLSearchParams): Wire {
  return {
    protocol: 'query',
    decode: (operation) => decodeForm(operation.input, fields, 'query'),
    answer({ entry }, { name, output }, value, requestId) {
      const text = new XmlText().add(`${xmlHead}<${name}Response xmlns="${entry.xmlns}">`);
      if (output !== undefined) {
        text.add(`<${name}Result>`);
        encodeXml(text, output, value);
        text.add(`</${name}Result>`);
      }
      text.add(`<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata></${name}Response>`);
      return { status: 200, headers: xmlHeaders, body: text.bytes() };
    },
    fail(service, error, requestId) {
      const status = statusOf(service, error);
      const xmlns = service === undefined ? '' : ` xmlns="${service.entry.xmlns}"`;
      const details = service?.error(error.code)?.shape;
      const text = new XmlText();
      const fault = `<Type>${status < 500 ? 'Sender' : 'Receiver'}</Type><Code>${escapeXml(error.code)}</Code><Message>${escapeXml(error.message)}</Message>`;
      text.add(`${xmlHead}<ErrorResponse${xmlns}><Error>${fault}`);
      if (details !== undefined) encodeXml(text, details, error.details);
      text.add(`</Error><RequestId>${requestId}</RequestId></ErrorResponse>`);
      return { status, headers: xmlHeaders, body: text.bytes() };
    },
  };
}

/** ec2Query: a form in, the members right under `<XResponse>` out. */
export function ec2Wire(fields: URLSearchParams): Wire {
  return {
    protocol: 'ec2',
    decode: (operation) => decodeForm(operation.input, fields, 'ec2'),
    answer({ entry }, { name, output }, value, requestId) {
      const text = new XmlText().add(`${xmlHead}<${name}Response xmlns="${entry.xmlns}"><requestId>${requestId}</requestId>`);
      if (output === undefined) text.add('<return>true</return>');
      else encodeXml(text, output, value);
      return { status: 200, headers: xmlHeaders, body: text.add(`</${name}Response>`).bytes() };
    },
    fail: (service, error, requestId) => ({
      status: statusOf(service, error),
      headers: xmlHeaders,
      body: `${xmlHead}<Response><Errors><Error><Code>${escapeXml(error.code)}</Code><Message>${escapeXml(error.message)}</Message></Error></Errors><RequestID>${requestId}</RequestID></Response>`,
    }),
  };
}

/** AWS JSON 1.0 and 1.1; a client in query mode also gets the query protocol's error code. */
export function jsonWire(body: Buffer, version: '1.0' | '1.1', queryMode: boolean): Wire {
  const headers = { 'content-type': `application/x-amz-json-${version}` };
  return {
    protocol: 'json',
    decode: (operation) => decodeJson(operation.input, body),
    answer(_service, { output }, value) {
      if (output === undefined) return { status: 200, headers, body: '' };
      const streamed = output.members.find(({ name }) => isEvents(value[name]));
      if (streamed === undefined) return { status: 200, headers, body: encodeJson(output, value) };
      const stream = encodeEvents(streamed.shape as StructShape, value[streamed.name] as Events);
      return { status: 200, headers: { 'content-type': 'application/vnd.amazon.eventstream' }, body: '', stream };
    },
    fail(service, error) {
      const status = statusOf(service, error);
      const name = service?.error(error.code)?.name ?? error.code;
      const text = JSON.stringify({ __type: name, message: error.message, Message: error.message, ...error.details });
      const more = { ...headers, 'x-amzn-errortype': name };
      return { status, headers: queryMode ? { ...more, 'x-amzn-query-error': queryError(error, status) } : more, body: text };
    },
  };
}

/** Smithy RPC v2 CBOR. */
export function cborWire(body: Buffer): Wire {
  const headers = { 'content-type': 'application/cbor', 'smithy-protocol': 'rpc-v2-cbor' };
  const text = { kind: 'string' } as const;
  return {
    protocol: 'json',
    decode: (operation) => decodeCbor(operation.input, body),
    answer: (_service, { output }, value) =>
      output === undefined
        ? { status: 200, headers: { 'smithy-protocol': 'rpc-v2-cbor' }, body: '' }
        : { status: 200, headers, body: encodeCbor(output, value) },
    fail(service, error) {
      const status = statusOf(service, error);
      const model = service?.error(error.code);
      const type = model === undefined ? error.code : `com.amazonaws.${service!.entry.name}#${model.name}`;
      const own = model?.shape.members.filter(({ name }) => name.toLowerCase() !== 'message') ?? [];
      const members = [
        ...own,
        ...['__type', 'message'].map((name) => ({ name, shape: text, required: false, queryName: name, ec2Name: name, xmlName: name })),
      ];
      const value: Output = { ...error.details, __type: type, message: error.message };
      const answerBody = encodeCbor({ kind: 'struct', name: 'Error', members }, value);
      return { status, headers: { ...headers, 'x-amzn-query-error': queryError(error, status) }, body: answerBody };
    },
  };
}

function statusOf(service: ServiceModel | undefined, error: AwsError): number {
  return error.status ?? service?.error(error.code)?.status ?? 400;
}

function queryError(error: AwsError, status: number): string {
  return `${error.code};${status < 500 ? 'Sender' : 'Receiver'}`;
}
