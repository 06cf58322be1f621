import type { Vu } from '../vu/vu.ts';
import { isAbsent, moduleOf } from './bound.ts';
import { settleLater } from './later.ts';

/** https://grafana.com/docs/k6/latest/javascript-api/k6-secrets/ */
export const SecretsModule = moduleOf({
  get(key: unknown) {
    this.enter();
    return ask(this, String(key), undefined);
  },
  source(name: unknown) {
    this.enter();
    // Asked for by that name, the source is the one that is used without a name. One that does not exist fails when it is asked.
    const source = isAbsent(name) || name === 'default' ? undefined : String(name);
    return { get: (key: unknown) => ask(this, String(key), source) };
  },
});

function ask(vu: Vu, key: string, source: string | undefined): unknown {
  return settleLater(vu, vu.engine.secrets.get(key, source));
}
