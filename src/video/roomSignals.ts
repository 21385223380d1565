/**
 * What a room says that nobody needs to keep: who speaks (VID-1) and how good the links are (VID-8), as signals on the conversation's feed. It measures, and takes pictures off
 * links that are too thin for them. Made by the room with its media, ended by `close`.
 */
import type { Engine, Scope } from '../../queues/engine.ts';
import { LinkJudge, lookAt, measure, type Verdict } from '../../sfu/linkQuality.ts';
import type { MediaPeer } from '../../sfu/mediaPeer.ts';
import type { MediaRoom } from '../../sfu/mediaRoom.ts';
import type { InteractionId } from '../base/ids.ts';
import type { Logger } from '../base/log.ts';
import { type Loop, repeat } from '../base/loop.ts';
import type { PublicSignal } from '../protocol/events.ts';
import type { LinkQuality } from '../protocol/video.ts';
import type { VideoCounts } from './videoMetrics.ts';

interface SignalsDeps {
  readonly signals: Pick<Engine['signals'], 'publish'>;
  readonly log: Logger;
  readonly counts: VideoCounts;
  readonly scope: Scope;
  readonly id: InteractionId;
  readonly media: MediaRoom;
  /** Between two measurements, at least 2 s; more on a process with many rooms. */
  readonly everyMs: number;
}

const LOOK_EVERY_MS = 500;

export class RoomSignals {
  readonly #deps: SignalsDeps;
  readonly #judges = new WeakMap<MediaPeer, LinkJudge>();
  readonly #loop: Loop;
  readonly #trying = new Map<MediaPeer, LinkJudge>();
  #looking: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(deps: SignalsDeps) {
    this.#deps = deps;
    const { media, id } = deps;
    media.on('speaker', (peer) => this.#publish({ type: 'video.speaker', interaction: id, peer: peer ?? null }));
    this.#loop = repeat('room.quality', deps.everyMs, () => this.#measure(), deps.log);
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#looking);
    void this.#loop.close();
  }

  async #measure(): Promise<void> {
    const links = await Promise.all([...this.#deps.media.peers.values()].map((peer) => this.#link(peer)));
    const told = links.filter((link) => link !== undefined);
    if (told.length > 0) this.#publish({ type: 'video.quality', interaction: this.#deps.id, links: told });
  }

  async #link(peer: MediaPeer): Promise<LinkQuality | undefined> {
    try {
      const sample = await measure(peer);
      if (!sample) return undefined;
      const judge = this.#judges.get(peer) ?? new LinkJudge();
      this.#judges.set(peer, judge);
      const verdict = judge.judge(sample);
      await this.#apply(peer, verdict);
      if (judge.isTrying) this.#trying.set(peer, judge);
      this.#lookLater();
      const { sendKbps, receiveKbps, sendLossPct, receiveLossPct, rttMs } = sample;
      const lossPct = Math.max(sendLossPct, receiveLossPct);
      return { peer: peer.id, level: verdict.level, sendKbps, receiveKbps, lossPct, ...(rttMs !== undefined && { rttMs }) };
    } catch (error) {
      // It left, or its worker died, while it was asked.
      if (!peer.isClosed) throw error;
      return undefined;
    }
  }

  /** While more is sent over links than mediasoup would, to see whether they take it. */
  #lookLater(): void {
    if (this.#trying.size > 0 && !this.#isClosed) this.#looking ??= setTimeout(() => void this.#look(), LOOK_EVERY_MS);
  }

  async #look(): Promise<void> {
    for (const [peer, judge] of this.#trying) {
      try {
        const look = await lookAt(peer);
        if (look) await this.#apply(peer, judge.look(look));
        if (!look || !judge.isTrying) this.#trying.delete(peer);
      } catch {
        // It left, or its worker died, while it was asked.
        this.#trying.delete(peer);
      }
    }
    this.#looking = undefined;
    this.#lookLater();
  }

  async #apply(peer: MediaPeer, { level, allowance, bounds }: Verdict): Promise<void> {
    const { id, log, counts } = this.#deps;
    await peer.bound(bounds);
    for (const received of peer.received.values()) {
      if (received.allowance === allowance || received.consumer.kind === 'audio') continue;
      log.info({ interaction: id, peer: peer.id, consumer: received.consumer.id, level, allowance }, 'room.picture');
      if (allowance === 'none') counts.picturesHeldBack++;
      await peer.allow(received, allowance);
    }
  }

  #publish(signal: PublicSignal): void {
    const { signals, scope, id } = this.#deps;
    if (!this.#isClosed) signals.publish(scope, `conversation:${id}`, JSON.stringify(signal));
  }
}
