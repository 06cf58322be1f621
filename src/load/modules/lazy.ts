import { loadHtml } from '../html/page.ts';
import { SUMMARY_MODULE } from '../jslib/names.ts';
import type { Vu } from '../vu/vu.ts';

type ModuleClass = new (vu: Vu) => object;

/** Modules that few scripts use, with libraries that take time and memory: loaded for the scripts that name them. */
const loaders: Readonly<Record<string, () => Promise<ModuleClass>>> = {
  'k6/encoding': async () => (await import('./encoding.ts')).EncodingModule,
  'k6/crypto': async () => (await import('./crypto.ts')).CryptoModule,
  'k6/experimental/webcrypto': async () => (await import('./webcrypto.ts')).WebcryptoModule,
  'k6/html': async () => {
    await loadHtml();
    return (await import('./html.ts')).HtmlModule;
  },
  'k6/timers': async () => (await import('./timers.ts')).TimersModule,
  'k6/experimental/timers': async () => (await import('./timers.ts')).TimersModule,
  'k6/ws': async () => (await import('./ws.ts')).WsModule,
  'k6/websockets': async () => (await import('./websockets.ts')).WebsocketsModule,
  'k6/experimental/websockets': async () => (await import('./websockets.ts')).WebsocketsModule,
  'k6/net/grpc': async () => (await import('./grpc.ts')).GrpcModule,
  'k6/experimental/grpc': async () => (await import('./grpc.ts')).GrpcModule,
  'k6/experimental/fs': async () => (await import('./fs.ts')).FsModule,
  'k6/experimental/csv': async () => (await import('./csv.ts')).CsvModule,
  'k6/x/sse': async () => (await import('./sse.ts')).SseModule,
  'k6/experimental/redis': async () => (await import('./redis.ts')).RedisModule,
  'k6/x/redis': async () => (await import('./redis.ts')).RedisModule,
  'k6/experimental/streams': async () => (await import('./streams.ts')).StreamsModule,
  'k6/secrets': async () => (await import('./secrets.ts')).SecretsModule,
  [SUMMARY_MODULE]: async () => (await import('./k6-summary.ts')).SummaryModule,
};

export const lazyModuleNames: readonly string[] = Object.keys(loaders);

const loaded = new Map<string, ModuleClass>();

/** To be called before the script runs, with the modules that it names. */
export async function loadModules(names: Iterable<string>): Promise<void> {
  for (const name of names) {
    const load = loaders[name];
    if (load && !loaded.has(name)) loaded.set(name, await load());
  }
}

export function loadedModule(name: string): ModuleClass | undefined {
  return loaded.get(name);
}
