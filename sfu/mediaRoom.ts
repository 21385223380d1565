/**
 * A room's media: the peers, the branches that carry them, who speaks. Created by `MediaRoom.create`, ended by `close`, or by the death of a worker that carries some of it
 * (`lost`): a room is built anew as a whole. Knows nothing of conversations. It begins on one worker, its home; who joins while that is full is put on another one of this process.
 * Closing order: peers, then branches, and with each its pipes.
 */
import { EventEmitter } from 'node:events';
import type { RouterDump, RtpCapabilities } from 'mediasoup/types';
import { AppError } from '../src/base/errors.ts';
import { MediaPeer } from './mediaPeer.ts';
import { asRefusal } from './parameters.ts';
import { RoomBranch } from './roomBranch.ts';
import type { SfuWorker, SfuWorkers } from './workers.ts';

export interface MediaRoomEvents {
  /** VID-1: who speaks; undefined: nobody. */
  speaker: [string | undefined];
  /** A worker died: all of it is gone. */
  lost: [{ readonly workerPid: number }];
}

const FROM_PEER_MAX_BITRATE = 6_000_000;

export class MediaRoom extends EventEmitter<MediaRoomEvents> {
  readonly #workers: Pick<SfuWorkers, 'take'>;
  readonly #home: RoomBranch;
  /** The home first. */
  readonly #branches = new Set<RoomBranch>();
  readonly #peers = new Map<string, MediaPeer>();
  #speaker: string | undefined;
  #isClosed = false;

  private constructor(workers: Pick<SfuWorkers, 'take'>, home: RoomBranch) {
    super();
    this.#workers = workers;
    this.#home = home;
    this.#grow(home);
  }

  /** @throws AppError unavailable (no worker serves), gone (the worker died meanwhile) */
  static async create(workers: Pick<SfuWorkers, 'take'>): Promise<MediaRoom> {
    const home = await asRefusal(() => RoomBranch.create(placeOn(workers)));
    return new MediaRoom(workers, home);
  }

  /** The same on every branch. */
  get rtpCapabilities(): RtpCapabilities {
    return this.#home.router.rtpCapabilities;
  }

  /** Those there, by id. */
  get peers(): ReadonlyMap<string, MediaPeer> {
    return this.#peers;
  }

  /** Takes the place of the one with the same id. @throws AppError gone */
  async add(id: string): Promise<MediaPeer> {
    const branch = await asRefusal(() => this.#branchFor());
    const leave = (): void => {
      branch.peers--;
      if (branch.peers === 0 && branch !== this.#home) this.#shrink(branch);
    };
    branch.peers++;
    const transports = asRefusal(() => Promise.all([branch.createTransport(FROM_PEER_MAX_BITRATE), branch.createTransport()]));
    const [send, receive] = await transports.catch((error: unknown) => {
      leave();
      throw error;
    });
    const peer = new MediaPeer({ id, branch, send, receive });
    branch.count('peers', 1);
    this.#peers.get(id)?.close();
    this.#peers.set(id, peer);
    peer.once('closed', () => {
      branch.count('peers', -1);
      if (this.#peers.get(id) === peer) this.#peers.delete(id);
      if (this.#speaker === id) this.#hear(undefined);
      leave();
    });
    return peer;
  }

  /** From now on it is listened to for who speaks. @throws AppError gone */
  async listenTo(producerId: string): Promise<void> {
    await asRefusal(async () => this.#sender(producerId)?.branch.listenTo(producerId));
  }

  /** What the workers hold of it, a branch each. */
  dump(): Promise<RouterDump[]> {
    return Promise.all([...this.#branches].map((branch) => branch.dump()));
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const peer of [...this.#peers.values()]) peer.close();
    for (const branch of this.#branches) this.#shrink(branch);
  }

  /** Its home was chosen for the first of them. */
  async #branchFor(): Promise<RoomBranch> {
    if (this.#peers.size === 0) return this.#home;
    const slot = placeOn(
      this.#workers,
      [...this.#branches].map((branch) => branch.slot),
    );
    const known = this.#branchOn(slot);
    if (known) return known;
    const made = await RoomBranch.create(slot);
    const meanwhile = this.#branchOn(slot);
    if (meanwhile || this.#isClosed) made.close();
    if (this.#isClosed) throw new AppError('gone', { detail: 'The room ended meanwhile.' });
    if (meanwhile) return meanwhile;
    this.#grow(made);
    return made;
  }

  #branchOn(slot: SfuWorker): RoomBranch | undefined {
    return [...this.#branches].find((branch) => branch.slot === slot);
  }

  #grow(branch: RoomBranch): void {
    this.#branches.add(branch);
    branch.on('loudest', () => this.#listen());
    branch.once('lost', () => {
      if (this.#isClosed) return;
      this.close();
      this.emit('lost', { workerPid: branch.slot.worker.pid });
    });
  }

  #shrink(branch: RoomBranch): void {
    // One whose worker died is about to say that the room is lost.
    if (branch.isClosed) return;
    this.#branches.delete(branch);
    branch.close();
    this.#listen();
  }

  #sender(producerId: string): MediaPeer | undefined {
    return [...this.#peers.values()].find(({ sent }) => sent.has(producerId));
  }

  #listen(): void {
    const heard = [...this.#branches].map(({ loudest }) => loudest).filter((loudest) => loudest !== undefined);
    const [first] = heard.sort((one, other) => other.dBov - one.dBov);
    this.#hear(first && this.#sender(first.producerId)?.id);
  }

  #hear(speaker: string | undefined): void {
    if (speaker === this.#speaker) return;
    this.#speaker = speaker;
    if (!this.#isClosed) this.emit('speaker', speaker);
  }
}

function placeOn(workers: Pick<SfuWorkers, 'take'>, carrying?: readonly SfuWorker[]): SfuWorker {
  const slot = workers.take(carrying);
  if (!slot) throw new AppError('unavailable', { detail: 'The media workers are being prepared.' });
  return slot;
}
