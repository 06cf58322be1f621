import { status, type Client, type ClientDuplexStream, type Metadata } from '@grpc/grpc-js';
import protobuf from 'protobufjs';
import { systemClock } from '../../base/index.ts';
import { rootOfDescriptors } from './definitions.ts';

/** Server reflection (https://github.com/grpc/grpc/blob/master/doc/server-reflection.md); v1 and v1alpha have the same messages. */
const { root: messages } = protobuf.parse(`syntax = "proto3";
  message Request { string host = 1; oneof message_request {
    string file_by_filename = 3; string file_containing_symbol = 4; string list_services = 7; } }
  message Response { FileDescriptorResponse file_descriptor_response = 4; ListServiceResponse list_services_response = 6; ErrorResponse error_response = 7; }
  message FileDescriptorResponse { repeated bytes file_descriptor_proto = 1; }
  message ListServiceResponse { repeated ServiceResponse service = 1; }
  message ServiceResponse { string name = 1; }
  message ErrorResponse { int32 error_code = 1; string error_message = 2; }
  message File { string name = 1; repeated string dependency = 3; }
  message FileSet { repeated bytes file = 1; }`);
const Request = messages.lookupType('Request');
const Response = messages.lookupType('Response');
const File = messages.lookupType('File');
const FileSet = messages.lookupType('FileSet');

interface Answer {
  fileDescriptorResponse?: { fileDescriptorProto: Uint8Array[] };
  listServicesResponse?: { service: { name: string }[] };
  errorResponse?: { errorCode: number; errorMessage: string };
}

type Question = { listServices: string } | { fileContainingSymbol: string } | { fileByFilename: string };

/** All services that a server tells of. */
export async function reflectServices(channel: Client, metadata: Metadata, timeoutMs: number): Promise<protobuf.Root> {
  for (const version of ['v1', 'v1alpha']) {
    try {
      return await reflect(channel, version, metadata, timeoutMs);
    } catch (error) {
      if (version === 'v1alpha' || (error as { code?: number }).code !== status.UNIMPLEMENTED) throw error;
    }
  }
  throw new Error('unreachable');
}

async function reflect(channel: Client, version: string, metadata: Metadata, timeoutMs: number): Promise<protobuf.Root> {
  const stream = channel.makeBidiStreamRequest(
    `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
    (question: Question) => Buffer.from(Request.encode(Request.create(question)).finish()),
    (bytes: Buffer) => Response.decode(bytes) as unknown as Answer,
    metadata,
    { deadline: systemClock.nowMs() + timeoutMs },
  );
  const ask = (question: Question): Promise<Answer> => askOn(stream, question);
  try {
    const { listServicesResponse } = await ask({ listServices: '*' });
    const files = new Map<string, Uint8Array>();
    for (const { name } of listServicesResponse?.service ?? []) {
      // The server's own way to tell is nothing that a test calls.
      if (!name.startsWith('grpc.reflection.')) keep(files, await ask({ fileContainingSymbol: name }));
    }
    for (let missing = missingOf(files); missing.length > 0; missing = missingOf(files))
      for (const name of missing) keep(files, await ask({ fileByFilename: name }));
    return rootOfDescriptors(FileSet.encode(FileSet.create({ file: [...files.values()] })).finish());
  } finally {
    stream.end();
    stream.on('error', () => undefined);
  }
}

function askOn(stream: ClientDuplexStream<Question, Answer>, question: Question): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const onData = (answer: Answer): void => {
      stream.off('error', onError);
      if (answer.errorResponse) reject(new Error(`server reflection: ${answer.errorResponse.errorMessage}`));
      else resolve(answer);
    };
    const onError = (error: Error): void => {
      stream.off('data', onData);
      reject(error);
    };
    stream.once('data', onData);
    stream.once('error', onError);
    stream.write(question);
  });
}

function keep(files: Map<string, Uint8Array>, { fileDescriptorResponse }: Answer): void {
  for (const bytes of fileDescriptorResponse?.fileDescriptorProto ?? [])
    files.set((File.decode(bytes) as unknown as { name: string }).name, bytes);
}

function missingOf(files: ReadonlyMap<string, Uint8Array>): string[] {
  const needed = [...files.values()].flatMap((bytes) => (File.decode(bytes) as unknown as { dependency: string[] }).dependency);
  return [...new Set(needed)].filter((name) => !files.has(name));
}
