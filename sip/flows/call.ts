/**
 * One phone call from its first INVITE to its last BYE: who it is, its legs, its state, and what everybody hears in that state. Made by `inbound.ts`, `placed.ts` (and by
 * `app/recovery.ts`); the flows say what happens, this keeps it consistent: a state that may not follow is refused, media follow the state, the desk is told.
 *
 * Closing order (`end`): state ended → rings stopped → dialogs hung up → media closed → records of the legs → forgotten.
 */

import type { QueueVoice } from '../../queues/config.ts';
import type { Offered, Scope } from '../../queues/engine.ts';
import { AppError } from '../../src/base/errors.ts';
import type { CallId, ContactId, InteractionId, LegId, QueueId, UserId } from '../../src/base/ids.ts';
import { newId } from '../../src/base/ids.ts';
import type { CallView } from '../../src/protocol/calls.ts';
import type { DialogReactions } from '../app/dialog.ts';
import type { MediaCommand } from '../app/media.ts';
import type { Codec, LegStats, Playback, RemoteMedia } from '../rtp/protocol.ts';
import { soundOf } from './hearing.ts';
import { Leg, type LegIdentity, type SavedLeg } from './leg.ts';
import { musicOf } from './sounds.ts';
import { agentOf, type CallAt, type CallState, canEnter } from './state.ts';
import type { Switchboard } from './switchboard.ts';

export interface CallIdentity {
  readonly id: CallId;
  readonly scope: Scope;
  readonly interaction: InteractionId;
  readonly contactId: ContactId;
  /** As it was sent to us; empty when withheld. */
  readonly caller: string;
  readonly callerName: string;
  readonly dialled: string;
  /** Empty: in none, as an agent's phone placed it. */
  readonly queueId: QueueId;
  readonly voice: QueueVoice;
  /** Whose phone placed it; undefined: it came to a queue's number. */
  readonly placedBy?: Placer | undefined;
}

export interface Placer {
  readonly agentId: UserId;
  readonly name: string;
  /** Of the phone. */
  readonly username: string;
}

/** What another process needs to go on with it. */
export interface SavedCall extends CallIdentity {
  readonly media: string;
  readonly startedAt: number;
  readonly answeredAt: number;
  readonly owner: UserId | undefined;
  readonly isOutOfRouting: boolean;
  readonly state: CallAt;
  readonly version: number;
  readonly legs: readonly SavedLeg[];
}

const NO_STATS: LegStats = { packetsReceived: 0, packetsLost: 0, packetsSent: 0, jitterMs: 0 };

export class Call {
  readonly id: CallId;
  readonly scope: Scope;
  readonly contactId: ContactId;
  readonly caller: string;
  readonly callerName: string;
  readonly dialled: string;
  readonly placedBy: Placer | undefined;
  readonly board: Switchboard;
  /** The process that has its media. */
  #media: string;
  readonly startedAt: number;
  interaction: InteractionId;
  queueId: QueueId;
  /** Of the queue it waits in. */
  voice: QueueVoice;
  answeredAt = 0;
  #endedAt = 0;
  /** The agent who owns the interaction, as far as the engine told us. */
  owner: UserId | undefined;
  /** Who will be told by the log to own it, and is on the phone already. */
  expectedOwner: UserId | undefined;
  /** Whom the log last named as owner: settles an accept whose reply was lost. */
  takenBy: UserId | undefined;
  /** Told before it could ring. */
  readonly earlyOffers: Pick<Offered, 'agentId' | 'token' | 'ways'>[] = [];
  /** Agent and token of offers that the log said are over (`ringing.ts`). */
  readonly goneOffers = new Set<string>();
  /** Nobody's any more in routing: nothing has to be ended there. */
  isOutOfRouting = false;
  /** When this node last said that it carries it (ms of this process). */
  carriedAt = performance.now();
  /** Redis has answered that it keeps what another process needs to go on with it. */
  isSaved = false;
  /** A command of the desk or of a phone is being carried out. */
  isBusy = false;
  /** Set while its media, which were lost, are made anew (`moveMedia.ts`): whether they are. */
  movingMedia: Promise<boolean> | undefined;
  #state: CallState = { at: 'entering' };
  #customer: Leg | undefined;
  readonly #legs = new Map<LegId, Leg>();
  readonly #playing = new Map<LegId, string>();
  readonly #announcing = new Map<LegId, { readonly id: string; readonly over: () => void }>();
  /** What is played once the phone has said where its media are: with a late offer, that is in its ACK. */
  readonly #unreached = new Map<LegId, Playback>();
  #hearing = '';
  #version: number;
  #isNoting = false;
  #isSaving = false;
  readonly #onAnswer: (() => void)[] = [];
  readonly #onEnd: (() => void)[] = [];

  constructor(board: Switchboard, identity: CallIdentity, media: string, startedAt = Date.now()) {
    this.board = board;
    this.#media = media;
    this.id = identity.id;
    this.scope = identity.scope;
    this.interaction = identity.interaction;
    this.contactId = identity.contactId;
    this.caller = identity.caller;
    this.callerName = identity.callerName;
    this.dialled = identity.dialled;
    this.placedBy = identity.placedBy;
    this.queueId = identity.queueId;
    this.voice = identity.voice;
    this.startedAt = startedAt;
    // Versions count up from the time (ms): above those of a call of the same interaction that was lost before.
    this.#version = startedAt;
    board.calls.add(this);
  }

  get media(): string {
    return this.#media;
  }
  get state(): CallState {
    return this.#state;
  }
  get at(): CallAt {
    return this.#state.at;
  }
  get isOver(): boolean {
    return this.#state.at === 'ended';
  }
  get customer(): Leg {
    if (!this.#customer) throw new Error('the call has no customer yet');
    return this.#customer;
  }
  get hasCustomer(): boolean {
    return this.#customer !== undefined;
  }
  /** Of who is there already: with the same one nothing has to be transcoded. */
  get codec(): Codec | undefined {
    return this.legs.find(({ codec }) => codec !== undefined)?.codec;
  }
  /** Who calls, to the phone that rings. */
  get shown(): { readonly user: string; readonly name: string } {
    if (this.#state.at === 'dialling' && this.placedBy) return { user: this.placedBy.username, name: this.placedBy.name };
    return { user: this.caller, name: this.callerName };
  }
  get language(): QueueVoice['language'] {
    return this.voice.language;
  }
  /** The caller was cut off before, and goes on with the interaction of then. */
  continueInteraction(interaction: InteractionId, queueId: QueueId): void {
    this.board.calls.remove(this);
    this.interaction = interaction;
    this.board.calls.add(this);
    this.movedTo(queueId);
  }
  /** It waits in another queue now, whose music and words count. */
  movedTo(queueId: QueueId): void {
    if (this.queueId === queueId) return;
    this.queueId = queueId;
    this.board.voice(this.scope, queueId).then(
      (voice) => {
        this.voice = voice;
        this.listen();
      },
      () => undefined,
    );
  }
  get legs(): readonly Leg[] {
    return [...this.#legs.values()];
  }

  /** Opens a leg's end of the media, where they are lost after they are there again. @throws AppError unavailable | rate_limited */
  async openLeg(identity: Omit<LegIdentity, 'id'> & { id?: LegId }, family: 'IPv4' | 'IPv6' = 'IPv4'): Promise<Leg> {
    const id = identity.id ?? newId('leg');
    await this.movingMedia;
    const { leg: info } = await this.board.media.ask(this.media, this.#opening(id, family));
    if (!info) throw new AppError('unavailable', { detail: 'The phone media did not open a leg.' });
    const leg = new Leg({ ...identity, id }, info);
    if (this.isOver) {
      this.tell({ do: 'leg.close', leg: id });
      throw new AppError('gone');
    }
    this.adopt(leg);
    return leg;
  }

  /** A leg over IPv4 whose end of the media was opened ahead; undefined: none is left, `openLeg` asks for one. */
  openLegAhead(identity: Omit<LegIdentity, 'id'>): Leg | undefined {
    const end = this.isOver ? undefined : this.board.media.takeEnd(this.media);
    if (!end) return undefined;
    const leg = new Leg({ ...identity, id: newId('leg') }, end);
    // Refused only where the connection was lost under it: then `Media` finds the leg missing.
    this.tell({ ...this.#opening(leg.id, 'IPv4'), end: end.end });
    this.adopt(leg);
    return leg;
  }

  #opening(leg: LegId, family: 'IPv4' | 'IPv6') {
    return { do: 'leg.open' as const, call: this.id, leg, family, silentAfterMs: this.board.silence.afterMs };
  }

  /** Its media were lost: every leg gets a new end, in that process, and hears nothing there before its phone knows of it. @throws AppError unavailable | rate_limited */
  async reopenAt(node: string): Promise<void> {
    // Of a process that only lost some of them.
    this.tell({ do: 'call.close', call: this.id });
    this.#media = node;
    const legs = this.legs;
    await Promise.all(legs.map((leg) => this.#reopen(leg)));
    this.#hearing = '';
    this.#playing.clear();
    this.#unreached.clear();
    for (const leg of legs) leg.isReached = false;
    const cut = [...this.#announcing.values()];
    this.#announcing.clear();
    this.listen();
    // What follows an announcement does not wait for the rest of it.
    for (const { over } of cut) over();
  }

  async #reopen(leg: Leg): Promise<void> {
    const { leg: info } = await this.board.media.ask(this.#media, this.#opening(leg.id, leg.family));
    if (!info) throw new AppError('unavailable', { detail: 'The phone media did not open a leg.' });
    leg.negotiation.moveTo(info);
    leg.isMisled = !leg.isConnected;
    if (leg.isMuted) this.tell({ do: 'leg.mute', leg: leg.id, isMuted: true });
  }

  adopt(leg: Leg): void {
    this.#legs.set(leg.id, leg);
    this.board.calls.addLeg(leg, this);
    if (leg.role === 'customer') this.#customer = leg;
  }

  /** The other side's description stands: its packets go there from now on. */
  connect(leg: Leg, remote: RemoteMedia): void {
    this.tell({ do: 'leg.remote', leg: leg.id, remote });
    if (leg.isReached) return;
    leg.isReached = true;
    const playback = this.#unreached.get(leg.id);
    this.#unreached.delete(leg.id);
    if (playback) this.#play(leg, playback);
  }

  /** Changes the state; false when that may not follow, e.g. because the call is over. */
  enter(next: CallState): boolean {
    if (!canEnter(this.#state.at, next.at)) {
      if (!this.isOver) this.board.log.warn({ call: this.id, from: this.#state.at, to: next.at }, 'call.state.refused');
      return false;
    }
    this.#state = next;
    this.board.log.debug({ call: this.id, state: next.at }, 'call.state');
    if (next.at !== 'ended') this.listen();
    if (agentOf(next)) this.save();
    this.note();
    return true;
  }

  /** Lets everybody hear what the state says. Called on every change of it, and when a phone holds or lets go. */
  listen(): void {
    if (!this.#customer || this.isOver) return;
    const { hears, plays } = soundOf(this.#state, this.#customer, musicOf(this.scope.accountId, this.voice.music));
    const wanted = JSON.stringify(hears);
    if (wanted !== this.#hearing) {
      this.#hearing = wanted;
      this.tell({ do: 'call.hears', call: this.id, hears });
    }
    for (const leg of this.#legs.values()) {
      const playback = plays.get(leg.id);
      const announced = this.#announcing.get(leg.id);
      // An announcement is heard to its end while there would be music, and cut when somebody is there to talk to.
      if (announced && playback) continue;
      if (announced) this.#announcing.delete(leg.id);
      if (announced || this.#playing.get(leg.id) !== playback?.id) this.#play(leg, playback);
    }
  }

  /** Plays to a leg what interrupts its music; `over` is called when it was heard, not when it was cut. */
  announce(leg: Leg, playback: Playback, over: () => void = () => undefined): void {
    if (leg.isOver || this.isOver) return;
    this.#announcing.set(leg.id, { id: playback.id, over });
    this.#play(leg, playback);
  }

  playbackEnded(legId: LegId, playback: string, reason: string): void {
    const announced = this.#announcing.get(legId);
    if (announced?.id !== playback) return;
    this.#announcing.delete(legId);
    this.#playing.delete(legId);
    this.listen();
    if (reason === 'over') announced.over();
  }

  tell(command: MediaCommand): void {
    this.board.media.tell(this.media, command);
  }

  react(leg: Leg, reactions: DialogReactions): void {
    if (leg.dialog) leg.dialog.on = reactions;
  }

  /** Ends one leg: hangs up if that was not the other side, and closes its media. Idempotent. `reason` goes into the BYE. */
  closeLeg(leg: Leg, cause: string, reason?: string): void {
    if (leg.isOver) return;
    this.#hangUp(leg, cause, reason);
    this.tell({ do: 'leg.close', leg: leg.id });
  }

  #hangUp(leg: Leg, cause: string, reason: string | undefined): void {
    leg.cause ||= cause;
    this.board.log.debug({ call: this.id, leg: leg.id, role: leg.role, cause: leg.cause }, 'leg.closed');
    leg.closed();
    leg.dialog?.bye(reason);
    this.#legs.delete(leg.id);
    this.#playing.delete(leg.id);
    this.#announcing.delete(leg.id);
    this.board.calls.closing(leg, this);
  }

  /** Nobody will ever talk on it: closed without a record. */
  discard(leg: Leg): void {
    leg.closed();
    this.#legs.delete(leg.id);
    this.board.calls.discard(leg);
    this.tell({ do: 'leg.close', leg: leg.id });
  }

  /** The last figures of a leg are here, or will not come. */
  record(leg: Leg, stats: LegStats = NO_STATS): void {
    const { id, role, name, userId = '', startedAt, answeredAt, endedAt, cause } = leg;
    const entry = {
      i: this.interaction,
      q: this.queueId,
      call: this.id,
      leg: id,
      role,
      a: userId,
      name,
      startedAt,
      answeredAt,
      endedAt,
      cause,
    };
    const note = { ...entry, stats: JSON.stringify(stats) };
    this.board.later(() => void this.board.owe('leg', () => this.board.engine.router.noteLeg(this.scope, note)));
  }

  /** Everything of it. Idempotent. What routing has to know is the flow's (`hangUp.ts`). */
  end(cause: string, reason?: string): void {
    if (this.isOver) return;
    const before = this.#state;
    this.#endedAt = Date.now();
    this.enter({ at: 'ended', cause });
    if (before.at === 'waiting') for (const ring of before.rings.values()) ring.stop();
    if (before.at === 'moving') before.ring.stop();
    // Their media close with the call's.
    for (const leg of [...this.#legs.values()]) this.#hangUp(leg, cause, reason);
    this.tell({ do: 'call.close', call: this.id });
    for (const work of this.#onEnd.splice(0)) work();
    this.board.forget(this);
    this.board.calls.remove(this);
  }

  /** Once the caller is on the phone: it hears nothing before. */
  whenAnswered(work: () => void): void {
    if (this.#customer?.isConnected) work();
    else this.#onAnswer.push(work);
  }

  /** The caller is on the phone. */
  customerAnswered(): void {
    for (const work of this.#onAnswer.splice(0)) if (!this.isOver) work();
  }

  onEnd(work: () => void): void {
    if (this.isOver) work();
    else this.#onEnd.push(work);
  }

  /** For the process that goes on with it if this one dies. Several changes of one moment are one. */
  save(): void {
    if (this.#isSaving || this.isOver) return;
    this.#isSaving = true;
    this.board.later(() => {
      this.#isSaving = false;
      if (!this.isOver) this.board.save(this);
    });
  }

  get saved(): SavedCall {
    const { id, scope, interaction, contactId, caller, callerName, dialled, placedBy, queueId, voice } = this;
    const { media, startedAt, answeredAt, owner, isOutOfRouting } = this;
    const identity = { id, scope, interaction, contactId, caller, callerName, dialled, placedBy, queueId, voice };
    const state = this.#state.at === 'held' && this.#state.by === 'desk' ? 'held' : this.#state.at;
    const legs = this.legs.filter((leg) => leg.isConnected).map((leg) => leg.saved);
    return { ...identity, media, startedAt, answeredAt, owner, isOutOfRouting, state, version: this.#version, legs };
  }

  /** The desk knows this version already, or later ones that were told after it was saved: ours go on above. */
  continueFrom(version: number): void {
    this.#version = Math.max(version, Date.now());
  }

  get view(): CallView {
    const state = this.#state;
    const shown = state.at === 'waiting' && state.rings.size > 0 ? 'ringing' : VIEWED[state.at];
    return {
      id: this.id,
      interaction: this.interaction,
      ...(this.queueId ? { queue: this.queueId } : {}),
      direction: this.placedBy ? 'outbound' : 'inbound',
      state: shown,
      // Of a caller the number, for the name is the interaction's; of a colleague the name.
      caller: this.placedBy ? this.callerName || this.caller : this.caller || this.callerName,
      dialled: this.dialled,
      legs: this.legs.map((leg) =>
        leg.view(leg.role === 'customer' && (state.at === 'held' || state.at === 'consulting') ? 'held' : 'talking'),
      ),
      startedAt: this.startedAt,
      ...(this.answeredAt ? { answeredAt: this.answeredAt } : {}),
      ...(this.#endedAt ? { endedAt: this.#endedAt } : {}),
      version: this.#version,
    };
  }

  /** Tells desk and API how the call stands. What waits and rings they know from the interaction; it is told from the first agent on. */
  note(): void {
    if (this.#isNoting || (!this.owner && !agentOf(this.#state)) || this.isOutOfRouting) return;
    this.#isNoting = true;
    // Several changes of one moment are told as one.
    this.board.later(() => {
      this.#isNoting = false;
      this.#version++;
      const note = { interactionId: this.interaction, version: this.#version, call: JSON.stringify(this.view) };
      this.board.engine.router
        .noteCall(this.scope, note)
        .catch((error: unknown) => this.board.log.debug({ err: error, call: this.id }, 'call.note.failed'));
    });
  }

  #play(leg: Leg, playback: Playback | undefined): void {
    if (playback) this.#playing.set(leg.id, playback.id);
    else this.#playing.delete(leg.id);
    if (!leg.isReached) {
      if (playback) this.#unreached.set(leg.id, playback);
      else this.#unreached.delete(leg.id);
      return;
    }
    this.tell(playback ? { do: 'leg.play', leg: leg.id, playback } : { do: 'leg.stop', leg: leg.id });
  }
}

const VIEWED: Readonly<Record<CallAt, CallView['state']>> = {
  entering: 'waiting',
  dialling: 'dialling',
  waiting: 'waiting',
  moving: 'ringing',
  talking: 'talking',
  held: 'held',
  consulting: 'consulting',
  conference: 'conference',
  diverted: 'talking',
  ended: 'ended',
};
