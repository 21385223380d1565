/**
 * One browser's part in the video room of one conversation. Created by widget and desk when there is a room or somebody wants one; knows no framework,
 * shows itself by signals. It is told what the room is (`takeRoom`) and what the person wants, and brings the one to the other.
 *
 * Guarantees: every change of state goes through `#go` and its table; one `Entry` at a time, so what an earlier one still had under way changes nothing;
 * outside checking and the room no device is in use. A room that was built anew (epoch), lost us (away), or does not know us (gone) is entered again.
 */
import { batch, computed, effect, signal } from '@preact/signals';
import { newKey } from '../socket/socketClient.ts';
import type { Elements, Joined, LinkQuality, PublicSignal, RoomView, VideoCommand, VideoRules } from '../socket/wire.ts';
import { type CallState, isInRoom, isLive, type LeftBecause, mayFollow } from './callState.ts';
import { Entry } from './entry.ts';
import { codeOf, isPlaceLost } from './errors.ts';
import { followPage } from './followPage.ts';
import { type KeptCall, keepCall } from './keptCall.ts';
import { FORBIDDEN, OwnMedia } from './ownMedia.ts';
import type { RemoteTrack, RoomMedia } from './roomMedia.ts';
import { isOlder, type Side, standingIn } from './standing.ts';

export interface RoomClientOptions {
  readonly interaction: string;
  readonly side: Side;
  /** What the group says; undefined until it is known. */
  rules(): VideoRules | undefined;
  /** To the room. @throws with `code` */
  ask(body: VideoCommand): Promise<unknown>;
  /** Before devices are used: another call may have them. @returns whether this one may */
  mayBegin?(client: RoomClient): Promise<boolean>;
}

type Looks = Extract<VideoCommand, { do: 'watch' }>['consumers'];

const NO_TRACKS: readonly RemoteTrack[] = [];

export class RoomClient {
  readonly interaction: string;
  readonly side: Side;
  readonly state = signal<CallState>({ name: 'idle' });
  readonly room = signal<RoomView | undefined>(undefined);
  readonly kind = signal<RoomView['kind']>('video');
  readonly own = new OwnMedia();
  /** Peer who speaks. */
  readonly speaker = signal<string | undefined>(undefined);
  readonly links = signal<readonly LinkQuality[]>([]);
  /** Code of what did not work last, to be told; undefined: nothing. */
  readonly problem = signal<string | undefined>(undefined);
  readonly tracks = computed(() => this.#media.value?.tracks.value ?? NO_TRACKS);
  readonly mediaLink = computed(() => this.#media.value?.link.value ?? 'up');
  /** The others who are in, or will come back. */
  readonly others = computed(() => this.room.value?.peers.filter(({ id }) => id !== this.peer) ?? []);
  /** The other side waits for our answer. */
  readonly isInvited = computed(() => {
    const room = this.room.value;
    return room?.state === 'invited' && room.startedBy.role !== this.side;
  });
  readonly isOpen = computed(() => this.room.value !== undefined && this.room.value.state !== 'ended');
  peer = newKey();
  readonly #options: RoomClientOptions;
  readonly #media = signal<RoomMedia | undefined>(undefined);
  readonly #stops: readonly (() => void)[];
  /** The question on screen came from the other side. */
  #isAsked = false;
  #epoch = '';
  /** Of an agent, as the room names us. */
  #userId: string | undefined;
  #entry: Entry | undefined;

  constructor(options: RoomClientOptions) {
    this.#options = options;
    this.interaction = options.interaction;
    this.side = options.side;
    this.#stops = [
      effect(() => this.own.sendBy(this.#media.value)),
      followPage({
        onHide: () => this.#keep(),
        onBack: () => this.#lost('transport'),
        onNetwork: () => {
          this.#entry?.hurry();
          this.#media.value?.restartIce();
        },
      }),
    ];
  }

  /** The room as the conversation's feed tells it; older news than what is known are passed over. */
  takeRoom(room: RoomView): void {
    if (isOlder(room, this.room.value)) return;
    batch(() => {
      this.room.value = room;
      if (room.state === 'ended') this.#takeEnd(room);
      else this.#takeRunning(room);
    });
  }

  takeSignal(heard: PublicSignal): void {
    if (heard.type === 'video.speaker') this.speaker.value = heard.peer ?? undefined;
    else if (heard.type === 'video.quality') this.links.value = heard.links;
  }

  /** The socket is there again after it was lost: the room may have taken us for gone. */
  takeReconnect(): void {
    if (this.state.value.name === 'joined') this.#watch(this.tracks.value.slice(0, 1).map(({ id }) => ({ id, isPaused: false })));
    else this.#entry?.hurry();
  }

  /** The person wants a call: first the policy, where there is one and it concerns them, then the devices. */
  begin(kind: RoomView['kind']): void {
    this.kind.value = kind;
    this.problem.value = undefined;
    if (this.side === 'customer' && this.#options.rules()?.policy) this.#go({ name: 'asking' });
    else void this.#check();
  }

  /** Says yes: to the invitation, and to the policy when it was shown; or joins what is going on. */
  agree(): void {
    if (this.isOpen.value && this.room.value) this.kind.value = this.room.value.kind;
    void this.#check();
  }

  /** Says no. An invitation is answered by it; an own wish is dropped. */
  async refuse(): Promise<void> {
    const isAsked = this.isInvited.value;
    this.#go({ name: 'idle' });
    if (isAsked) await this.#try({ do: 'decline' });
  }

  /** Back from the devices. */
  cancel(): void {
    this.own.local.release();
    this.#go({ name: this.isInvited.value ? 'asking' : 'idle' });
  }

  /** From the devices into the room, which is opened if there is none. */
  async enter(): Promise<void> {
    const entry = this.#begin('joining');
    if (!this.isOpen.value) {
      try {
        const answer = await this.#ask({ do: 'open', kind: this.kind.value });
        if (entry.isClosed) return;
        this.takeRoom((answer as { room: RoomView }).room);
      } catch (error) {
        if (!entry.isClosed) this.#leaveFor('failed', codeOf(error));
        return;
      }
    }
    await entry.run();
  }

  /** After a reload of this tab: into the same room, as the same peer, sending the same (VID-7). */
  resume(kept: KeptCall): void {
    this.peer = kept.peer;
    this.own.resume(this.#ownRules(), kept);
    void this.#begin('joining').run();
  }

  /** Only this browser goes; the others stay. */
  async leave(): Promise<void> {
    this.#leaveFor('you');
    await this.#try({ do: 'leave', peer: this.peer });
  }

  /** Ends it for everybody; one that nobody has joined yet is taken back. */
  async hangUp(): Promise<void> {
    const isRunning = this.room.value?.state === 'open';
    this.#leaveFor('you');
    await this.#try({ do: isRunning ? 'close' : 'decline' });
  }

  /** Puts the end aside. */
  dismiss(): void {
    this.problem.value = undefined;
    if (this.state.value.name === 'left') this.#go({ name: 'idle' });
  }

  /** How large something is shown, and whether it is looked at. */
  watch(consumers: Looks): void {
    const known = new Set(this.tracks.value.map(({ id }) => id));
    this.#watch(consumers.filter(({ id }) => known.has(id)));
  }

  /** For good: the conversation is not looked at any more, the page closes. */
  close(): void {
    if (isInRoom(this.state.value)) void this.#try({ do: 'leave', peer: this.peer });
    this.#depart();
    for (const stop of this.#stops) stop();
    this.own.local.close();
  }

  #takeEnd(room: RoomView): void {
    const { name } = this.state.value;
    if (name === 'idle' || name === 'left') return;
    // An own wish that has not come to a room yet is not ended by the end of an older one.
    if ((name === 'asking' || name === 'checking') && !this.#isAsked) return;
    const because = room.endedBecause;
    this.#leaveFor(because === 'conversation_over' ? 'over' : (because ?? 'closed'));
  }

  #takeRunning(room: RoomView): void {
    const { name } = this.state.value;
    if (!isInRoom(this.state.value)) {
      if (this.isInvited.value && (name === 'idle' || name === 'left')) {
        this.kind.value = room.kind;
        this.#isAsked = true;
        this.#go({ name: 'asking' });
      } else if (name === 'asking' && this.#isAsked && !this.isInvited.value) {
        // A colleague, or another tab of the visitor, answered.
        this.#isAsked = false;
        this.#go({ name: 'idle' });
      }
      return;
    }
    if (name !== 'joined') return;
    const { peer, side } = this;
    const standing = standingIn(room, { peer, side, userId: this.#userId, epoch: this.#epoch });
    if (standing === 'replaced') this.#leaveFor('replaced');
    else if (standing === 'lost') this.#lost('gone');
    else void this.#media.value?.sync(room);
  }

  async #check(): Promise<void> {
    const { name } = this.state.value;
    if (this.#options.mayBegin && !(await this.#options.mayBegin(this))) return;
    // Meanwhile it may have been taken back.
    if (this.state.value.name !== name) return;
    this.#go({ name: 'checking' });
    this.own.begin(this.#ownRules(), this.kind.value);
  }

  #ownRules(): Elements {
    const rules = this.#options.rules();
    return (this.side === 'agent' ? rules?.agent : rules?.client) ?? FORBIDDEN;
  }

  #begin(name: 'joining' | 'rejoining'): Entry {
    this.#go({ name });
    this.#entry?.close();
    this.#entry = new Entry(this.peer, name === 'rejoining', {
      ask: (body) => this.#ask(body),
      onJoined: (joined, media) => this.#joined(joined, media),
      onRefused: (because, code) => this.#leaveFor(because, code),
      onLost: (why) => this.#lost(why),
    });
    return this.#entry;
  }

  #joined(joined: Joined, media: RoomMedia): void {
    const { room, elements } = joined;
    batch(() => {
      this.#epoch = room.epoch;
      this.#userId = room.peers.find(({ id }) => id === this.peer)?.userId;
      this.own.allow(elements);
      if (!isOlder(room, this.room.value)) this.room.value = room;
      this.#closeMedia();
      this.#media.value = media;
      this.#go({ name: 'joined' });
    });
    void media.sync(this.room.value ?? room, joined.consumers);
  }

  #watch(consumers: Looks): void {
    const entry = this.#entry;
    if (consumers.length === 0) return;
    this.#ask({ do: 'watch', peer: this.peer, consumers }).catch((error: unknown) => {
      if (entry === this.#entry) this.#lost(codeOf(error));
    });
  }

  /** Something said that we are not in any more, or the way there broke. */
  #lost(why: string): void {
    if (this.state.value.name !== 'joined') return;
    if (why === 'transport' || why === 'offline' || isPlaceLost(why)) {
      this.#closeMedia();
      void this.#begin('rejoining').run();
    } else this.problem.value = why;
  }

  #leaveFor(because: LeftBecause, problem?: string): void {
    batch(() => {
      this.#depart();
      this.problem.value = problem;
      this.#go({ name: 'left', because });
    });
  }

  /** Out of the room, or of the way to it. */
  #depart(): void {
    this.#entry?.close();
    this.#entry = undefined;
    this.#isAsked = false;
    this.#closeMedia();
    this.own.local.release();
    this.speaker.value = undefined;
    this.links.value = [];
  }

  #closeMedia(): void {
    this.#media.value?.close();
    this.#media.value = undefined;
  }

  #ask(body: VideoCommand): Promise<unknown> {
    return this.#options.ask(body);
  }

  /** What need not succeed: it is over for us anyhow. */
  async #try(body: VideoCommand): Promise<void> {
    await this.#ask(body).catch((error: unknown) => console.debug('centralino: the room did not take it', error));
  }

  #go(to: CallState): void {
    const from = this.state.value;
    if (from.name === to.name && to.name !== 'left') return;
    if (!mayFollow(from, to)) throw new Error(`a call does not go from ${from.name} to ${to.name}`);
    this.state.value = to;
    if (isLive(from) && !isLive(to)) this.own.local.release();
  }

  /** A reload comes back (VID-7); a closed tab does not, and the others shall see that at once. */
  #keep(): void {
    if (isInRoom(this.state.value)) keepCall({ interaction: this.interaction, peer: this.peer, ...this.own.kept() });
    this.#closeMedia();
  }
}
