/** Which SFU node carries a video room (`Rooms`): one key a room, with an end, that only its holder prolongs. Created by the engine. */
import type { InteractionId } from '../src/base/ids.ts';
import type { Rooms } from './engine.ts';
import { roomKey } from './keys.ts';
import type { ScriptRunner } from './redis.ts';

const HELD_MS = 10_000;

export function createRooms({ runner, prefix, nodeId }: { runner: ScriptRunner; prefix: string; nodeId: string }): Rooms {
  const ifHeld = (script: string, id: InteractionId, node: string): Promise<boolean> =>
    runner.run(script, roomKey(prefix, id), [node, HELD_MS]).then((answer) => answer === 1);
  return {
    async claim(id, node) {
      const key = roomKey(prefix, id);
      // In one step: who is first, or who was before.
      const before = await runner.retrying(() => runner.redis.set(key, node, 'PX', HELD_MS, 'NX', 'GET'), key);
      return before ?? node;
    },
    async keep(ids) {
      const kept = await Promise.all(ids.map(async (id) => ((await ifHeld('keepRoom', id, nodeId)) ? id : undefined)));
      return kept.filter((id) => id !== undefined);
    },
    async release(id, node = nodeId) {
      await ifHeld('releaseRoom', id, node);
    },
    async holder(id) {
      const key = roomKey(prefix, id);
      return (await runner.retrying(() => runner.redis.get(key), key)) ?? undefined;
    },
  };
}
