/** Which SIP servers this application goes to: the one the environment names, else all that announce themselves. What they are makes no difference from here on. */
import type { Env } from '../../config/env.ts';
import type { Engine } from '../../queues/engine.ts';
import { edgeSecret } from '../edge/protocol.ts';
import type { ServerAddress } from './link.ts';

type Settings = Pick<Env, 'DRACHTIO_HOST' | 'DRACHTIO_PORT' | 'DRACHTIO_SECRET'>;

export function serversOf(env: Settings, secretKey: string, engine: Engine): () => Promise<readonly ServerAddress[]> {
  const { DRACHTIO_HOST: host, DRACHTIO_PORT: port, DRACHTIO_SECRET: given } = env;
  if (host !== undefined) {
    const named = [{ name: `${host}:${port}`, host, port, secret: given }];
    return async () => named;
  }
  const secret = edgeSecret(secretKey);
  return async () => (await engine.phones.nodes('edge')).map(({ id, host: at, port: on }) => ({ name: id, host: at, port: on, secret }));
}
