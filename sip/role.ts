/**
 * The role `sip`: the SIP application of one process. It finds the servers it is linked to (those that announce themselves, or the one the environment names) and the media
 * processes, and registers phones. Any number may run; each carries the calls it took. Needs Redis to start.
 *
 * Closing order: registrations with providers, the application (new calls elsewhere, calls may end for DRAIN_SEC), registrar, engine.
 */
import { limitsFor, silenceLimits } from '../config/limits.ts';
import { createEngine } from '../queues/index.ts';
import type { RoleContext, RunningRole } from '../src/base/context.ts';
import { sealPurpose, unseal } from '../src/base/seal.ts';
import { startApplication } from './app/application.ts';
import { LinkLost } from './app/link.ts';
import type { Links } from './app/links.ts';
import { mediaLinks } from './app/mediaLink.ts';
import { serversOf } from './app/servers.ts';
import { type ProviderAnswer, Providers, type ProvidersOptions } from './registrar/providers.ts';
import { Registrar } from './registrar/registrar.ts';
import { controlSecret } from './rtp/server.ts';

/** Event loop behind by so much: new callers are better served elsewhere. */
const LAG_MS = 250;

/** @throws AppError unavailable (Redis does not answer) */
export async function startSip(context: RoleContext): Promise<RunningRole> {
  const { env, log, nodeId, secretKey } = context;
  if (!env.REDIS_URL) throw new Error('the sip role needs REDIS_URL');
  const engine = await createEngine({ redisUrl: env.REDIS_URL, nodeId, log });
  const registrar = new Registrar({ engine, secretKey, log });
  const { burst, perSec } = limitsFor(env.LIMIT_FACTOR).calls;
  const application = await startApplication({
    engine,
    log,
    nodeId,
    servers: serversOf(env, secretKey, engine),
    connectMedia: mediaLinks({ secret: controlSecret(secretKey), application: nodeId, log }),
    secretOf({ id, sealedSecret }) {
      try {
        return sealedSecret === '' ? undefined : unseal(secretKey, sealPurpose.trunkSecret(id), sealedSecret);
      } catch {
        log.warn({ trunk: id }, 'trunk.secret.unreadable');
        return undefined;
      }
    },
    limits: { burst, perSec, lagMs: LAG_MS },
    silence: silenceLimits,
    drainMs: env.DRAIN_SEC * 1_000,
    authenticator: registrar.authenticator,
    registrar: (link, request, response) => void registrar.register(link.server.name, request, response),
  });
  const providers = new Providers({ engine, secretKey, log, send: sendBy(application.links) });
  return {
    async close(reason) {
      await providers.close();
      await application.close();
      await registrar.close();
      await engine.close(reason);
    },
  };
}

/** Outside of dialogs, by whichever server is up. */
function sendBy(links: Links): ProvidersOptions['send'] {
  return async ({ method, uri, headers, proxy }) => {
    const link = links.any();
    if (!link) throw new LinkLost('down');
    const { promise: answered, resolve } = Promise.withResolvers<ProviderAnswer>();
    await link.request({ method, uri, proxy, headers: { ...headers } }, (request) => {
      request.on('response', (response) => {
        if (response.status >= 200) resolve(response);
      });
    });
    return link.during<ProviderAnswer>((resolve, reject) => answered.then(resolve, reject));
  };
}
