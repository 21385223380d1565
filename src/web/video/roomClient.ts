/**
 * One browser's part in the video room of one conversation. Created by widget and desk when there is a room or somebody wants one; knows no framework,
 * shows itself by signals. It is told what the room is (`takeRoom`) and what the person wants, and brings the one to the other.
 *
 * Guarantees: every change of state goes through `#go` and its table; what an earlier entry still had under way changes nothing (`#entry`);
 * outside checking and the room no device is in use. A room that was built anew (epoch), lost us (away), or does not know us (gone) is entered again.
 */
import { batch, computed, effect, signal } from '@preact/signals';
import type { Device } from 'mediasoup-client';
import { newKey } from '../socket/socketClient.ts';
import type { Elements, Joined, LinkQuality, PublicSignal, RoomView, VideoCommand, VideoRules } from '../socket/wire.ts';
import { type CallState, isInRoom, isLive, type LeftBecause, mayFollow } from './callState.ts';
import { codeOf, isPlaceLost } from './errors.ts';
import { type KeptCall, keepCall } from './keptCall.ts';
import { type DeviceKind, LocalMedia } from './localMedia.ts';
import { deviceFor, type RemoteTrack, RoomMedia } from './roomMedia.ts';

export type Side = 'customer' | 'agent';

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

const NO_TRACKS: readonly RemoteTrack[] = [];
const REJOIN_WITHIN_MS = 60_000;
const WAITS_MS = [0, 500, 1_000, 2_000, 4_000];
const FORBIDDEN: Elements = { camera: 'forbidden', microphone: 'forbidden', screen: 'forbidden' };
/** Codes after which asking again is pointless. */
const FINAL: Readonly<Record<string, LeftBecause>> = {
  gone: 'over',
  not_found: 'over',
  forbidden: 'refused',
  wrong_state: 'over',
  unauthenticated: 'refused',
};

export class RoomClient {
  readonly interaction: string;
  readonly side: Side;
  readonly state = signal<CallState>({ name: 'idle' });
  readonly room = signal<RoomView | undefined>(undefined);
  readonly kind = signal<RoomView['kind']>('video');
  readonly local = new LocalMedia();
  readonly isMuted = signal(false);
  /** Peer who speaks. */
  readonly speaker = signal<string | undefined>(undefined);
  readonly links = signal<readonly LinkQuality[]>([]);
  readonly elements = signal<Elements>(FORBIDDEN);
  /** Code of what did not work last, to be told; undefined: nothing. */
  readonly problem = signal<string | undefined>(undefined);
  readonly isBusy = signal(false);
  readonly tracks = computed(() => this.#media.value?.tracks.value ?? NO_TRACKS);
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
  readonly #stops: (() => void)[] = [];
  #device: Device | undefined;
  /** The question on screen came from the other side. */
  #isAsked = false;
  #epoch = '';
  /** Of an agent, as the room names us. */
  #userId: string | undefined;
  /** Grows with each entry and each departure. */
  #entry = 0;
  #waiting: ReturnType<typeof setTimeout> | undefined;
  #stopWaiting: (() => void) | undefined;

  constructor(options: RoomClientOptions) {
    this.#options = options;
    this.interaction = options.interaction;
    this.side = options.side;
    this.#stops.push(
      effect(() => this.#sendAll()),
      () => removeEventListener('pagehide', this.#onPageHide),
      () => removeEventListener('pageshow', this.#onPageShow),
      () => removeEventListener('online', this.#onNetwork),
    );
    addEventListener('pagehide', this.#onPageHide);
    addEventListener('pageshow', this.#onPageShow);
    addEventListener('online', this.#onNetwork);
    const connection = (navigator as { connection?: EventTarget }).connection;
    connection?.addEventListener('change', this.#onNetwork);
    this.#stops.push(() => connection?.removeEventListener('change', this.#onNetwork));
  }

  /** The room as the conversation's feed tells it; older news than what is known are passed over. */
  takeRoom(room: RoomView): void {
    const known = this.room.value;
    if (known && (room.startedAt < known.startedAt || (room.startedAt === known.startedAt && room.version < known.version))) return;
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
    if (this.state.value.name !== 'joined') return;
    this.#stopWaiting?.();
    const entry = this.#entry;
    const consumers = this.tracks.value.slice(0, 1).map(({ id }) => ({ id, isPaused: false }));
    if (consumers.length > 0) this.#ask({ do: 'watch', peer: this.peer, consumers }).catch((error) => this.#lost(entry, codeOf(error)));
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
    this.local.release();
    this.#go({ name: this.isInvited.value ? 'asking' : 'idle' });
  }

  /** From the devices into the room, which is opened if there is none. */
  async enter(): Promise<void> {
    const entry = this.#begin('joining');
    if (!this.isOpen.value) {
      try {
        const answer = await this.#ask({ do: 'open', kind: this.kind.value });
        if (entry !== this.#entry) return;
        this.takeRoom((answer as { room: RoomView }).room);
      } catch (error) {
        if (entry === this.#entry) this.#leaveFor('failed', codeOf(error));
        return;
      }
    }
    await this.#join(entry);
  }

  /** After a reload of this tab: into the same room, as the same peer, sending the same (VID-7). */
  resume(kept: KeptCall): void {
    this.peer = kept.peer;
    this.local.prefer('camera', kept.cameraId);
    this.local.prefer('microphone', kept.microphoneId);
    this.elements.value = this.#ownRules();
    this.isMuted.value = !kept.isMicrophoneOn;
    if (kept.isCameraOn) void this.switchOn('camera');
    if (this.elements.value.microphone !== 'forbidden') void this.switchOn('microphone');
    void this.#join(this.#begin('joining'));
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

  async switchOn(kind: DeviceKind, deviceId?: string): Promise<void> {
    if (this.elements.value[kind] === 'forbidden') return;
    await this.local.start(kind, deviceId);
  }

  toggleCamera(): void {
    if (this.local.camera.value.name === 'on' || this.local.camera.value.name === 'starting') this.local.stop('camera');
    else void this.switchOn('camera');
  }

  toggleMicrophone(): void {
    if (this.local.microphone.value.name === 'on') this.isMuted.value = !this.isMuted.value;
    else {
      this.isMuted.value = false;
      void this.switchOn('microphone');
    }
  }

  toggleScreen(): void {
    if (this.local.screen.value.name === 'on') this.local.unshare();
    else if (this.elements.value.screen !== 'forbidden') void this.local.share();
  }

  /** How large something is shown, and whether it is looked at. */
  watch(consumers: Extract<VideoCommand, { do: 'watch' }>['consumers']): void {
    const entry = this.#entry;
    const known = new Set(this.tracks.value.map(({ id }) => id));
    const ours = consumers.filter(({ id }) => known.has(id));
    if (ours.length > 0) this.#ask({ do: 'watch', peer: this.peer, consumers: ours }).catch((error) => this.#lost(entry, codeOf(error)));
  }

  /** For good: the conversation is not looked at any more, the page closes. */
  close(): void {
    if (isInRoom(this.state.value)) void this.#try({ do: 'leave', peer: this.peer });
    this.#depart();
    for (const stop of this.#stops) stop();
    this.local.close();
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
    const own = room.peers.find(({ id }) => id === this.peer);
    const isElsewhere = room.peers.some(({ id, role, userId }) => id !== this.peer && role === this.side && userId === this.#userId);
    // One person is in once: who entered last stays, or two windows would push each other out for ever.
    if (!own && isElsewhere) this.#leaveFor('replaced');
    else if (room.epoch !== this.#epoch || !own || own.state === 'away') this.#lost(this.#entry, 'gone');
    else void this.#media.value?.sync(room);
  }

  async #check(): Promise<void> {
    const { name } = this.state.value;
    if (this.#options.mayBegin && !(await this.#options.mayBegin(this))) return;
    // Meanwhile it may have been taken back.
    if (this.state.value.name !== name) return;
    this.elements.value = this.#ownRules();
    this.#go({ name: 'checking' });
    const { camera, microphone } = this.elements.value;
    this.isMuted.value = false;
    if (camera === 'on' && this.kind.value === 'video') void this.switchOn('camera');
    if (microphone === 'on') void this.switchOn('microphone');
  }

  #ownRules(): Elements {
    const rules = this.#options.rules();
    return (this.side === 'agent' ? rules?.agent : rules?.client) ?? FORBIDDEN;
  }

  #begin(name: 'joining' | 'rejoining'): number {
    this.#go({ name });
    return ++this.#entry;
  }

  /** Tries until it is in, or it is certain or long enough that it cannot be. */
  async #join(entry: number): Promise<void> {
    const giveUpAt = Date.now() + REJOIN_WITHIN_MS;
    for (let attempt = 0; entry === this.#entry; attempt++) {
      try {
        await this.#joinOnce(entry);
        return;
      } catch (error) {
        if (entry !== this.#entry) return;
        const code = codeOf(error);
        console.debug('centralino: the room could not be entered', error);
        const final = FINAL[code] ?? (Date.now() > giveUpAt ? 'lost' : undefined);
        if (final) {
          this.#leaveFor(final, code);
          return;
        }
        await this.#wait(WAITS_MS[Math.min(attempt + 1, WAITS_MS.length - 1)] ?? 0);
      }
    }
  }

  async #joinOnce(entry: number): Promise<void> {
    const { peer } = this;
    // Known from an earlier entry, it saves a round: the answer has all consumers.
    const rtpCapabilities = this.#device?.recvRtpCapabilities as unknown as Joined['rtpCapabilities'] | undefined;
    const joined = (await this.#ask({ do: 'join', peer, ...(rtpCapabilities && { rtpCapabilities }) })) as Joined;
    this.#device ??= await deviceFor(joined.rtpCapabilities);
    if (entry !== this.#entry) return;
    const media = new RoomMedia(this.#device, peer, joined, {
      ask: (body) => this.#ask(body),
      onLost: (why) => this.#lost(entry, why),
    });
    batch(() => {
      this.#epoch = joined.room.epoch;
      this.#userId = joined.room.peers.find(({ id }) => id === peer)?.userId;
      this.elements.value = joined.elements;
      const known = this.room.value;
      if (!known || known.startedAt !== joined.room.startedAt || known.version < joined.room.version) this.room.value = joined.room;
      this.#media.value?.close();
      this.#media.value = media;
      this.#go({ name: 'joined' });
    });
    await media.sync(this.room.value ?? joined.room, joined.consumers);
  }

  /** What the devices give is what is sent; runs whenever one of them, the wish, or the way changes. */
  #sendAll(): void {
    const media = this.#media.value;
    const { camera, microphone, screen, screenAudio } = this.local;
    const sources = { camera, microphone, screen, screenAudio } as const;
    for (const source of ['camera', 'microphone', 'screen', 'screenAudio'] as const) {
      const capture = sources[source].value;
      // Between two devices the old one is sent.
      if (capture.name !== 'starting')
        void media?.send(source, capture.name === 'on' ? capture.track : undefined, source === 'microphone' && this.isMuted.value);
    }
  }

  /** Something said that we are not in any more, or the way there broke. */
  #lost(entry: number, why: string): void {
    if (entry !== this.#entry || this.state.value.name !== 'joined') return;
    if (why === 'transport' || why === 'offline' || isPlaceLost(why)) {
      this.#closeMedia();
      void this.#join(this.#begin('rejoining'));
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
    this.#entry++;
    this.#isAsked = false;
    clearTimeout(this.#waiting);
    this.#stopWaiting?.();
    this.#closeMedia();
    this.local.release();
    this.speaker.value = undefined;
    this.links.value = [];
  }

  #closeMedia(): void {
    this.#media.value?.close();
    this.#media.value = undefined;
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#stopWaiting = resolve;
      this.#waiting = setTimeout(resolve, ms);
    });
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
    if (isLive(from) && !isLive(to)) this.local.release();
  }

  readonly #onNetwork = (): void => {
    this.#stopWaiting?.();
    this.#media.value?.restartIce();
  };

  /** A reload comes back (VID-7); a closed tab does not, and the others shall see that at once. */
  readonly #onPageHide = (): void => {
    if (isInRoom(this.state.value)) {
      const { camera, microphone } = this.local;
      keepCall({
        interaction: this.interaction,
        peer: this.peer,
        isCameraOn: camera.value.name === 'on' || camera.value.name === 'starting',
        isMicrophoneOn: microphone.value.name === 'on' && !this.isMuted.value,
        cameraId: this.local.chosen('camera'),
        microphoneId: this.local.chosen('microphone'),
      });
    }
    this.#closeMedia();
  };

  /** Shown again as it was left, without being loaded. */
  readonly #onPageShow = ({ persisted }: PageTransitionEvent): void => {
    if (persisted) this.#lost(this.#entry, 'transport');
  };
}
