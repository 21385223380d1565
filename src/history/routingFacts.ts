/**
 * What an explanation of routing is made from (BEY-2): entries of the log as history keeps them, in their order, and the documents that stood when each
 * was made. Read by `routingQueries.ts`.
 */
import type { AccountDoc, AgentDoc, QueueDoc } from '../../queues/config.ts';
import type { EventBody, EventType } from '../../queues/events.ts';
import type { Position } from './position.ts';

/** An entry without personal data. Fields that its type does not have are absent, and so are those that an older release did not write. */
export interface RoutingFact {
  readonly at: number;
  readonly place: Position;
  readonly type: EventType;
  readonly body: FactBody;
}

export interface FactBody {
  readonly i?: string;
  readonly q?: string;
  readonly a?: string;
  readonly from?: string;
  readonly step?: number;
  readonly op?: string;
  readonly what?: string;
  readonly reason?: string;
  readonly via?: string;
  readonly tok?: string;
  readonly need?: string;
  readonly pri?: number;
  readonly channel?: string;
  readonly start?: number;
  readonly to?: string;
  readonly why?: NonNullable<EventBody<'offer.made'>['why']>;
  /** Chats, calls and videos held after it: `2/1/0`. */
  readonly ld?: string;
  readonly status?: string;
  /** Signed in to, and paused alone, each joined by spaces. */
  readonly queues?: string;
  readonly paused?: string;
  readonly dv?: number;
  readonly ph?: number;
}

export interface VersionedDocs {
  account: Pick<AccountDoc, 'pauseReasons'>;
  queue: QueueDoc;
  agent: AgentDoc;
  skill: { readonly name: string };
}

/** The moment just before an entry of the log. */
export interface Moment {
  readonly at: number;
  readonly place: Position;
}

/** Reads of one account's past. */
export interface RoutingPast {
  /** All that the log says about the interaction, in order; empty when it is not the account's. */
  ofInteraction(id: string): Promise<RoutingFact[]>;
  /** What the log said about the agent before, latest first, at most some hundreds. */
  ofAgent(id: string, before: Moment): Promise<RoutingFact[]>;
  /** The latest `agent.changed` before. */
  stateOfAgent(id: string, before: Moment): Promise<RoutingFact | undefined>;
  /** As it stood before; null: deleted; undefined: not known to the account by then. */
  document<Kind extends keyof VersionedDocs>(kind: Kind, id: string, before: Moment): Promise<VersionedDocs[Kind] | null | undefined>;
  /** The latest before that was not a deletion: what it was called. */
  lastDocument<Kind extends keyof VersionedDocs>(kind: Kind, id: string, before: Moment): Promise<VersionedDocs[Kind] | undefined>;
}

/** Types that tell about an agent's work or state. */
export const AGENT_TYPES: readonly EventType[] = [
  'agent.changed',
  'interaction.created',
  'offer.made',
  'offer.gone',
  'interaction.taken',
  'interaction.requeued',
  'interaction.closed',
  'wrapup.started',
  'wrapup.extended',
  'wrapup.ended',
];

/** How far back an agent's work is looked at. */
export const AGENT_FACTS = 500;
