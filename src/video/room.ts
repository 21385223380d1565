/**
 * A conversation's video room on the node that carries it: what a peer asks, one thing after the other; what the log tells of the conversation; what the worker and the links
 * do. Made by `ConversationRooms`, ended by `abandon` (another carries it, or nobody). Its record is told to the log by `RoomTeller`, later when Redis is away;
 * media never wait for that. Closing order: windows, quality, media; then the last word to the log, then the node lets go of it.
 */
import type { Engine, Scope } from '../../queues/engine.ts';
import type { MediaPeer } from '../../sfu/mediaPeer.ts';
import { MediaRoom } from '../../sfu/mediaRoom.ts';
import { readRtpCapabilities } from '../../sfu/parameters.ts';
import type { SfuWorkers } from '../../sfu/workers.ts';
import { AppError, assertNever } from '../base/errors.ts';
import type { InteractionId, QueueId } from '../base/ids.ts';
import type { Logger } from '../base/log.ts';
import { TokenBucket } from '../gateway/tokenBucket.ts';
import type { Joined, RoomConsumer, RoomView, VideoCommand, VideoRules } from '../protocol/video.ts';
import type { InteractionView } from '../protocol/views.ts';
import type { RoomMember } from './commands.ts';
import { consumersOf, producersOf } from './roomMedia.ts';
import { type EndReason, isOf, type Person, RoomRecord } from './roomRecord.ts';
import { differ, roomRights } from './roomRights.ts';
import { RoomSignals } from './roomSignals.ts';
import { RoomTeller } from './roomTeller.ts';
import { elementsOf, isForbidden, kindOf, videoRulesOf } from './rules.ts';
import type { VideoCounts } from './videoMetrics.ts';
import { PeerWindows } from './windows.ts';

type Command<Name extends VideoCommand['do']> = Extract<VideoCommand, { do: Name }>;

export interface RoomDeps {
  readonly engine: Engine;
  readonly workers: SfuWorkers;
  readonly log: Logger;
  /** VID-4, for one peer. */
  readonly iceServers: (peerId: string) => Joined['iceServers'];
  readonly counts: VideoCounts;
  /** Between two measurements of a room's links. */
  readonly measureEveryMs: () => number;
}

/** CHT-19. */
const AGENTS_MAX = 3;
/** VID-7: a queue that says less would end a call over a lift ride. */
const WINDOW_LEAST_MS = 15_000;
/** From when a peer connects until something is connected, however often it joins again meanwhile: TURN over TCP and DTLS on a slow phone take some 20 s. */
const MEDIA_WITHIN_MS = 60_000;
/** Longer than a page tries by itself to come back. */
const SHUT_OUT_MS = 90_000;
/** Of one member, all pages. */
const COMMANDS = { burst: 80, perSec: 20 } as const;

export class ConversationRoom {
  readonly scope: Scope;
  readonly id: InteractionId;
  readonly #deps: RoomDeps;
  readonly #teller: RoomTeller;
  /** Of those who are away. */
  readonly #windows: PeerWindows;
  /** Of those who connect, until something is connected. */
  readonly #coming: PeerWindows;
  readonly #buckets = new Map<string, TokenBucket>();
  /** By member: whose media never came, and until when they do not join again. */
  readonly #shutOut = new Map<string, number>();
  #rules: VideoRules;
  #record: RoomRecord | undefined;
  #before: RoomView | undefined;
  #media: MediaRoom | undefined;
  #signals: RoomSignals | undefined;
  #clientPresence: InteractionView['client']['presence'];
  #queue: Promise<unknown> = Promise.resolve();
  /** Commands that wait or run: what they begin must not be let go of. */
  #underWay = 0;
  #mustRecheck = false;
  #isAbandoned = false;

  private constructor(
    deps: RoomDeps,
    scope: Scope,
    view: InteractionView,
    { rules, before, windowMs }: { rules: VideoRules; before: RoomView | undefined; windowMs: number },
  ) {
    this.#deps = deps;
    this.scope = scope;
    this.id = view.id as InteractionId;
    this.#rules = rules;
    this.#before = before;
    this.#windows = new PeerWindows(Math.max(WINDOW_LEAST_MS, windowMs), (peerId) => this.#lapsed(peerId));
    this.#coming = new PeerWindows(MEDIA_WITHIN_MS, (peerId) => this.#neverCame(peerId));
    this.#clientPresence = view.client.presence;
    this.#teller = new RoomTeller({ router: deps.engine.router, log: deps.log, scope, id: this.id, medium: view.medium });
    if (before && before.state !== 'ended') {
      this.#record = RoomRecord.adopt(before);
      for (const { id } of before.peers) this.#windows.open(id);
      this.#changed();
    }
  }

  /** As it was told last, by whichever node. @throws AppError not_found, gone (conversation over), unavailable (Redis is away) */
  static async load(deps: RoomDeps, scope: Scope, id: InteractionId): Promise<ConversationRoom> {
    const { engine } = deps;
    const view = await liveView(engine, scope, id);
    const [rules, before, queue] = await Promise.all([
      videoRulesOf(engine, scope, view),
      engine.views.room(scope, id),
      engine.config.queue(scope, view.queue as QueueId),
    ]);
    const last = before === undefined ? undefined : (JSON.parse(before) as RoomView);
    return new ConversationRoom(deps, scope, view, { rules, before: last, windowMs: queue?.reconnectMs ?? 0 });
  }

  /** Nothing is under way and all was told: the node may let go of it. */
  get isDone(): boolean {
    return this.#underWay === 0 && (this.#record === undefined || this.#record.state === 'ended') && this.#teller.isDone;
  }

  /** Answers as `videoCommand` says. @throws AppError */
  handle(by: RoomMember, command: VideoCommand): Promise<unknown> {
    const bucket = this.#buckets.get(by.id) ?? new TokenBucket(COMMANDS);
    this.#buckets.set(by.id, bucket);
    if (!bucket.take()) return Promise.reject(new AppError('rate_limited', { retryAfterSec: Math.ceil(bucket.retryAfterSec) }));
    this.#underWay++;
    const carriedOut = this.#queue.then(() => this.#carryOut(by, command)).finally(() => this.#underWay--);
    this.#queue = carriedOut.catch(() => undefined);
    return carriedOut;
  }

  /** The conversation is over. */
  over(): void {
    this.#end('conversation_over');
  }

  /** Rights may have changed: who may not be here any more loses the media at once, and what may not be sent any more ends for all. */
  async recheck(): Promise<void> {
    this.#mustRecheck = true;
    const rights = await roomRights(this.#deps.engine, this.scope, this.id, [...(this.#record?.people.values() ?? [])]);
    this.#mustRecheck = false;
    if (rights.is === 'over') return this.over();
    if (rights.is === 'closed') return this.#end('closed');
    for (const person of rights.mustGo) if (this.#record?.people.get(person.id) === person) this.#remove(person);
    const before = this.#rules;
    this.#rules = rights.rules;
    // Who joins again is told what it may send, and is refused the rest.
    if (this.#media && differ(before, rights.rules)) this.#renew();
  }

  clientPresence(presence: InteractionView['client']['presence']): void {
    this.#clientPresence = presence;
    for (const person of this.#record?.people.values() ?? []) if (person.role === 'customer') this.#look(person);
  }

  /** What could not be done before: told, rechecked. Called every second. */
  tick(): void {
    this.#teller.settle();
    if (this.#mustRecheck) this.recheck().catch(() => undefined); // Redis is away: again in a second.
  }

  /** Another node shall carry it: everybody joins again there. Resolves when that was told. */
  async moveAway(): Promise<void> {
    if (this.#record && this.#record.state !== 'ended') this.#renew();
    await this.#teller.settle();
    this.abandon();
  }

  /** Lets go of all it holds, without a word. */
  abandon(): void {
    this.#isAbandoned = true;
    this.#closeMedia();
    this.#teller.close();
  }

  async #carryOut(by: RoomMember, command: VideoCommand): Promise<unknown> {
    if (this.#isAbandoned) throw new AppError('gone', { detail: 'Another process carries this room: join again.' });
    switch (command.do) {
      case 'open':
        return this.#open(by, command);
      case 'join':
        return this.#join(by, command);
      case 'decline':
        if (this.#live().state !== 'invited') throw new AppError('wrong_state', { detail: 'Both sides are in already.' });
        this.#end('declined');
        return {};
      case 'close':
        this.#live();
        this.#end('closed');
        return {};
      case 'leave':
        this.#remove(this.#person(by, command.peer));
        this.#endIfLeft();
        return {};
      case 'connect': {
        const peer = this.#peer(by, command.peer);
        await peer.connect(command.transport, command.dtlsParameters);
        if (!peer.isClosed && peer.link === 'new') this.#coming.keep(command.peer);
        return {};
      }
      case 'restartIce':
        return { iceParameters: await this.#peer(by, command.peer).restartIce(command.transport) };
      case 'produce':
        return this.#produce(by, command);
      case 'pause':
        await this.#peer(by, command.peer).pause(command.producer, command.isPaused);
        return {};
      case 'stop':
        this.#peer(by, command.peer).stop(command.producer);
        return {};
      case 'consume':
        return this.#consume(this.#peer(by, command.peer), command);
      case 'watch': {
        const peer = this.#peer(by, command.peer);
        await Promise.all(command.consumers.map(({ id, isPaused, height }) => peer.watch(id, { isPaused, height })));
        return {};
      }
      default:
        return assertNever(command);
    }
  }

  async #open(by: RoomMember, { kind }: Command<'open'>): Promise<{ room: RoomView }> {
    const { engine } = this.#deps;
    const view = await liveView(engine, this.scope, this.id);
    if (!view.owner) throw new AppError('wrong_state', { detail: 'No agent has taken the conversation yet.' });
    if (view.medium === 'voice') throw new AppError('wrong_state', { detail: 'This is a phone call.' });
    this.#rules = await videoRulesOf(engine, this.scope, view);
    if (!this.#rules.isOn) throw new AppError('forbidden', { detail: 'Video is not offered here.' });
    if (!this.#record || this.#record.state === 'ended') {
      this.#shutOut.clear();
      this.#record = RoomRecord.begin(this.id, kind, by, this.#record?.version ?? this.#before?.version ?? 0);
      this.#changed();
    }
    return { room: this.#view() };
  }

  async #join(by: RoomMember, { peer: peerId, rtpCapabilities }: Command<'join'>): Promise<Joined> {
    const record = this.#live();
    // Before anything is made: who is refused for them is not in.
    if (rtpCapabilities) readRtpCapabilities(rtpCapabilities);
    const present = record.people.get(peerId);
    if (present && !isOf(present, by)) throw new AppError('forbidden', { detail: 'That peer is somebody else.' });
    const others = [...record.people.values()].filter((person) => !isOf(person, by));
    if (by.role === 'agent' && others.filter(({ role }) => role === 'agent').length >= AGENTS_MAX)
      throw new AppError('at_capacity', { detail: `At most ${AGENTS_MAX} agents are in a room.` });
    const shutOutSec = Math.ceil(((this.#shutOut.get(memberOf(by)) ?? 0) - performance.now()) / 1_000);
    if (shutOutSec > 0) throw new AppError('rate_limited', { detail: 'Your media did not come.', retryAfterSec: shutOutSec });
    const isEntering = others.some(({ role }) => role !== by.role);
    if (isEntering) await this.#teller.becomeVideo();
    const media = await this.#mediaRoom();
    const peer = await media.add(peerId);
    if (this.#media !== media || this.#record !== record || record.state === 'ended') {
      peer.close();
      throw new AppError('gone', { detail: 'The room ended meanwhile.' });
    }
    for (const person of [...record.people.values()]) {
      if (!isOf(person, by) || person.id === peerId) continue;
      this.#coming.hand(person.id, peerId);
      this.#remove(person);
    }
    this.#windows.close(peerId);
    const userId = by.role === 'agent' ? by.id : undefined;
    const person: Person = { id: peerId, role: by.role, userId, sessionId: by.sessionId, name: by.name, state: 'joined' };
    record.people.set(peerId, person);
    peer.on('link', () => this.#look(person));
    peer.on('producers', () => this.#media === media && this.#changed());
    if (isEntering) record.enter();
    this.#deps.counts.joins++;
    if (by.role === 'customer') this.#clientPresence = 'connected';
    this.#changed();
    let consumers: RoomConsumer[] = [];
    if (rtpCapabilities) {
      peer.receiveAs(rtpCapabilities);
      const all = [...media.peers.values()].filter((other) => other !== peer);
      consumers = await consumersOf(peer, all);
    }
    return {
      room: this.#view(),
      rtpCapabilities: media.rtpCapabilities as Joined['rtpCapabilities'],
      ...peer.options,
      iceServers: this.#deps.iceServers(peerId),
      elements: elementsOf(this.#rules, by),
      consumers,
    };
  }

  async #produce(by: RoomMember, { peer: peerId, transport, source, rtpParameters, isPaused }: Command<'produce'>) {
    const peer = this.#peer(by, peerId);
    if (isForbidden(elementsOf(this.#rules, by), source)) throw new AppError('forbidden', { detail: `No ${source} from this side.` });
    const kind = kindOf(source);
    const { producer } = await peer.produce(transport, { source, kind, rtpParameters, isPaused });
    if (source === 'microphone') await this.#media?.listenTo(producer.id);
    return { producer: producer.id };
  }

  async #consume(peer: MediaPeer, { producers, rtpCapabilities }: Command<'consume'>): Promise<{ consumers: RoomConsumer[] }> {
    peer.receiveAs(rtpCapabilities);
    const others = [...(this.#media?.peers.values() ?? [])].filter((other) => other !== peer);
    return { consumers: await consumersOf(peer, others, new Set(producers)) };
  }

  /** On workers of now; made when somebody enters. */
  async #mediaRoom(): Promise<MediaRoom> {
    if (this.#media) return this.#media;
    const media = await MediaRoom.create(this.#deps.workers);
    if (this.#isAbandoned || this.#record?.state === 'ended') {
      media.close();
      throw new AppError('gone', { detail: 'The room ended meanwhile.' });
    }
    this.#media = media;
    const { engine, log, counts, measureEveryMs } = this.#deps;
    const { signals } = engine;
    this.#signals = new RoomSignals({ signals, log, counts, scope: this.scope, id: this.id, media, everyMs: measureEveryMs() });
    media.once('lost', ({ workerPid }) => {
      if (this.#media !== media) return;
      log.warn({ interaction: this.id, worker: workerPid }, 'room.lost');
      counts.roomsLost++;
      this.#renew();
    });
    return media;
  }

  /** The media are gone or go: everybody has to join again, on another worker or node. */
  #renew(): void {
    this.#closeMedia();
    this.#record?.renew();
    for (const { id } of this.#record?.people.values() ?? []) this.#windows.open(id);
    this.#changed();
  }

  #closeMedia(): void {
    this.#windows.clear();
    this.#coming.clear();
    this.#signals?.close();
    const media = this.#media;
    this.#media = undefined;
    media?.close();
  }

  #end(because: EndReason): void {
    if (!this.#record || this.#record.state === 'ended') return;
    this.#record.end(because);
    this.#closeMedia();
    this.#teller.becomeChat();
    this.#changed();
  }

  /** One side has left: nobody to talk to. Who is away may still come back. */
  #endIfLeft(): void {
    const record = this.#record;
    if (!record || record.state === 'ended') return;
    const isLeft = record.state === 'open' ? !record.has('customer') || !record.has('agent') : record.people.size === 0;
    if (isLeft) this.#end('left');
  }

  #remove({ id }: Person): void {
    this.#windows.close(id);
    this.#coming.close(id);
    if (!this.#record?.people.delete(id)) return;
    this.#media?.peers.get(id)?.close();
    this.#changed();
  }

  /** Joined or away: by its link; a client that has none yet, by its sockets. */
  #look(person: Person): void {
    if (this.#record?.people.get(person.id) !== person) return;
    const link = this.#media?.peers.get(person.id)?.link ?? 'down';
    if (link === 'up') this.#coming.close(person.id);
    const isSilent = person.role === 'customer' && this.#clientPresence !== 'connected' && link === 'new';
    const state = link === 'down' || isSilent ? 'away' : 'joined';
    if (state === person.state) return;
    person.state = state;
    if (state === 'away') this.#windows.open(person.id);
    else this.#windows.close(person.id);
    this.#changed();
  }

  #lapsed(peerId: string): void {
    const person = this.#record?.people.get(peerId);
    if (!person) return;
    this.#remove(person);
    this.#endIfLeft();
  }

  #neverCame(peerId: string): void {
    const person = this.#record?.people.get(peerId);
    if (person) this.#shutOut.set(memberOf({ role: person.role, id: person.userId ?? '' }), performance.now() + SHUT_OUT_MS);
    this.#lapsed(peerId);
  }

  #changed(): void {
    const record = this.#record;
    if (!record || this.#isAbandoned) return;
    record.touch();
    this.#teller.tell(record.version, () => JSON.stringify(this.#view()));
  }

  #view(): RoomView {
    return this.#live(true).view((id) => producersOf(this.#media?.peers.get(id)));
  }

  /** @throws AppError gone: nobody asked for a room, or it ended */
  #live(canBeOver = false): RoomRecord {
    if (!this.#record || (this.#record.state === 'ended' && !canBeOver)) throw new AppError('gone', { detail: 'There is no room.' });
    return this.#record;
  }

  /** @throws AppError gone, not_found: no such peer, or another's */
  #person(by: RoomMember, peerId: string): Person {
    const person = this.#live().people.get(peerId);
    if (!person || !isOf(person, by)) throw new AppError('not_found', { detail: 'You have no such peer here.' });
    return person;
  }

  #peer(by: RoomMember, peerId: string): MediaPeer {
    this.#person(by, peerId);
    const peer = this.#media?.peers.get(peerId);
    if (!peer) throw new AppError('gone', { detail: 'The room was built anew: join again.' });
    return peer;
  }
}

/** Of a room: it has one customer. */
const memberOf = ({ role, id }: Pick<RoomMember, 'role' | 'id'>): string => (role === 'agent' ? id : role);

/** @throws AppError not_found, gone */
async function liveView(engine: Engine, scope: Scope, id: InteractionId): Promise<InteractionView> {
  const view = await engine.views.interaction(scope, id);
  if (!view) throw new AppError('not_found');
  if (view.state === 'ended' || view.state === 'closed') throw new AppError('gone', { detail: 'The conversation is over.' });
  return view;
}
