/**
 * The rooms that this process carries: it says so every 3 s, hears what is asked of them (mailbox), follows the logs of their conversations, and lets go of those that are
 * over. Made by the role `sfu`. A room is carried only while Redis says that it is this node's; while Redis is silent, it goes on.
 * Closing order: nothing new, rooms elsewhere, mailbox, loops, tail.
 */
import type { Engine, LogEntry, Scope } from '../../queues/engine.ts';
import type { EventBody, EventType } from '../../queues/events.ts';
import type { CallCommand } from '../../queues/phones.ts';
import type { SfuWorkers } from '../../sfu/workers.ts';
import { AppError, ERRORS } from '../base/errors.ts';
import type { InteractionId } from '../base/ids.ts';
import type { Logger } from '../base/log.ts';
import { type Loop, repeat } from '../base/loop.ts';
import type { RoomAnswer, RoomLetter } from './commands.ts';
import { ConversationRoom, type RoomDeps } from './room.ts';

const ANNOUNCE_MS = 1_000;
/** A third of the time after which a silent node loses them. */
const KEEP_MS = 3_000;
/** Rooms of one process, however small: each has file descriptors and memory in its worker. */
const ROOMS_MAX = 5_000;
const FEED = 'conversation:';
/** Configuration that decides who may be in a room, and what they may send. */
const RIGHTS: ReadonlySet<string> = new Set(['account', 'group']);

/** VID-8: every 2 s, or as often as 250 rooms would be asked at that pace. */
const MEASURE_MS = 2_000;
const MEASURED_ROOMS = 250;

export interface ConversationRoomsDeps extends Omit<RoomDeps, 'measureEveryMs'> {
  readonly nodeId: string;
}

export class ConversationRooms {
  readonly #deps: RoomDeps & ConversationRoomsDeps;
  readonly #engine: Engine;
  readonly #workers: SfuWorkers;
  readonly #log: Logger;
  readonly #rooms = new Map<string, ConversationRoom>();
  readonly #loading = new Map<string, Promise<ConversationRoom>>();
  readonly #tail: ReturnType<Engine['feeds']['tail']>;
  readonly #mailbox: { close(): Promise<void> };
  readonly #loops: readonly Loop[];
  #isDraining = false;

  constructor(deps: ConversationRoomsDeps) {
    const { engine, workers, log } = deps;
    this.#deps = { ...deps, measureEveryMs: () => MEASURE_MS * Math.max(1, this.#rooms.size / MEASURED_ROOMS) };
    this.#engine = engine;
    this.#workers = workers;
    this.#log = log;
    this.#tail = engine.feeds.tail({ onEntry: (entry) => this.#onEntry(entry), onGap: () => this.#recheck() });
    this.#mailbox = engine.phones.serve((command) => this.#take(command));
    this.#loops = [
      repeat('video.announce', ANNOUNCE_MS, () => this.#announce(), log, { firstAfterMs: 0 }),
      repeat('video.keep', KEEP_MS, () => this.#keep(), log),
    ];
  }

  get size(): number {
    return this.#rooms.size;
  }

  async close(): Promise<void> {
    this.#isDraining = true;
    await this.#announce().catch((error: unknown) => this.#log.warn({ err: error }, 'video.drain.untold'));
    await Promise.all(this.#loading.values()).catch(() => undefined); // Who asked was told.
    await Promise.all([...this.#rooms.values()].map((room) => this.#moveAway(room)));
    await this.#mailbox.close();
    await Promise.all(this.#loops.map((loop) => loop.close()));
    await this.#tail.close();
  }

  /** Refusals that a new attempt does not change are answers, so that they differ from those of the mailbox: a process that is gone. */
  async #take({ call, body }: CallCommand): Promise<string> {
    const { scope, by, command } = JSON.parse(body) as RoomLetter;
    let answer: RoomAnswer;
    try {
      const canBegin = command.do === 'open' || command.do === 'join';
      const room = await this.#room(scope, call as InteractionId, canBegin);
      answer = { body: await room.handle(by, command) };
    } catch (error) {
      this.#deps.counts.refusals++;
      if (!(error instanceof AppError) || ERRORS[error.code].retryable) throw error;
      answer = { refused: { code: error.code, ...(error.detail !== undefined && { detail: error.detail }) } };
    }
    return JSON.stringify(answer);
  }

  /** @throws AppError gone (not carried here), unavailable (draining, full, Redis is away), not_found */
  async #room(scope: Scope, id: InteractionId, canBegin: boolean): Promise<ConversationRoom> {
    const known = this.#rooms.get(id);
    if (known) {
      if (known.scope.accountId !== scope.accountId) throw new AppError('not_found');
      return known;
    }
    if (this.#isDraining || this.#rooms.size >= ROOMS_MAX)
      throw new AppError('unavailable', { detail: 'This process takes no more rooms.' });
    if (!canBegin) throw new AppError('gone', { detail: 'The room is not carried here any more: join again.' });
    const loading = this.#loading.get(id) ?? this.#load(scope, id).finally(() => this.#loading.delete(id));
    this.#loading.set(id, loading);
    return loading;
  }

  async #load(scope: Scope, id: InteractionId): Promise<ConversationRoom> {
    const holder = await this.#engine.rooms.claim(id, this.#deps.nodeId);
    if (holder !== this.#deps.nodeId) throw new AppError('unavailable', { detail: 'Another process carries the room by now.' });
    // From here on nothing of the conversation is missed; what was before is in the view that is read next.
    await this.#tail.include(scope);
    const room = await ConversationRoom.load(this.#deps, scope, id);
    this.#rooms.set(id, room);
    return room;
  }

  async #announce(): Promise<void> {
    for (const room of this.#rooms.values()) room.tick();
    await Promise.all([...this.#rooms.values()].filter(({ isDone }) => isDone).map((room) => this.#letGo(room)));
    const isDraining = this.#isDraining || this.#workers.state !== 'ready' || this.#rooms.size >= ROOMS_MAX;
    await this.#engine.phones.announce({ kind: 'sfu', host: '', port: 0, load: this.#workers.load, isDraining });
  }

  async #keep(): Promise<void> {
    const mine = [...this.#rooms.keys()] as InteractionId[];
    const kept = new Set<string>(await this.#engine.rooms.keep(mine));
    for (const id of mine.filter((one) => !kept.has(one))) {
      const room = this.#rooms.get(id);
      if (!room) continue;
      // Lapsed while Redis was away: it is still ours if nobody else took it.
      if ((await this.#engine.rooms.claim(id, this.#deps.nodeId)) === this.#deps.nodeId) continue;
      this.#log.warn({ interaction: id }, 'room.taken');
      this.#deps.counts.roomsTaken++;
      this.#rooms.delete(id);
      room.abandon();
    }
  }

  async #letGo(room: ConversationRoom): Promise<void> {
    this.#rooms.delete(room.id);
    room.abandon();
    await this.#engine.rooms.release(room.id);
  }

  async #moveAway(room: ConversationRoom): Promise<void> {
    await room.moveAway();
    this.#rooms.delete(room.id);
    await this.#engine.rooms
      .release(room.id)
      .catch((error: unknown) => this.#log.warn({ err: error, interaction: room.id }, 'room.unreleased'));
  }

  #onEntry({ type, accountId, feeds, body }: LogEntry): void {
    if (type === 'session.revoked') return this.#recheck(accountId);
    if (type === 'config.applied' && RIGHTS.has((JSON.parse(body) as EventBody<'config.applied'>).kind)) return this.#recheck(accountId);
    const feed = feeds.find((each) => each.feed.startsWith(FEED))?.feed;
    const room = feed && this.#rooms.get(feed.slice(FEED.length));
    if (room) this.#tell(room, type, body);
  }

  #tell(room: ConversationRoom, type: EventType, body: string): void {
    switch (type) {
      case 'interaction.ended':
      case 'interaction.closed':
        room.over();
        break;
      case 'interaction.taken':
      case 'interaction.requeued':
      case 'participant.left':
        room.recheck().catch(() => undefined); // Again with the next tick.
        break;
      case 'client.presence':
        room.clientPresence((JSON.parse(body) as EventBody<'client.presence'>).presence);
        break;
      default:
        break;
    }
  }

  /** Of one account, or all. */
  #recheck(accountId?: string): void {
    for (const room of this.#rooms.values())
      if (accountId === undefined || room.scope.accountId === accountId) room.recheck().catch(() => undefined); // Again with the next tick.
  }
}
