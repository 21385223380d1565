/** What phones need of Redis beside the routing, put together. Created by the engine. */
import { AppError } from '../../src/base/errors.ts';
import type { Phones } from '../phones.ts';

export function createPhones(): Phones {
  const none: Partial<Phones> = { apply: async () => 0, versions: async () => new Map(), bindings: async () => [] };
  return new Proxy(none as Phones, {
    get: (known, name) =>
      Reflect.get(known, name) ??
      (() => {
        throw new AppError('unavailable', { detail: `phones.${String(name)}` });
      }),
  });
}
