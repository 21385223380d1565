/** Feeds for the edges: resuming reads of stored feeds, the shared tail of the logs, and signals. Created by the engine. */
import type { Logger } from '../src/base/log.ts';
import type { Commands } from './commands.ts';
import type { Feeds, Signals } from './engine.ts';
import { signalChannel } from './keys.ts';
import { LogTail, type TailListener } from './log.ts';
import type { Reader, Redis } from './redis.ts';
import { toFeedEvent } from './replies.ts';

/** A resume of more than this is a reload: the snapshot is cheaper for both sides. */
const RESUME_MOST = 500;

export interface FeedSource extends Feeds {
  close(): Promise<void>;
}

export function createFeeds(options: {
  commands: Commands;
  redis: Redis;
  prefix: string;
  log: Logger;
  isCluster: boolean;
  connect: (partition: number) => Reader;
}): FeedSource {
  let tail: LogTail | undefined;
  return {
    async read(scope, feed, after) {
      const answer = await options.commands.read('readFeed', scope.partition, [feed, after.epoch, after.off, RESUME_MOST]);
      if (!answer) return { kind: 'reload' };
      const events = (answer[2] as unknown[]).map(toFeedEvent);
      return { kind: 'events', cursor: { epoch: String(answer[0]), off: Number(answer[1]) }, events };
    },

    tail(listener: TailListener) {
      tail ??= new LogTail(options);
      const followed = tail;
      followed.add(listener);
      return { include: ({ partition }) => followed.include(partition), close: async () => followed.remove(listener) };
    },

    async close() {
      await tail?.close();
    },
  };
}

export interface SignalSource extends Signals {
  close(): Promise<void>;
}

/** Best effort over publish/subscribe: what is lost is lost. */
export function createSignals(options: { redis: Redis; prefix: string; connect: () => Redis }): SignalSource {
  const channel = signalChannel(options.prefix);
  const listeners = new Set<(topic: string, payload: string) => void>();
  let subscriber: Redis | undefined;
  return {
    publish(_scope, topic, payload) {
      // A signal that cannot be sent now is worth nothing later.
      options.redis.publish(channel, `${topic} ${payload}`).catch(() => undefined);
    },

    follow(listener) {
      listeners.add(listener);
      if (!subscriber) {
        subscriber = options.connect();
        const own = subscriber;
        own.on('ready', () => void own.subscribe(channel).catch(() => undefined));
        own.on('message', (_channel: string, text: string) => {
          const space = text.indexOf(' ');
          for (const each of listeners) each(text.slice(0, space), text.slice(space + 1));
        });
      }
      return {
        close: async () => {
          listeners.delete(listener);
        },
      };
    },

    async close() {
      subscriber?.disconnect();
    },
  };
}
