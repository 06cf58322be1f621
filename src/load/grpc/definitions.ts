import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';
import 'protobufjs/ext/descriptor/index.js';

/** A method that can be called, with the types of its messages. */
export interface MethodDefinition {
  /** `/package.Service/Method` */
  readonly path: string;
  readonly request: protobuf.Type;
  readonly response: protobuf.Type;
  readonly isClientStream: boolean;
  readonly isServerStream: boolean;
}

/** What `client.load()` answers for each method. */
export interface MethodInfo {
  readonly package: string;
  readonly service: string;
  readonly fullMethod: string;
  readonly methodInfo: { readonly name: string; readonly isClientStream: boolean; readonly isServerStream: boolean };
}

/** Google's own definitions that come with the library. */
const bundled = dirname(fileURLToPath(import.meta.resolve('protobufjs/package.json')));

/** Parses `.proto` files; imports are looked for below the given folders. */
export function parseProtoFiles(importPaths: readonly string[], files: readonly string[]): protobuf.Root {
  const root = new protobuf.Root();
  root.resolvePath = (_origin, target) => {
    for (const folder of importPaths) {
      const path = resolve(folder, target);
      if (existsSync(path)) return path;
    }
    const own = join(bundled, target);
    if (existsSync(own)) return own;
    if (target.startsWith('google/protobuf/')) return target;
    throw new Error(`${target} is in none of ${importPaths.join(', ')}`);
  };
  root.loadSync([...files], { keepCase: true });
  root.resolveAll();
  return root;
}

/** Reads a serialised FileDescriptorSet (`protoc --descriptor_set_out --include_imports`). */
export function readProtoset(file: string): protobuf.Root {
  return rootOfDescriptors(readFileSync(file));
}

/** The same from bytes, as server reflection gives them. */
export function rootOfDescriptors(descriptorSet: Uint8Array): protobuf.Root {
  const root = (protobuf.Root as unknown as { fromDescriptor(set: Uint8Array): protobuf.Root }).fromDescriptor(descriptorSet);
  root.resolveAll();
  return root;
}

/** All methods of all services. */
export function methodsOf(namespace: protobuf.NamespaceBase, out: [MethodDefinition, MethodInfo][] = []): [MethodDefinition, MethodInfo][] {
  for (const item of namespace.nestedArray) {
    if (item instanceof protobuf.Service) for (const method of item.methodsArray) out.push(methodOf(item, method));
    if (item instanceof protobuf.Namespace) methodsOf(item, out);
  }
  return out;
}

function methodOf(service: protobuf.Service, method: protobuf.Method): [MethodDefinition, MethodInfo] {
  method.resolve();
  const { resolvedRequestType: request, resolvedResponseType: response } = method;
  if (!request || !response) throw new Error(`the types of ${method.fullName} are unknown`);
  const fullName = service.fullName.replace(/^\./, '');
  const path = `/${fullName}/${method.name}`;
  const isClientStream = method.requestStream === true;
  const isServerStream = method.responseStream === true;
  return [
    { path, request, response, isClientStream, isServerStream },
    {
      package: fullName.slice(0, Math.max(0, fullName.lastIndexOf('.'))),
      service: service.name,
      fullMethod: path,
      methodInfo: { name: method.name, isClientStream, isServerStream },
    },
  ];
}
