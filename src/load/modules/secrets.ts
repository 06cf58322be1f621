import type { Vu } from '../vu/vu.ts';
import { moduleOf } from './bound.ts';
import { settleLater } from './later.ts';

/** https://grafana.com/docs/k6/latest/javascript-api/k6-secrets/ */
export const SecretsModule = moduleOf({
  get(key: unknown) {
    this.enter();
    return ask(this, String(key), undefined);
  },
  source(name: unknown) {
    this.enter();
    this.engine.secrets.check(String(name));
    return { get: (key: unknown) => ask(this, String(key), String(name)) };
  },
});

function ask(vu: Vu, key: string, source: string | undefined): unknown {
  return settleLater(vu, vu.engine.secrets.get(key, source));
}
