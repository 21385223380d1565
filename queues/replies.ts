/** Turns what Redis answers (flat lists of texts) into the views of the protocol. Pure. */
import type { InteractionId, UserId } from '../src/base/ids.ts';
import type { AgentView, InteractionView, Message } from '../src/protocol/views.ts';
import type { FeedEvent, Offered, OfferMade } from './engine.ts';
import { type EventBody, type EventType, eventBodies } from './events.ts';
import { type Binding, type PhoneDoc, type PhonesConfigDoc, phonesConfigDoc } from './phones.ts';

type Flat = readonly unknown[];

/** `[field, value, …]` as an object. */
export function toFields(flat: unknown): Record<string, string> {
  const fields: Record<string, string> = {};
  if (!Array.isArray(flat)) return fields;
  for (let at = 0; at + 1 < flat.length; at += 2) fields[String(flat[at])] = String(flat[at + 1]);
  return fields;
}

const number = (text: string | undefined): number => (text === undefined || text === '' ? 0 : Number(text));

/** The hash `i:<id>` as an interaction view; undefined when it is no more. */
export function toInteraction(id: string, flat: unknown): InteractionView | undefined {
  const h = toFields(flat);
  if (h['acc'] === undefined || h['st'] === undefined) return undefined;
  const parts = h['parts'] ? (JSON.parse(h['parts']) as [string, string][]) : [];
  return {
    id,
    queue: h['q'] ?? '',
    ...(h['g'] ? { group: h['g'] } : {}),
    state: h['st'] as InteractionView['state'],
    medium: (h['ch'] ?? 'chat') as InteractionView['medium'],
    priority: number(h['pri']),
    required: toNeeds(h['need']),
    client: {
      id: h['c'] ?? '',
      name: h['cn'] ?? '',
      presence: (h['pres'] ?? 'gone') as InteractionView['client']['presence'],
      ...(h['presUntil'] ? { presenceUntil: Number(h['presUntil']) } : {}),
    },
    ...(h['own'] ? { owner: { id: h['own'], name: h['ownN'] ?? '' } } : {}),
    participants: parts.map(([agent, name]) => ({ id: agent, name })),
    createdAt: number(h['created']),
    ...(h['started'] ? { startedAt: Number(h['started']) } : {}),
    ...(h['ended'] ? { endedAt: Number(h['ended']), endedBy: h['endBy'] ?? '' } : {}),
    ...(h['closed'] ? { closedAt: Number(h['closed']) } : {}),
    ...(h['outcome'] ? { outcome: h['outcome'] } : {}),
    ...(h['rating'] ? { rating: Number(h['rating']) } : {}),
    language: h['lg'] ?? '',
    ...(h['pg'] ? { page: JSON.parse(h['pg']) as NonNullable<InteractionView['page']> } : {}),
    ...(h['ua'] ? { userAgent: h['ua'] } : {}),
    ...(h['lm'] ? { lastMessage: JSON.parse(h['lm']) as NonNullable<InteractionView['lastMessage']> } : {}),
    unread: number(h['unread']),
    readByClient: number(h['rc']),
    readByStaff: number(h['rs']),
    isUnanswered: h['una'] !== undefined && h['una'] !== '',
    ...(h['una'] ? { unansweredSince: Number(h['una']) } : {}),
    off: number(h['off']),
  };
}

/** To whom the hash `i:<id>` is offered at the moment. */
export function toOffers(flat: unknown): Offered[] {
  const h = toFields(flat);
  if (h['st'] !== 'offered' || !h['oa']) return [];
  return h['oa'].split(',').map((agent) => ({ agentId: agent as UserId, token: h['tok'] ?? '', due: number(h['due']) }));
}

/** The offers among the knocks of an answer (`scripts/lib/base.lua`); empty where there are none. */
export function toOffersMade(knocks: unknown): OfferMade[] {
  const offers: OfferMade[] = [];
  if (!Array.isArray(knocks)) return offers;
  for (let at = 0; at + 1 < knocks.length; at += 2) {
    if (knocks[at] !== 'offer') continue;
    const [interaction, agent, token, due, account, name, bindings, phones] = knocks[at + 1] as readonly unknown[];
    const docs = (phones as readonly string[]).map((json) => phonesConfigDoc.parse(JSON.parse(json)));
    const isOurs = (doc: PhonesConfigDoc): doc is PhoneDoc =>
      doc.kind === 'phone' && doc.type === 'external' && doc.isActive && doc.userId === agent && doc.accountId === account;
    offers.push({
      interactionId: interaction as InteractionId,
      agentId: agent as UserId,
      token: String(token),
      due: Number(due),
      ways: {
        name: String(name),
        bindings: (bindings as readonly string[]).map((json) => JSON.parse(json) as Binding),
        external: docs.filter(isOurs),
      },
    });
  }
  return offers;
}

/** `skill=level,skill=level` */
function toNeeds(text: string | undefined): InteractionView['required'] {
  if (!text) return [];
  return text.split(',').map((need) => {
    const [skill = '', level] = need.split('=');
    return { skill, level: number(level) };
  });
}

/** A feed entry `[id, [field, value, …]]`. */
export function toFeedEvent(entry: unknown): FeedEvent {
  const [id, flat] = entry as [string, Flat];
  const h = toFields(flat);
  return { off: Number(id.slice(0, id.indexOf('-'))), type: h['t'] as EventType, at: Number(h['at']), body: h['d'] ?? '{}' };
}

/** A `message.sent` body as a message of the protocol. */
export function toMessage(at: number, body: EventBody<'message.sent'>): Message {
  return {
    off: body.off,
    at,
    mid: body.mid,
    from: { role: body.role as Message['from']['role'], id: body.by, name: body.n },
    ...(body.text === undefined ? {} : { text: body.text }),
    ...(body.file === undefined ? {} : { file: body.file }),
    visibility: body.vis,
  };
}

/** The messages among feed entries given newest first; oldest first. */
export function toMessages(entriesNewestFirst: readonly unknown[]): Message[] {
  const messages: Message[] = [];
  for (const entry of entriesNewestFirst) {
    const event = toFeedEvent(entry);
    if (event.type === 'message.sent') messages.push(toMessage(event.at, eventBodies['message.sent'].parse(JSON.parse(event.body))));
  }
  return messages.reverse();
}

/** The answer of `readAgent` after its epoch. */
export function toAgent(id: string, answer: Flat): AgentView {
  const h = toFields(answer[1]);
  const wrapUps = (answer[4] as readonly [string, string, string | null, string | null, string, string, string][]).map(
    ([interaction, until, canEnd, canExtend, queue, client, outcome]) => ({
      interaction,
      until: Number(until),
      canEnd: canEnd === '1',
      canExtend: canExtend === '1',
      queue,
      client,
      ...(outcome === '' ? {} : { outcome }),
    }),
  );
  const offers = answer[3] as readonly unknown[];
  const queues = answer[2] as readonly [string, string, string, number, number, string | null][];
  const load = number(h['load']);
  const placedCalls = Number(answer[7] ?? 0);
  const capacity = number(h['cap']);
  const [voice, video] = [number(h['lv']), number(h['lw'])];
  return {
    id,
    name: h['n'] ?? '',
    status: statusOf(h['st'] ?? 'out', {
      offers: offers.length,
      wrapUps: wrapUps.length,
      isFull: placedCalls > 0 || (load > 0 && isFull(h)),
    }),
    ...(h['st'] === 'paused' ? { pauseReason: h['why'] ?? '' } : {}),
    since: number(h['since']),
    queues: queues.map(([queue, name, mode, isSignedIn, isTemporary, pauseReason]) => ({
      id: queue,
      name,
      mode,
      isSignedIn: Number(isSignedIn) === 1,
      isTemporary: Number(isTemporary) === 1,
      ...(pauseReason === null ? {} : { pauseReason }),
    })),
    load,
    capacity,
    media: {
      chat: { load: load - voice - video, capacity },
      voice: { load: voice, capacity: number(h['cv']) },
      video: { load: video, capacity: number(h['cw']) },
    },
    placedCalls,
    wrapUps,
    devices: Object.entries(toFields(answer[5])).map(([device, entry]) => {
      const [connection, , , ...name] = entry.split('|');
      return { id: device, name: name.join('|'), isLive: connection !== '' };
    }),
    ...(h['hp'] === '1' && (h['ph'] ?? '') === '' ? { isPhoneless: true } : {}),
  };
}

/** Whether no medium has room beside what the agent holds; the same rule as `lib/agents.lua`. */
function isFull(h: Record<string, string>): boolean {
  const held: Record<string, number> = { voice: number(h['lv']), video: number(h['lw']) };
  held['chat'] = number(h['load']) - number(h['lv']) - number(h['lw']);
  const most: Record<string, number> = { chat: number(h['cap']), voice: number(h['cv']), video: number(h['cw']) };
  const rules = (h['irr'] ?? '').split(' ');
  const media = ['chat', 'voice', 'video'];
  const hasRoom = (medium: string) =>
    (held[medium] ?? 0) < (most[medium] ?? 0) &&
    media.every((other) => other === medium || held[other] === 0 || rules.includes(`${medium}>${other}`));
  return !media.some(hasRoom);
}

/** RTE-4: what the agent's state is called, from what it holds. */
function statusOf(state: string, holds: { offers: number; wrapUps: number; isFull: boolean }): AgentView['status'] {
  if (state === 'out') return 'signed_out';
  if (state === 'paused') return 'paused';
  if (holds.offers > 0) return 'offered';
  if (holds.wrapUps > 0) return 'wrap_up';
  return holds.isFull ? 'busy' : 'available';
}
