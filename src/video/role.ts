/** The role `sfu`: media workers, and the word to the gateways how they are. Closing order: word, workers, engine. */
import { createEngine } from '../../queues/index.ts';
import { SfuWorkers } from '../../sfu/workers.ts';
import type { RoleContext, RunningRole } from '../base/context.ts';
import { publishVideoState } from './state.ts';

/** @throws AppError unavailable (Redis does not answer) */
export async function startVideo(context: RoleContext): Promise<RunningRole> {
  const { env, log, nodeId } = context;
  if (!env.REDIS_URL) throw new Error('the sfu role needs REDIS_URL');
  const engine = await createEngine({ redisUrl: env.REDIS_URL, nodeId, log });
  const workers = SfuWorkers.create(context);
  const published = publishVideoState(engine, nodeId, () => workers.state, log);
  return {
    async close(reason) {
      await published.close();
      await workers.close();
      await engine.close(reason);
    },
  };
}
