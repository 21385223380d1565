/** What phones need of Redis beside the routing, put together. Created by the engine. */
import { AppError } from '../../src/base/errors.ts';
import type { Phones } from '../phones.ts';

export function createPhones(): Phones {
  return new Proxy({} as Phones, {
    get: (_, name) => () => {
      throw new AppError('unavailable', { detail: `phones.${String(name)}` });
    },
  });
}
