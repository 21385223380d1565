/** Recording and replay of a partition (BEY-2), for the command `npm run replay` and tests. */
import type { Logger } from '../../src/base/log.ts';
import { connect, type Redis, untilReady } from '../redis.ts';

export { startRecording } from './record.ts';
export { RecordingError, readCommands } from './recording.ts';
export { putRecordedEnd, replayRecording } from './replay.ts';
export { canonicalState, type Difference, differences } from './state.ts';

const READY_MS = 10_000;

/** Two empty databases of a private Redis: one to replay in, one for the recorded end. @throws AppError unavailable */
export async function openScratch(redisUrl: string, log: Logger): Promise<{ replay: Redis; end: Redis; close(): void }> {
  const [replay, end] = [0, 1].map((database) => {
    const url = new URL(redisUrl);
    url.pathname = `/${database}`;
    return connect(url.href, log, `replay-${database}`);
  }) as [Redis, Redis];
  await Promise.all([replay, end].map((redis) => untilReady(redis, READY_MS)));
  // Nothing here has to outlive the server.
  await replay.config('SET', 'appendonly', 'no');
  return {
    replay,
    end,
    close() {
      replay.disconnect();
      end.disconnect();
    },
  };
}
