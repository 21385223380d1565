/**
 * What a room shows of itself (`roomView`): its state, who is in it, its version. Changed by `ConversationRoom` alone, which tells it on. The table says which change follows
 * which; a change that it does not name is a fault of ours. Media are not here: the record outlives the worker, and with `views.room` the process.
 */
import { randomBytes } from 'node:crypto';
import type { RoomPeer, RoomView } from '../protocol/video.ts';
import type { RoomMember } from './commands.ts';

type State = RoomView['state'];
type Change = 'enter' | 'end';
export type EndReason = NonNullable<RoomView['endedBecause']>;

/** invited: one side asked. open: both sides were in; stays so when one of them drops. */
const NEXT: Readonly<Record<State, Partial<Record<Change, State>>>> = {
  invited: { enter: 'open', end: 'ended' },
  open: { enter: 'open', end: 'ended' },
  ended: {},
};

/** Somebody's page in the room. One a member: a second page takes the place of the first. */
export interface Person {
  readonly id: string;
  readonly role: RoomMember['role'];
  /** Of agents. */
  readonly userId: string | undefined;
  /** Of an agent who came by a socket: ends with it. */
  readonly sessionId: string | undefined;
  readonly name: string;
  state: RoomPeer['state'];
}

/** Whose page it is. An interaction has one client. */
export function isOf(person: Pick<Person, 'role' | 'userId'>, { role, id }: RoomMember): boolean {
  return person.role === role && (role === 'customer' || person.userId === id);
}

export class RoomRecord {
  readonly people = new Map<string, Person>();
  readonly #interaction: string;
  readonly kind: RoomView['kind'];
  readonly startedBy: RoomView['startedBy'];
  readonly #startedAt: number;
  #openedAt: number | undefined;
  #ended: { readonly at: number; readonly because: EndReason } | undefined;
  #state: State;
  #epoch = newEpoch();
  #version: number;

  private constructor(view: Pick<RoomView, 'interaction' | 'kind' | 'startedBy' | 'startedAt' | 'openedAt' | 'state' | 'version'>) {
    this.#interaction = view.interaction;
    this.kind = view.kind;
    this.startedBy = view.startedBy;
    this.#startedAt = view.startedAt;
    this.#openedAt = view.openedAt;
    this.#state = view.state;
    this.#version = view.version + 1;
  }

  /** Asked for by `by`. `after`: the version of the conversation's room before. */
  static begin(interaction: string, kind: RoomView['kind'], by: RoomMember, after: number): RoomRecord {
    const startedBy = { role: by.role, name: by.name };
    return new RoomRecord({ interaction, kind, startedBy, startedAt: Date.now(), state: 'invited', version: after });
  }

  /** Of a room whose node is gone: as it was last told, with everybody away. */
  static adopt(view: RoomView): RoomRecord {
    const record = new RoomRecord(view);
    for (const { id, role, userId, name } of view.peers)
      record.people.set(id, { id, role, userId, sessionId: undefined, name, state: 'away' });
    return record;
  }

  get state(): State {
    return this.#state;
  }

  get version(): number {
    return this.#version;
  }

  get epoch(): string {
    return this.#epoch;
  }

  has(role: RoomMember['role']): boolean {
    return [...this.people.values()].some((person) => person.role === role);
  }

  enter(): void {
    this.#go('enter');
    this.#openedAt ??= Date.now();
  }

  end(because: EndReason): void {
    this.#go('end');
    this.#ended = { at: Date.now(), because };
    this.people.clear();
  }

  /** The media are gone: whoever is in must join again. */
  renew(): void {
    this.#epoch = newEpoch();
    for (const person of this.people.values()) person.state = 'away';
  }

  touch(): void {
    this.#version++;
  }

  view(producersOf: (peerId: string) => RoomPeer['producers']): RoomView {
    return {
      interaction: this.#interaction,
      kind: this.kind,
      state: this.#state,
      startedBy: this.startedBy,
      peers: [...this.people.values()].map(({ id, role, userId, name, state }) => ({
        id,
        role,
        ...(userId !== undefined && { userId }),
        name,
        state,
        producers: producersOf(id),
      })),
      startedAt: this.#startedAt,
      ...(this.#openedAt !== undefined && { openedAt: this.#openedAt }),
      ...(this.#ended && { endedAt: this.#ended.at, endedBecause: this.#ended.because }),
      epoch: this.#epoch,
      version: this.#version,
    };
  }

  #go(change: Change): void {
    const next = NEXT[this.#state][change];
    if (!next) throw new Error(`a room that is ${this.#state} cannot ${change}`);
    this.#state = next;
  }
}

function newEpoch(): string {
  return randomBytes(9).toString('base64url');
}
