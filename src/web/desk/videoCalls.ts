/**
 * The video rooms of the conversations this agent takes part in. Created by the desk, closed with it. What joins rooms is loaded with the first one.
 * Guarantees: at most one room has this browser's camera and microphone; entering a second one asks first.
 */
import { effect, signal } from '@preact/signals';
import { codeOf } from '../socket/commandError.ts';
import type { InteractionView, PublicSignal, RoomView, VideoCommand, VideoRules } from '../socket/wire.ts';
import type { RoomClient } from '../video/roomClient.ts';
import { ring } from './sound.ts';

export interface VideoCallsPorts {
  ask(interaction: string, body: VideoCommand): Promise<unknown>;
  rules(interaction: string): VideoRules | undefined;
  /** Whether this agent owns the conversation or takes part in it. */
  isMine(interaction: string): boolean;
  /** Nobody needs to hear of that room any more. */
  onQuiet(interaction: string): void;
  onProblem(code: string): void;
}

/** To enter another call the present one has to be left. */
export interface SecondCall {
  readonly present: RoomClient;
  answer(mayLeave: boolean): void;
}

export class VideoCalls {
  readonly clients = signal<ReadonlyMap<string, RoomClient>>(new Map());
  readonly second = signal<SecondCall | undefined>(undefined);
  readonly isLoading = signal(false);
  readonly #ports: VideoCallsPorts;
  readonly #watches = new Map<string, () => void>();
  #pending = new Map<string, Promise<RoomClient | undefined>>();

  constructor(ports: VideoCallsPorts) {
    this.#ports = ports;
  }

  of(interaction: string): RoomClient | undefined {
    return this.clients.value.get(interaction);
  }

  /** The one that has camera and microphone, or is asked to, or rings. */
  get busy(): RoomClient | undefined {
    return [...this.clients.value.values()].find(({ state }) => LIVE.has(state.value.name));
  }

  isIn(interaction: string): boolean {
    return LIVE.has(this.clients.peek().get(interaction)?.state.peek().name ?? 'idle');
  }

  /** From the agent's own feed or that of the conversation. */
  takeRoom(room: RoomView): void {
    const known = this.clients.peek().get(room.interaction);
    if (known) known.takeRoom(room);
    else if (room.state !== 'ended' && this.#ports.isMine(room.interaction))
      void this.#client(room.interaction).then((made) => made?.takeRoom(room));
  }

  takeSignal(heard: PublicSignal): void {
    if (heard.type === 'video.quality' || heard.type === 'video.speaker') this.clients.peek().get(heard.interaction)?.takeSignal(heard);
  }

  takeReconnect(): void {
    for (const client of this.clients.peek().values()) client.takeReconnect();
  }

  /** VID-2: invites the client. */
  async begin(view: InteractionView, kind: RoomView['kind']): Promise<void> {
    (await this.#client(view.id))?.begin(kind);
  }

  close(): void {
    for (const stop of this.#watches.values()) stop();
    for (const client of this.clients.peek().values()) client.close();
    this.clients.value = new Map();
  }

  #client(interaction: string): Promise<RoomClient | undefined> {
    const made = this.#pending.get(interaction) ?? this.#make(interaction);
    this.#pending.set(interaction, made);
    return made;
  }

  async #make(interaction: string): Promise<RoomClient | undefined> {
    this.isLoading.value = true;
    try {
      const { RoomClient, takeKeptCall } = await import('../video/desk.ts');
      const client = new RoomClient({
        interaction,
        side: 'agent',
        rules: () => this.#ports.rules(interaction),
        ask: (body) => this.#ports.ask(interaction, body),
        mayBegin: (wanted) => this.#mayBegin(wanted),
      });
      const kept = takeKeptCall(interaction);
      let isFirst = kept !== undefined;
      let before = '';
      this.#watches.set(
        interaction,
        effect(() => {
          const { name } = client.state.value;
          if (isFirst && kept && client.isOpen.value) {
            isFirst = false;
            queueMicrotask(() => client.resume(kept));
          }
          if (name === 'asking' && before !== name && client.isInvited.peek()) ring();
          if ((name === 'idle' || name === 'left') && LIVE.has(before)) this.#ports.onQuiet(interaction);
          before = name;
        }),
      );
      this.clients.value = new Map(this.clients.value).set(interaction, client);
      return client;
    } catch (error) {
      console.error('centralino: calls could not be loaded', error);
      this.#pending.delete(interaction);
      this.#ports.onProblem(codeOf(error));
      return undefined;
    } finally {
      this.isLoading.value = false;
    }
  }

  async #mayBegin(wanted: RoomClient): Promise<boolean> {
    const present = [...this.clients.peek().values()].find((client) => client !== wanted && LIVE.has(client.state.peek().name));
    if (!present) return true;
    const mayLeave = await new Promise<boolean>((resolve) => {
      this.second.value = { present, answer: resolve };
    });
    this.second.value = undefined;
    if (mayLeave) await leave(present);
    return mayLeave;
  }
}

const LIVE: ReadonlySet<string> = new Set(['checking', 'joining', 'joined', 'rejoining']);

/** What nobody has joined yet is taken back; else the others stay. */
function leave(client: RoomClient): Promise<void> {
  if (client.state.peek().name === 'checking') {
    client.cancel();
    return Promise.resolve();
  }
  return client.room.peek()?.state === 'invited' ? client.hangUp() : client.leave();
}
