/**
 * The role `sfu`: media workers, the rooms on them, and the word to the gateways how they are. Needs Redis to start; losing it later stops neither talk nor picture.
 * Closing order: word, rooms (each moves to another process: whoever is in joins again there), workers, engine.
 */
import { createEngine } from '../../queues/index.ts';
import { SfuWorkers } from '../../sfu/workers.ts';
import type { RoleContext, RunningRole } from '../base/context.ts';
import { publishMetrics } from '../metrics/relay.ts';
import { ConversationRooms } from './conversationRooms.ts';
import { iceServers } from './iceServers.ts';
import { publishVideoState } from './state.ts';
import { createVideoRegistry, newVideoCounts } from './videoMetrics.ts';

/** @throws AppError unavailable (Redis does not answer) */
export async function startVideo(context: RoleContext, workers = SfuWorkers.create(context)): Promise<RunningRole> {
  const { env, log, nodeId } = context;
  if (!env.REDIS_URL) throw new Error('the sfu role needs REDIS_URL');
  const engine = await createEngine({ redisUrl: env.REDIS_URL, nodeId, log });
  const published = publishVideoState(engine, nodeId, () => workers.state, log);
  const counts = newVideoCounts();
  workers.on('workerLost', () => counts.workersLost++);
  const rooms = new ConversationRooms({ engine, workers, log, nodeId, counts, iceServers: (peerId) => iceServers(env, peerId) });
  const registry = createVideoRegistry(nodeId, { counts, workers, rooms: () => rooms.size });
  const metrics = publishMetrics(engine, nodeId, registry, log);
  return {
    async close(reason) {
      await Promise.all([published.close(), metrics.close()]);
      await rooms.close();
      await workers.close();
      await engine.close(reason);
    },
  };
}
