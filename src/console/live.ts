import { useEffect, useState } from 'preact/hooks';
import { renewToken, withToken } from './api.ts';
import type { Moment, Picture, TestRun } from './contract.ts';

/** What the page knows of the region at this moment; it comes by server-sent events. */
export interface Live {
  readonly connection: 'connecting' | 'open' | 'lost';
  readonly picture: Picture | undefined;
  readonly moments: readonly Moment[];
  /** The load test that runs or ran last. */
  readonly test: TestRun | undefined;
}

const momentsMax = 900;
const nothing: Live = { connection: 'connecting', picture: undefined, moments: [], test: undefined };

const againMs = 1000;

/** Follows a region (none: `''`) as long as the component lives. The browser comes back by itself and says which moment it saw last. */
export function useLive(region: string | undefined): Live {
  const [live, setLive] = useState(nothing);
  useEffect(() => {
    if (region === undefined) return undefined;
    setLive(nothing);
    const change = (next: (before: Live) => Partial<Live>): void => setLive((before) => ({ ...before, ...next(before) }));
    let source = follow(region, change);
    let timer = 0;
    // A refusal, unlike a lost connection, is final for the browser: the console was started anew.
    const check = async (): Promise<void> => {
      if (source.readyState === EventSource.CLOSED) {
        await renewToken().then(
          () => (source = follow(region, change)),
          () => undefined,
        );
      }
      timer = window.setTimeout(() => void check(), againMs);
    };
    void check();
    return () => {
      clearTimeout(timer);
      source.close();
    };
  }, [region]);
  return live;
}

function follow(region: string, change: (next: (before: Live) => Partial<Live>) => void): EventSource {
  const source = new EventSource(withToken(`/api/live?region=${region}`));
  const on = <Data>(name: string, next: (before: Live, data: Data) => Partial<Live>): void =>
    source.addEventListener(name, (event: MessageEvent<string>) => {
      const data = JSON.parse(event.data) as Data;
      change((before) => ({ connection: 'open', ...next(before, data) }));
    });
  on<{ picture?: Picture; moments: Moment[] }>('begin', (_, { picture, moments }) => ({ picture, moments }));
  on<{ picture?: Picture; moments: Moment[] }>('resume', (before, { picture, moments }) => ({
    picture: picture ?? before.picture,
    moments: [...before.moments, ...moments].slice(-momentsMax),
  }));
  on<{ picture: Picture; moment: Moment }>('look', ({ moments }, { picture, moment }) => ({
    picture,
    moments: [...moments.slice(1 - momentsMax), moment],
  }));
  on<TestRun>('test', (_, test) => ({ test }));
  source.addEventListener('open', () => change(() => ({ connection: 'open' })));
  source.addEventListener('error', () => change(() => ({ connection: 'lost' })));
  return source;
}
