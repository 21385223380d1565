/**
 * Why an agent was not the one, for one step: from what the log said about the agent before that step, and from the documents that stood then. The
 * checks come in the order in which the scripts make them, so the first that fails is the reason. Nothing of today is looked at, so the answer stays
 * the same when agents, skills and queues have changed or are gone.
 */
import type { AgentDoc, Medium, QueueDoc } from '../../queues/config.ts';
import type { RoutingFact, RoutingPast } from './routingFacts.ts';
import type { Step } from './routingSteps.ts';
import type { WhyNotView } from './routingViews.ts';

type Answer = Omit<WhyNotView, 'text'>;
type Held = NonNullable<WhyNotView['held']>;

const NO_PLACE = 10_001;
const DAY_MS = 86_400_000;
const MANUAL_VIAS = new Set(['claimed', 'transferred']);

/** @param queue as it stood then; null or undefined: deleted or not known */
export async function whyNot(past: RoutingPast, step: Step, agentId: string, queue: QueueDoc | null | undefined): Promise<Answer> {
  const { fact } = step;
  const isChosen = step.agentId === agentId && (fact.type === 'offer.made' || fact.type === 'interaction.taken');
  if (isChosen || step.alsoOffered.has(agentId)) return { reason: 'chosen' };
  if (step.ownerId === agentId) return { reason: 'owns_it' };
  const doc = await past.document('agent', agentId, fact);
  if (doc === undefined) return { reason: 'unknown' };
  if (doc === null || !doc.isActive) return { reason: 'inactive' };

  const facts = await past.ofAgent(agentId, fact);
  const state = facts.find(({ type }) => type === 'agent.changed') ?? (await past.stateOfAgent(agentId, fact));
  const absent = await whyAbsent(past, step, doc, state);
  if (absent) return absent;

  const busy = whyBusy(step, doc, heldBy(facts), queue, facts);
  if (busy) return busy;
  const lacking = lackedSkill(step.need, doc);
  if (lacking) return { reason: 'lacks_skill', skill: { ...lacking, name: (await past.document('skill', lacking.id, fact))?.name ?? '' } };
  if (step.missedBy.has(agentId)) return { reason: 'missed_it' };
  if (queue?.mode === 'manual') return { reason: 'manual' };
  if (MANUAL_VIAS.has(step.kind)) return { reason: 'by_hand' };
  if (fact.body.why?.k === 'sticky') return { reason: 'kept_for_other' };
  if (fact.body.why?.by === 'agent') return { reason: 'came_free' };
  return standing(step, agentId, doc, facts);
}

/** Not there: the state that the agent was in. */
async function whyAbsent(past: RoutingPast, step: Step, doc: AgentDoc, state: RoutingFact | undefined): Promise<Answer | undefined> {
  const { queueId, fact } = step;
  const signedInTo = words(state?.body.queues);
  if (state && state.body.queues === undefined) return { reason: 'not_recorded' };
  if (!state || state.body.status === 'out' || !signedInTo.includes(queueId))
    return { reason: doc.queues.includes(queueId) ? 'not_signed_in' : 'not_assigned' };
  if (state.body.status === 'paused') {
    const kept = state.body.reason ?? '';
    if (kept === '') return { reason: 'paused' };
    // A pause is kept under the name that its reason had then (pauseReasons.ts), one of the engine's own under a code.
    const account = await past.document('account', doc.accountId, fact);
    const known = account?.pauseReasons.find(({ id, name }) => id === kept || name === kept);
    return { reason: 'paused', pauseReason: { id: known?.id ?? kept, name: known?.name ?? SYSTEM_REASONS[kept] ?? kept } };
  }
  if (words(state.body.paused).includes(queueId)) return { reason: 'paused_in_queue' };
  if (state.body.dv === 0) return { reason: 'no_device' };
  return step.medium === 'voice' && doc.hasPhone && state.body.ph === 0 ? { reason: 'no_phone' } : undefined;
}

const SYSTEM_REASONS: Readonly<Record<string, string>> = { no_answer: 'missed too many offers', connection_lost: 'connection lost' };

function words(text: string | undefined): string[] {
  return text ? text.split(' ') : [];
}

/** What the agent held, by the latest entry that says so. */
function heldBy(facts: readonly RoutingFact[]): Held {
  const ld = facts.find(({ body }) => body.ld !== undefined)?.body.ld ?? '0/0/0';
  const [chat = 0, voice = 0, video = 0] = ld.split('/').map(Number);
  return { chat, voice, video };
}

function whyBusy(
  { medium, queueId }: Step,
  doc: AgentDoc,
  held: Held,
  queue: QueueDoc | null | undefined,
  facts: readonly RoutingFact[],
): Answer | undefined {
  const most = { chat: doc.capacity, voice: doc.voiceCapacity ?? 1, video: doc.videoCapacity ?? 1 };
  if (held[medium] >= most[medium]) return { reason: 'at_capacity', held };
  const others = (['chat', 'voice', 'video'] as const).filter((other) => other !== medium && held[other] > 0);
  const blockedBy = others.find((other: Medium) => !(doc.interrupts ?? []).some((rule) => rule === `${medium}>${other}`));
  if (blockedBy) return { reason: 'at_capacity', held, blockedBy };
  const limit = queue?.limitPerAgent ?? 0;
  return limit > 0 && heldOf(facts, queueId) >= limit ? { reason: 'at_queue_limit', held } : undefined;
}

const HOLDING = new Set(['offer.made', 'interaction.taken', 'wrapup.started', 'wrapup.extended']);

/** How many of a queue the agent held: those whose latest entry about the agent does not give them back. */
function heldOf(facts: readonly RoutingFact[], queueId: string): number {
  const seen = new Set<string>();
  let count = 0;
  for (const { type, body } of facts) {
    if (body.i === undefined || seen.has(body.i)) continue;
    seen.add(body.i);
    if (body.q === queueId && HOLDING.has(type)) count++;
  }
  return count;
}

function needsOf(need: string): { id: string; needed: number }[] {
  return need.split(',').flatMap((each) => {
    const [id = '', level = ''] = each.split('=');
    return id === '' ? [] : [{ id, needed: Number(level) }];
  });
}

function lackedSkill(need: string, doc: AgentDoc): { id: string; needed: number; held: number } | undefined {
  for (const { id, needed } of needsOf(need)) {
    const held = doc.skills?.[id] ?? 0;
    if (held < needed) return { id, needed, held };
  }
  return undefined;
}

/** Could have taken it, and stood behind: where, as far as the log tells. */
function standing({ fact, queueId, need }: Step, agentId: string, doc: AgentDoc, facts: readonly RoutingFact[]): Answer {
  const { why } = fact.body;
  if (!why) return { reason: 'behind' };
  const chosen = { reason: 'behind', key: why.k, chosenValue: why.v } as const;
  if (why.r === agentId) return { ...chosen, value: why.rv };
  const value = keyValue(why.k, queueId, need, doc, facts, fact.at);
  return value === undefined ? { reason: 'behind', key: why.k } : { ...chosen, value };
}

function keyValue(
  key: string,
  queueId: string,
  need: string,
  doc: AgentDoc,
  facts: readonly RoutingFact[],
  at: number,
): number | undefined {
  switch (key) {
    case 'load': {
      const { chat, voice, video } = heldBy(facts);
      return chat + voice + video;
    }
    case 'calls':
    case 'total': {
      const today = Math.floor(at / DAY_MS) * DAY_MS;
      return facts.filter((each) => each.type === 'interaction.taken' && each.body.q === queueId && each.at >= today).length;
    }
    case 'order':
      return doc.order?.[queueId] ?? NO_PLACE;
    case 'skill':
      return needsOf(need).reduce((sum, { id, needed }) => sum + ((doc.skills?.[id] ?? 0) >= needed ? (doc.skills?.[id] ?? 0) : 0), 0);
    case 'idle':
      return freedAt(facts);
    default:
      return undefined;
  }
}

/** When something the agent held was last given back. */
function freedAt(facts: readonly RoutingFact[]): number | undefined {
  return facts.find(
    ({ type }) => type === 'offer.gone' || type === 'wrapup.ended' || type === 'interaction.requeued' || type === 'interaction.closed',
  )?.at;
}
