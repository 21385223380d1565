/**
 * What phones need of Redis beside the routing itself: copies of their configuration, where they are registered, which processes serve them, and a way to
 * reach the process that carries a call. Types only; the engine creates the implementation (`Engine.phones`).
 */
import { z } from 'zod';
import type { AccountId, UserId } from '../src/base/ids.ts';
import type { Scope } from './engine.ts';

/** Realm of every digest (RFC 3261 22), ours as well as what the stored HA1s are made for. */
export const SIP_REALM = 'centralino';

/** A DID or an internal extension: who calls it reaches the queue (VOX-1). Unique in an account; a DID (E.164 with +) over all accounts. */
export const numberDoc = z.object({
  kind: z.literal('number'),
  id: z.string(),
  accountId: z.string(),
  number: z.string().regex(/^\+?[0-9*#]{1,32}$/),
  label: z.string().max(100),
  queueId: z.string(),
  isActive: z.boolean(),
});
export type NumberDoc = z.infer<typeof numberDoc>;

/** A phone of an agent. `sip`: registers with `username` (unique over all accounts); `external`: an outside number that is dialled through a trunk. */
export const phoneDoc = z.object({
  kind: z.literal('phone'),
  id: z.string(),
  accountId: z.string(),
  userId: z.string(),
  name: z.string().max(100),
  type: z.enum(['sip', 'external']),
  username: z.string().max(64),
  /** HA1 = MD5(username:realm:password), and SHA-256's, each sealed (`src/base/seal`, `sealPurpose`); never plain. */
  sealedHa1: z.string(),
  sealedHa1Sha256: z.string(),
  number: z.string().max(64),
  /** What colleagues dial, unique in the account. */
  extension: z.string().max(8).optional(),
  isActive: z.boolean(),
});
export type PhoneDoc = z.infer<typeof phoneDoc>;

export const trunkDoc = z.object({
  kind: z.literal('trunk'),
  id: z.string(),
  accountId: z.string(),
  name: z.string().max(100),
  /** `address`: known by where it sends from. `registers`: it registers with us like a phone. `provider`: we register with it. */
  type: z.enum(['address', 'registers', 'provider']),
  /** Addresses or CIDR prefixes that calls may come from. */
  sources: z.array(z.string().max(64)).max(50),
  host: z.string().max(255),
  port: z.number().int().min(0).max(65_535),
  transport: z.enum(['udp', 'tcp', 'tls']),
  username: z.string().max(64),
  /** `host[:port]` that requests go to first, by `transport` (RFC 3261 8.1.2); absent: none. */
  outboundProxy: z.string().max(262).optional(),
  /** Type `provider`: what digest calls us; absent: the user name. */
  authUsername: z.string().max(64).optional(),
  /** Type `registers`: HA1; type `provider`: the password, which digest needs. */
  sealedSecret: z.string(),
  /** Prefixes of numbers that may be dialled through it (E.164, with +); empty: none. */
  prefixes: z.array(z.string().regex(/^\+[0-9]{0,15}$/)).max(200),
  callerId: z.string().max(64),
  /** Calls at once; new calls a minute; 0: none. */
  maxCalls: z.number().int().min(0),
  maxCallsPerMinute: z.number().int().min(0),
  /** Minutes of outbound talk a day (UTC) after which it dials no more: the spend cap; 0: no cap. */
  maxMinutesPerDay: z.number().int().min(0),
  isActive: z.boolean(),
});
export type TrunkDoc = z.infer<typeof trunkDoc>;

export const phonesConfigDoc = z.discriminatedUnion('kind', [numberDoc, phoneDoc, trunkDoc]);
export type PhonesConfigDoc = z.infer<typeof phonesConfigDoc>;
export interface PhonesConfigEntry {
  readonly kind: PhonesConfigDoc['kind'];
  readonly id: string;
  readonly accountId: string;
  readonly version: number;
  readonly doc: PhonesConfigDoc | null;
}

/**
 * The way back to a phone at its edge, and the next hop of a request that goes there: the far end of the message as the edge names it (drachtio's meta line), which
 * an embedded edge answers on the connection it came by.
 */
export function flowOf(protocol: string, address: string, port: number): string {
  const host = address.includes(':') && !address.startsWith('[') ? `[${address}]` : address;
  return `sip:${host}:${port};transport=${protocol.toLowerCase()}`;
}

/** A registered phone (RFC 3261 10, RFC 5626). */
export interface Binding {
  readonly phoneId: string;
  readonly contact: string;
  /** The edge it registered at, and the way to it there (`flowOf`). */
  readonly edge: string;
  readonly flow: string;
  readonly userAgent: string;
  readonly callId: string;
  readonly cseq: number;
  /** RFC 5626 `+sip.instance` and reg-id, else the contact: what a re-registration replaces. */
  readonly instance: string;
  readonly expiresAt: number;
}

/** Where a call rings an agent. */
export interface PhoneWays {
  /** Of the agent, for display. */
  readonly name: string;
  /** Live ones. */
  readonly bindings: readonly Binding[];
  /** Outside numbers that are phones of the agent. */
  readonly external: readonly PhoneDoc[];
}

export type NodeKind = 'edge' | 'rtp' | 'sip' | 'sfu';
/** A process that serves phones or video rooms, as it says of itself every second; forgotten after 5 s of silence. */
export interface PhoneNode {
  readonly kind: NodeKind;
  readonly id: string;
  readonly epoch: string;
  /** Where its protocol is spoken: the edge's application port, the media's control port. */
  readonly host: string;
  readonly port: number;
  /** Of use to choose: live legs and the most it will carry; 1 − load decides. */
  readonly load: number;
  readonly isDraining: boolean;
}

/** What the desk, the API or another node asks of the node that carries a call. Answered once by `reply`. */
export interface CallCommand {
  readonly id: string;
  readonly call: string;
  /** JSON of `src/protocol/calls.ts` `callCommand`. */
  readonly body: string;
}

export interface Phones {
  /** Older versions are refused silently. Returns how many were newer. */
  apply(entries: readonly PhonesConfigEntry[]): Promise<number>;
  /** Version of every copy, by `kind:id`, for the reconciler. */
  versions(accountId: AccountId): Promise<Map<string, number>>;

  /** A number as it was dialled; `accountId` given: among that account's own first. */
  number(dialled: string, accountId?: AccountId): Promise<{ scope: Scope; doc: NumberDoc } | undefined>;
  phoneByUsername(username: string): Promise<{ scope: Scope; doc: PhoneDoc } | undefined>;
  /** As colleagues dial it. */
  phoneByExtension(scope: Scope, extension: string): Promise<PhoneDoc | undefined>;
  phonesOf(scope: Scope, agentId: UserId): Promise<PhoneDoc[]>;
  /** Of all accounts; kept in memory, at most a second old. */
  trunks(): Promise<readonly { readonly scope: Scope; readonly doc: TrunkDoc }[]>;

  /**
   * Adds or replaces (RFC 3261 10.3: refuses a CSeq below the one that stands under the same Call-ID; the same request again is answered again).
   * `hasFirst`: the phone had none before. From then until its last binding is gone the phone is a live device of the agent, called `name`; no process holds it.
   */
  bind(
    scope: Scope,
    agentId: UserId | '',
    binding: Binding,
    name?: string,
  ): Promise<{ isAccepted: boolean; hasFirst: boolean; bindings: Binding[] }>;
  unbind(
    scope: Scope,
    phoneId: string,
    instance: string | '*',
    order: { callId: string; cseq: number },
  ): Promise<{ isAccepted: boolean; bindings: Binding[] }>;
  /** Of every phone of the agent, live ones only. */
  bindingsOf(scope: Scope, agentId: UserId): Promise<Binding[]>;
  bindings(scope: Scope, phoneId: string): Promise<Binding[]>;
  /** Those that run out, and those of an edge that is gone, up to `limit`; each is told to one caller only. */
  takeLapsed(limit: number): Promise<{ scope: Scope; agentId: UserId | ''; binding: Binding }[]>;
  /** The flow closed: what was bound to it is gone (RFC 5626 4.2.1). Asked by the edge, with its node id and `flowOf` the far end. */
  unbindFlow(edge: string, flow: string): Promise<{ scope: Scope; agentId: UserId | ''; binding: Binding }[]>;

  announce(node: Omit<PhoneNode, 'id' | 'epoch'>): Promise<void>;
  nodes(kind: NodeKind): Promise<PhoneNode[]>;
  /** Which of those that bindings name are there. */
  liveEdges(): Promise<ReadonlySet<string>>;

  /** What another process needs to go on with a call of this node; replaces what was saved of it. */
  saveCall(call: string, doc: string): Promise<void>;
  forgetCall(call: string): Promise<void>;
  /** Of the calls that this node saved, those that nobody took. */
  ownCalls(): Promise<ReadonlySet<string>>;
  /** Whether other nodes saved calls that nobody took yet: live ones, or such as are gone. */
  areCallsElsewhere(): Promise<boolean>;
  /** The saved calls of SIP nodes that are gone; each is given to one asker only. */
  takeLapsedCalls(): Promise<string[]>;

  /** One of the `most` calls that a trunk carries at once, by a name that the caller chooses; false: all are taken. It is free again when nobody keeps it for 15 s. */
  takePlace(trunk: string, place: string, most: number): Promise<boolean>;
  keepPlaces(trunk: string, places: readonly string[]): Promise<void>;
  leavePlace(trunk: string, place: string): Promise<void>;

  /** Which node carries a call (or an interaction's call), for 10 s after its last word. */
  carry(calls: readonly { readonly call: string; readonly interaction: string }[]): Promise<void>;
  carrier(callOrInteraction: string): Promise<{ node: string; call: string } | undefined>;
  /** Not carried out any more once it cannot be answered within `timeoutMs`. @throws AppError unavailable | gone (no such node), with the answer's own error otherwise */
  ask(node: string, command: CallCommand, timeoutMs?: number): Promise<string>;
  /** This node's mailbox; `handle` answers or throws an AppError. A command id that comes twice gets the first answer. */
  serve(handle: (command: CallCommand) => Promise<string>): { close(): Promise<void> };
}
