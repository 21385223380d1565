/**
 * What the rest of the system may ask of the routing engine. One method of `Router` is one Lua script: it checks, changes, matches and
 * appends its events in one step, so a caller never has to clean up after a failed one. Expected outcomes are returned; a lost Redis throws
 * `AppError('unavailable')`, a lapsed lease `AppError('fenced')`.
 */
import type { ErrorCode } from '../src/base/errors.ts';
import type { AccountId, ContactId, GroupId, InteractionId, QueueId, UserId } from '../src/base/ids.ts';
import type { Logger } from '../src/base/log.ts';
import type { AgentView, InteractionView, Message, QueueFigures } from '../src/protocol/views.ts';
import type { AccountDoc, AgentDoc, ConfigEntry, GroupDoc, Medium, QueueDoc, SkillNeed } from './config.ts';
import type { EventBody, EventType } from './events.ts';
import type { Phones, PhoneWays } from './phones.ts';

/** Where an account's state lives: scripts, keys and log of one partition share a hash tag. */
export interface Scope {
  readonly accountId: AccountId;
  readonly partition: number;
}

export type Refused = {
  readonly ok: false;
  readonly code: ErrorCode;
  readonly detail?: string /** Name of the agent who was first, for `already_taken`. */;
  readonly owner?: string;
};
export type Outcome<Value = Record<never, never>> = ({ readonly ok: true } & Value) | Refused;

/** Place in an event feed. */
export interface FeedCursor {
  readonly epoch: string;
  readonly off: number;
}

/** An entry of a partition's event log. `body` is the JSON of `eventBodies[type]`. */
export interface LogEntry {
  readonly partition: number;
  /** Redis stream id, `milliseconds-sequence`; unique within the partition and growing. */
  readonly id: string;
  readonly version: number;
  readonly type: EventType;
  readonly at: number;
  readonly accountId: string;
  /** The feeds it was appended to, each with its offset there; state feeds carry offset 0. */
  readonly feeds: readonly { readonly feed: string; readonly off: number }[];
  readonly body: string;
  /** Of an offer: the interaction, for `readRow`. */
  readonly row?: string;
}

/** An event as a feed keeps it. `body` is the JSON of `eventBodies[type]`. */
export interface FeedEvent {
  readonly off: number;
  readonly type: EventType;
  readonly at: number;
  readonly body: string;
}

export interface NewInteraction {
  /** By default a new one; simulation and replay choose it, so that the same run has the same ids. */
  readonly id?: InteractionId;
  readonly queueId: QueueId;
  readonly groupId: GroupId;
  readonly contactId: ContactId;
  /** Same contact and same key: the first interaction is returned again. */
  readonly key: string;
  readonly name: string;
  readonly email: string;
  readonly language: string;
  /** JSON of `page`, or empty. */
  readonly page: string;
  readonly userAgent: string;
  /** First message of the client, sent in the same step; empty: none. */
  readonly text: string;
  /** Socket or call leg that opened it; empty: the client's presence is not watched. */
  readonly connectionId: string;
  /** By default the queue's channel. */
  readonly medium?: Medium;
  /** RTE-3, besides what the queue asks for. */
  readonly required?: readonly SkillNeed[];
  readonly preferred?: readonly SkillNeed[];
  /** RTE-1: added to the queue's priority. */
  readonly priority?: number;
  /** Virtual start of waiting (Unix ms), never later than now: a callback or a redial keeps its place. */
  readonly start?: number;
  /** By default inbound. */
  readonly origin?: 'inbound' | 'callback' | 'campaign' | 'offline';
}

export interface Sender {
  readonly role: 'customer' | 'agent' | 'supervisor' | 'system';
  readonly id: UserId | ContactId | '';
  readonly name: string;
}

export interface NewMessage {
  readonly interactionId: InteractionId;
  /** The sender's id for it; the same one again returns the first result. */
  readonly mid: string;
  readonly from: Sender;
  readonly visibility: string;
  readonly text?: string;
  readonly file?: { readonly id: string; readonly name: string; readonly type: string; readonly size: number };
  /** Agents: take the untaken interaction by this message (CHT-6). */
  readonly isClaim: boolean;
}

export interface AgentCommand {
  readonly agentId: UserId;
  readonly queues?: readonly QueueId[];
  readonly key: string;
  /** Done for the agent by somebody who supervises the queues. */
  readonly isSupervisor?: boolean;
}

/** RTE-9: where a waiting interaction stands. */
export interface QueuePlace {
  /** 1: the next, of those that wait in its queue. */
  readonly position: number;
  /** BEY-4; undefined when nothing is known to go by. */
  readonly estimatedWaitMs: number | undefined;
}

/** An offer that a command's own match made: who carries the interaction need not wait for the log to tell. */
export interface Offered {
  readonly agentId: UserId;
  readonly token: string;
  readonly due: number;
  /** Of a call to an agent who has phones: where it rings. */
  readonly ways?: PhoneWays;
}

/** An offer of a call, as the answer to the command that made it tells: of any interaction, perhaps of one that another process carries. */
export interface OfferMade extends Offered {
  readonly interactionId: InteractionId;
  readonly ways: PhoneWays;
}

export interface Router {
  /** WID-6, RTE-12. Refuses: log_full, account_inactive, not_found (queue), rate per contact is the gateway's. */
  startInteraction(
    scope: Scope,
    command: NewInteraction,
  ): Promise<Outcome<{ interaction: InteractionView; off: number; isRepeat: boolean; offers: readonly Offered[] }>>;
  /**
   * RTE-5: an agent calls somebody. It owns the call from now on, in no queue, and holds a call's capacity until `endInteraction` or `closeInteraction`; when this node's
   * lease lapses and nobody attaches the client again, for some 10 s. The same id again has no effect. Offers without room beside it go to others.
   * Refuses: log_full, account_inactive, not_found (agent).
   */
  placeCall(
    scope: Scope,
    call: { interactionId: InteractionId; agentId: UserId; contactId: ContactId; name: string; connectionId: string },
  ): Promise<Outcome>;
  /** Who was called has answered: it can be handed on from now on. Refuses: not_found, gone, wrong_state. */
  answerPlaced(scope: Scope, call: { interactionId: InteractionId }): Promise<Outcome>;
  /** Appends to the conversation. Refuses: not_found, gone, forbidden (not a participant), already_taken, at_capacity, not_signed_in. */
  sendMessage(scope: Scope, message: NewMessage): Promise<Outcome<{ off: number; at: number; isRepeat: boolean }>>;
  markRead(scope: Scope, mark: { interactionId: InteractionId; by: 'client' | 'staff'; memberId: string; upTo: number }): Promise<Outcome>;

  acceptOffer(
    scope: Scope,
    offer: { interactionId: InteractionId; agentId: UserId; token: string },
  ): Promise<Outcome<{ interaction: InteractionView }>>;
  declineOffer(scope: Scope, offer: { interactionId: InteractionId; agentId: UserId; token: string }): Promise<Outcome>;
  claimInteraction(
    scope: Scope,
    claim: { interactionId: InteractionId; agentId: UserId; key: string },
  ): Promise<Outcome<{ interaction: InteractionView }>>;
  transferInteraction(
    scope: Scope,
    transfer: { interactionId: InteractionId; from: UserId; to: UserId; key: string; isSupervisor: boolean },
  ): Promise<Outcome>;
  inviteParticipant(
    scope: Scope,
    invite: { interactionId: InteractionId; by: UserId; agentId: UserId; key: string; isSupervisor: boolean },
  ): Promise<Outcome>;
  leaveInteraction(scope: Scope, leave: { interactionId: InteractionId; agentId: UserId; key: string }): Promise<Outcome>;
  /** The conversation is over; the owner still has to close it. By the client (contact id) or by owner or supervisor. */
  endInteraction(
    scope: Scope,
    end: { interactionId: InteractionId; by: 'client' | 'agent'; memberId: UserId | ContactId; isSupervisor: boolean },
  ): Promise<Outcome>;
  /** Owner or supervisor closes with an outcome; wrap-up begins; the next match is made. Refuses: outcome_required, forbidden, gone. */
  closeInteraction(
    scope: Scope,
    close: { interactionId: InteractionId; agentId: UserId; outcome: string; note: string; key: string; isSupervisor: boolean },
  ): Promise<Outcome>;
  rateInteraction(
    scope: Scope,
    rating: { interactionId: InteractionId; contactId: ContactId; value: number; comment: string },
  ): Promise<Outcome>;
  /** APP-7: the agent, while the wrap-up runs; an empty note leaves what was written. Refuses: not_found, wrong_state, outcome_required. */
  changeOutcome(
    scope: Scope,
    change: { interactionId: InteractionId; agentId: UserId; outcome: string; note: string; key: string },
  ): Promise<Outcome>;
  endWrapUp(scope: Scope, wrapUp: { interactionId: InteractionId; agentId: UserId; isSupervisor: boolean }): Promise<Outcome>;
  extendWrapUp(
    scope: Scope,
    wrapUp: { interactionId: InteractionId; agentId: UserId; byMs: number; key: string; isSupervisor: boolean },
  ): Promise<Outcome>;

  /** RTE-1: changes the interaction's own priority (0–1,000); it keeps its start. Refuses: not_found, gone. */
  prioritizeInteraction(scope: Scope, change: { interactionId: InteractionId; priority: number }): Promise<Outcome>;
  /**
   * VOX-4: the owner (or a supervisor) sends it to another queue, where it waits with its virtual start. Refuses: not_found, forbidden, gone, wrong_state.
   */
  requeueInteraction(
    scope: Scope,
    move: { interactionId: InteractionId; from: UserId; queueId: QueueId; key: string; isSupervisor: boolean },
  ): Promise<Outcome>;
  /** How its call stands, for those who follow the conversation and for `views.call`. An older version changes nothing. */
  noteCall(scope: Scope, note: { interactionId: InteractionId; version: number; call: string }): Promise<Outcome>;
  /** As `noteCall`, of its video room: `views.room`. */
  noteRoom(scope: Scope, note: { interactionId: InteractionId; version: number; room: string }): Promise<Outcome>;
  /** A leg is over: into the log, for history. Also after the interaction was closed. */
  noteLeg(scope: Scope, leg: EventBody<'call.leg'>): Promise<Outcome>;
  /** VID-2, BEY-1: what carries it changes. Refuses: not_found, gone, at_capacity (the owner could not hold it beside the rest). */
  changeMedium(scope: Scope, change: { interactionId: InteractionId; medium: Medium }): Promise<Outcome>;

  /**
   * `queues` absent: all the agent is assigned to. Others only where the account lets users sign in anywhere or a supervisor does it (ACC-5): such a
   * temporary sign-in lasts until signed out. Refuses: not_found, forbidden.
   */
  signIn(scope: Scope, agent: AgentCommand): Promise<Outcome<{ agent: AgentView }>>;
  signOut(scope: Scope, agent: AgentCommand): Promise<Outcome<{ agent: AgentView }>>;
  /** `queues` absent: all of them, until resumed; with queues: only those (RTE-4). */
  pause(scope: Scope, agent: AgentCommand & { reason: string }): Promise<Outcome<{ agent: AgentView }>>;
  resume(scope: Scope, agent: AgentCommand): Promise<Outcome<{ agent: AgentView }>>;

  /** Presence. A connection belongs to this process's lease; when the lease lapses they are detached for it. Attach ends a reconnect window. */
  attachClient(
    scope: Scope,
    socket: { interactionId: InteractionId; contactId: ContactId; connectionId: string },
  ): Promise<Outcome<{ interaction: InteractionView }>>;
  /** The client's last socket gone starts the reconnect window (APP-6). */
  detachClient(scope: Scope, socket: { interactionId: InteractionId; connectionId: string }): Promise<Outcome>;
  attachDevice(
    scope: Scope,
    /** `isPhone`: calls can reach the agent there. An agent with configured phones (`AgentDoc.hasPhone`) is offered calls only while one is live. */
    socket: { agentId: UserId; deviceId: string; deviceName: string; connectionId: string; isPhone?: boolean },
  ): Promise<Outcome<{ agent: AgentView }>>;
  detachDevice(scope: Scope, socket: { agentId: UserId; deviceId: string; connectionId: string }): Promise<Outcome>;
}

/** Which SFU node carries the video room of an interaction. One node at most; who is silent about a room for 10 s carries it no more. */
export interface Rooms {
  /** The node that carries it from now on: the asked one, or who was first. */
  claim(id: InteractionId, node: string): Promise<string>;
  /** Of this node's rooms, those that are still its own; each for another 10 s. */
  keep(ids: readonly InteractionId[]): Promise<InteractionId[]>;
  /** Let go of by its node, this one unless another is named: one that is silent. Of no effect when it is another's meanwhile. */
  release(id: InteractionId, node?: string): Promise<void>;
  holder(id: InteractionId): Promise<string | undefined>;
}

/** Reads for snapshots; each is consistent with the feed offset it returns. */
export interface Views {
  conversation(
    scope: Scope,
    id: InteractionId,
  ): Promise<{ cursor: FeedCursor; interaction: InteractionView; messages: Message[]; hasEarlier: boolean } | undefined>;
  /** Messages with offsets below `before`, oldest first; undefined when the conversation has left Redis (read PostgreSQL). */
  earlierMessages(
    scope: Scope,
    id: InteractionId,
    before: number,
    limit: number,
  ): Promise<{ messages: Message[]; hasEarlier: boolean } | undefined>;
  interaction(scope: Scope, id: InteractionId): Promise<InteractionView | undefined>;
  /** The last `noteCall`, JSON. */
  call(scope: Scope, id: InteractionId): Promise<string | undefined>;
  /** The last `noteRoom`, JSON. */
  room(scope: Scope, id: InteractionId): Promise<string | undefined>;
  agent(
    scope: Scope,
    id: UserId,
  ): Promise<
    | {
        cursor: FeedCursor;
        agent: AgentView;
        offers: { interaction: InteractionView['id']; token: string; expiresAt: number }[];
        interactions: InteractionView[];
      }
    | undefined
  >;
  /** The agent without what it holds, which is cheaper. */
  agentState(scope: Scope, id: UserId): Promise<AgentView | undefined>;
  /** Waiting first, longest first, then served; at most 200. */
  queue(scope: Scope, id: QueueId): Promise<{ cursor: FeedCursor; interactions: InteractionView[] } | undefined>;
  /** Occupancy is work for each agent online, so it is read when asked for; else it is absent. */
  figures(scope: Scope, id: QueueId, options?: { readonly withOccupancy?: boolean }): Promise<QueueFigures | undefined>;
  /** How many wait or ring in the queue that need the skill at some level. Reads all that is open there. */
  countNeeding(scope: Scope, id: QueueId, skill: string): Promise<number>;
  /** undefined when it does not wait. */
  place(scope: Scope, id: InteractionId): Promise<QueuePlace | undefined>;
  /** The contact's conversations that still stand in Redis, newest first. */
  ofContact(scope: Scope, id: ContactId): Promise<InteractionView[]>;
  /** In the order of their ids, those behind `after`; `limit` at most are read. `next`: where it goes on, absent at the end. */
  agents(
    scope: Scope,
    page: { readonly after?: string | undefined; readonly limit: number },
  ): Promise<{ agents: AgentView[]; next?: string }>;
  /** Queues that the agent is signed in to without being assigned (ACC-5). One cheap read: asked with every request of the person. */
  temporaryQueues(scope: Scope, id: UserId): Promise<string[]>;
}

export interface Feeds {
  /** What came after the cursor, in order; `reload` when that can no longer be known exactly. */
  read(
    scope: Scope,
    feed: string,
    after: FeedCursor,
  ): Promise<{ kind: 'events'; cursor: FeedCursor; events: FeedEvent[] } | { kind: 'reload' }>;
  /**
   * Follows the logs of the included partitions from their tails, storing no position; entries of one partition come in order and once. When
   * that cannot be kept (Redis lost entries) `onGap` is called and the tail goes on: read every feed again.
   */
  tail(listener: { onEntry(entry: LogEntry): void; onGap(): void }): {
    /** From when it resolves on, every entry of the scope's partition is told. True: it was not followed here before. @throws when Redis is away */
    include(scope: Pick<Scope, 'partition'>): Promise<boolean>;
    close(): Promise<void>;
  };
}

/** Where a durable reader keeps its position; `apply` commits the effect and the position of the last entry in one transaction. */
export interface DurableSink {
  readonly name: string;
  position(partition: number): Promise<string | undefined>;
  apply(partition: number, entries: readonly LogEntry[]): Promise<void>;
}

export interface Signals {
  /** Best effort, to every process. `topic` is a feed name. */
  publish(scope: Scope, topic: string, payload: string): void;
  follow(listener: (topic: string, payload: string) => void): { close(): Promise<void> };
}

/** A sign-in session (the record behind a token). The token is `cs_<session id>_<secret>`; only a hash of the secret is stored. */
export interface Session {
  readonly id: string;
  readonly accountId: AccountId;
  readonly userId: UserId;
  readonly createdAt: number;
  readonly lastSeenAt: number;
  readonly expiresAt: number;
  readonly ip: string;
  readonly userAgent: string;
  /** `second_factor`: the password was right, the code is still missing. */
  readonly stage: 'second_factor' | 'full';
  /** Snapshot of name and rights (JSON), so that serving goes on without PostgreSQL; replaced when rights change. */
  readonly principal: string;
}

export interface Sessions {
  create(
    scope: Scope,
    session: { userId: UserId; ip: string; userAgent: string; stage: Session['stage']; principal: string; ttlMs: number },
  ): Promise<{ token: string; session: Session }>;
  /** undefined: unknown, expired, revoked, or the secret is wrong. Moves `lastSeenAt` at most once a minute. */
  find(token: string): Promise<{ scope: Scope; session: Session } | undefined>;
  /** Second factor passed. */
  complete(scope: Scope, sessionId: string, principal: string, ttlMs: number): Promise<boolean>;
  list(scope: Scope, userId: UserId): Promise<Session[]>;
  /** Ends sessions of a user (all, or the named) at once; their sockets are closed through the log event `session.revoked`. */
  revoke(scope: Scope, userId: UserId, options: { sessionIds?: readonly string[]; except?: string; reason: string }): Promise<number>;
  /** The user's rights changed: every open session gets the new snapshot, and open sockets check again. */
  refresh(scope: Scope, userId: UserId, principal: string): Promise<number>;
}

/** A small expiring store for the edges: idempotency answers, one-time marks. Keys are namespaced by the caller. */
export interface Shelf {
  get(scope: Scope, key: string): Promise<string | undefined>;
  /** Stores unless present; returns the value that stands. */
  keep(scope: Scope, key: string, value: string, ttlMs: number): Promise<{ value: string; isNew: boolean }>;
  put(scope: Scope, key: string, value: string, ttlMs: number): Promise<void>;
  remove(scope: Scope, key: string): Promise<void>;
}

export interface Rates {
  /** Counts `points` against `key` (negative points give back); `retryAfterSec` > 0 when the limit of `limit` in `windowSec` is passed. */
  take(key: string, limit: number, windowSec: number, points?: number): Promise<{ isAllowed: boolean; retryAfterSec: number }>;
}

export interface Config {
  /** Writes copies; older versions are refused silently. Returns how many were newer. */
  apply(entries: readonly ConfigEntry[]): Promise<number>;
  /** Places the account on a partition (done once, from the account's row). `publicId`: by which a SIP domain names it. */
  place(accountId: AccountId, partition: number, publicId?: string): Promise<void>;
  /**
   * The account that a SIP domain is of (VOX-1): the one whose public identifier is the first label (`demo.pbx.example`); else, where there is one account
   * only, that one.
   */
  accountOfDomain(host: string): Promise<AccountId | undefined>;
  scopeOf(accountId: AccountId): Promise<Scope | undefined>;
  account(scope: Scope): Promise<AccountDoc | undefined>;
  queue(scope: Scope, id: QueueId): Promise<QueueDoc | undefined>;
  agent(scope: Scope, id: UserId): Promise<AgentDoc | undefined>;
  queues(scope: Scope): Promise<QueueDoc[]>;
  group(scope: Scope, id: GroupId): Promise<GroupDoc | undefined>;
  /** By the public identifier in the snippet; cached for a second unless `isFresh`. */
  groupByPublicId(publicId: string, options?: { readonly isFresh?: boolean }): Promise<{ scope: Scope; group: GroupDoc } | undefined>;
  /** Version of every copy, by `kind:id`, for the reconciler. */
  versions(scope: Scope): Promise<Map<string, number>>;
}

export interface Lease {
  readonly nodeId: string;
  readonly epoch: string;
  /** Called once when the lease lapsed (the process was stopped, Redis lost it): close what you hold; a new epoch begins after all callbacks ran. */
  onLost(callback: () => void | Promise<void>): void;
}

export interface Engine {
  readonly router: Router;
  readonly views: Views;
  readonly feeds: Feeds;
  readonly signals: Signals;
  readonly sessions: Sessions;
  readonly shelf: Shelf;
  readonly rates: Rates;
  readonly config: Config;
  readonly phones: Phones;
  readonly rooms: Rooms;
  readonly lease: Lease;
  /**
   * Tells the offers of calls that commands of this process made, in the order of their answers and before those are told: a match need not come back by the
   * log. That tells them as well, perhaps before. The returned function ends it.
   */
  onOffers(listener: (offers: readonly OfferMade[]) => void): () => void;
  /** Partitions whose log is over its budget, so that new interactions are refused there. @throws AppError unavailable */
  fullPartitions(): Promise<number[]>;
  /** Round trip to Redis in milliseconds. @throws AppError unavailable */
  ping(): Promise<number>;
  /** Gives the lease back (others detach what was attached) and disconnects. */
  close(reason: string): Promise<void>;
}

export interface EngineOptions {
  readonly redisUrl: string;
  readonly nodeId: string;
  readonly log: Logger;
  /** Prefix of every key; tests use their own. */
  readonly prefix?: string;
  /** Explicit time (Unix ms) for partitions marked virtual: simulation, replay and model tests. */
  readonly virtualNow?: () => number;
  /** What scripts draw from, 8 characters or so; by default random. Simulation and replay give their own. */
  readonly chance?: () => string;
}
