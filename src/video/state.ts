/**
 * How the center's video is, for /ready and for clients: every process that carries media workers says its state by a signal every few
 * seconds; a gateway keeps the latest of each. A process that falls silent is gone.
 */

import type { Engine, Scope } from '../../queues/engine.ts';
import type { SfuState } from '../../sfu/workers.ts';
import type { AccountId } from '../base/ids.ts';
import type { Logger } from '../base/log.ts';
import { type Loop, repeat } from '../base/loop.ts';

const EVERY_MS = 2_000;
const FORGET_MS = 7_000;
const TOPIC = 'video:';
/** Signals of no account. */
const NOWHERE: Scope = { accountId: '' as AccountId, partition: 0 };

/** `absent`: no process carries video. */
export type VideoState = SfuState | 'absent';

export function publishVideoState(engine: Pick<Engine, 'signals'>, nodeId: string, state: () => SfuState, log: Logger): Loop {
  return repeat('video.state', EVERY_MS, async () => engine.signals.publish(NOWHERE, TOPIC + nodeId, state()), log, { firstAfterMs: 0 });
}

export class VideoStates {
  readonly #heard = new Map<string, { state: SfuState; at: number }>();
  readonly #following: { close(): Promise<void> };

  constructor(engine: Pick<Engine, 'signals'>) {
    this.#following = engine.signals.follow((topic, payload) => {
      if (topic.startsWith(TOPIC)) this.#heard.set(topic.slice(TOPIC.length), { state: payload as SfuState, at: performance.now() });
    });
  }

  /** The best state of any process. */
  summary(): VideoState {
    for (const [node, { at }] of this.#heard) if (performance.now() - at > FORGET_MS) this.#heard.delete(node);
    const states = new Set([...this.#heard.values()].map(({ state }) => state));
    return (['ready', 'preparing', 'failed'] as const).find((state) => states.has(state)) ?? 'absent';
  }

  close(): Promise<void> {
    return this.#following.close();
  }
}
