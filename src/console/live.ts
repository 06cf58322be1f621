import { useEffect, useState } from 'preact/hooks';
import { token } from './api.ts';
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

/** Follows a region as long as the component lives. The browser comes back by itself and says which moment it saw last. */
export function useLive(region: string | undefined): Live {
  const [live, setLive] = useState(nothing);
  useEffect(() => {
    if (region === undefined) return undefined;
    setLive(nothing);
    const source = new EventSource(`/api/live?region=${region}&token=${token}`);
    const on = <Data>(name: string, change: (before: Live, data: Data) => Partial<Live>): void =>
      source.addEventListener(name, (event: MessageEvent<string>) => {
        const data = JSON.parse(event.data) as Data;
        setLive((before) => ({ ...before, connection: 'open', ...change(before, data) }));
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
    source.addEventListener('open', () => setLive((before) => ({ ...before, connection: 'open' })));
    source.addEventListener('error', () => setLive((before) => ({ ...before, connection: 'lost' })));
    return () => source.close();
  }, [region]);
  return live;
}
