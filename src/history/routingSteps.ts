/**
 * The life of one interaction as routing sees it: its log entries, in order, as steps, each with where it waited and what it needed just then. Pure.
 * What a step says about people and skills are ids; `explainRouting.ts` puts the names.
 */
import type { Medium } from '../../queues/config.ts';
import type { RoutingFact } from './routingFacts.ts';
import type { RoutingStep } from './routingViews.ts';

export interface Step {
  readonly kind: RoutingStep['kind'];
  readonly fact: RoutingFact;
  /** Where it waits from then on. */
  readonly queueId: string;
  readonly agentId: string | undefined;
  /** What the decision went by. */
  readonly medium: Medium;
  /** `skill=level,skill=level`. */
  readonly need: string;
  /** Who owned it then. */
  readonly ownerId: string | undefined;
  /** Agents who missed it, declined it or lost the offer, and come last therefore. */
  readonly missedBy: ReadonlySet<string>;
  /** Agents who are offered it in the same step of the log, beside this one. */
  readonly alsoOffered: ReadonlySet<string>;
  /** It is offered or given to somebody, or was left waiting because nobody could take it. */
  readonly isDecision: boolean;
}

interface Now {
  queueId: string;
  medium: Medium;
  need: string;
  ownerId: string | undefined;
  missedBy: Set<string>;
  /** When an offer was withdrawn last. */
  withdrawnAt: number;
}

/** Entries that say nothing about routing are left out. */
export function stepsOf(facts: readonly RoutingFact[]): Step[] {
  const now: Now = { queueId: '', medium: 'chat', need: '', ownerId: undefined, missedBy: new Set(), withdrawnAt: 0 };
  const rung = offersByToken(facts);
  return facts.flatMap((fact, index) => {
    const { body } = fact;
    if (fact.type === 'offer.made' && body.why?.k === 'missed') now.missedBy = new Set();
    const before = { ...now };
    follow(now, fact);
    const { ownerId, missedBy } = fact.type === 'interaction.taken' ? before : now;
    const kind = kindOf(fact, facts[index - 1]);
    if (!kind) return [];
    const { queueId, medium, need } = now;
    const offers = fact.type === 'offer.made' ? rung.get(body.tok ?? '') : undefined;
    const isBack = fact.type === 'offer.gone' && facts[index + 1]?.type === 'interaction.queued';
    const isLeft = isBack || kind === 'queued' || kind === 'moved' || kind === 'relaxed' || kind === 'returned';
    const isDecision = (fact.type === 'offer.made' || fact.type === 'interaction.taken') && kind !== 'accepted';
    const step = { kind, fact, queueId, medium, need, ownerId, missedBy, alsoOffered: offers ?? new Set<string>() };
    return [{ ...step, agentId: body.a || undefined, isDecision: isDecision || (isLeft && !isGivenAtOnce(facts, index)) }];
  });
}

/** In ring_all several are rung under one token. */
function offersByToken(facts: readonly RoutingFact[]): Map<string, Set<string>> {
  const offers = new Map<string, Set<string>>();
  for (const { type, body } of facts) {
    if (type !== 'offer.made' || !body.tok || !body.a) continue;
    const agents = offers.get(body.tok) ?? new Set();
    offers.set(body.tok, agents.add(body.a));
  }
  return offers;
}

function follow(now: Now, { type, body, at }: RoutingFact): void {
  if (body.q && type !== 'offer.gone') now.queueId = body.q;
  switch (type) {
    case 'interaction.created':
    case 'interaction.changed':
      now.need = body.need ?? now.need;
      now.medium = (body.channel ?? now.medium) as Medium;
      // Offered as what it was no more: as what it is now nobody has missed it.
      if (body.what === 'media' && now.withdrawnAt === at) now.missedBy = new Set();
      return;
    case 'interaction.moved':
      now.need = body.need ?? '';
      now.missedBy = new Set();
      return;
    case 'offer.gone':
      if (body.reason === 'withdrawn') now.withdrawnAt = at;
      if (body.a && body.reason !== 'taken') now.missedBy = new Set(now.missedBy).add(body.a);
      return;
    case 'interaction.taken':
      now.ownerId = body.a;
      now.missedBy = new Set();
      return;
    case 'interaction.requeued':
      now.ownerId = undefined;
      return;
    default:
      return;
  }
}

function kindOf({ type, body }: RoutingFact, before: RoutingFact | undefined): Step['kind'] | undefined {
  switch (type) {
    case 'interaction.created':
      // A call that its agent placed looks for nobody.
      return body.a ? undefined : 'queued';
    case 'interaction.queued':
      // The step before it says that an offer came to nothing, or that it was moved.
      return before?.type === 'interaction.moved' || before?.type === 'offer.gone' ? undefined : 'returned';
    case 'offer.made':
      return 'offered';
    case 'offer.gone':
      return ({ expired: 'missed', declined: 'declined', taken: 'taken_by_other' } as const)[body.reason ?? ''] ?? 'withdrawn';
    case 'interaction.taken':
      return ({ accept: 'accepted', auto: 'given', claim: 'claimed' } as const)[body.via ?? ''] ?? 'transferred';
    case 'interaction.requeued':
      return body.reason === 'transfer' ? undefined : 'returned';
    case 'interaction.moved':
      return 'moved';
    case 'interaction.changed':
      return body.what === 'relaxed' ? 'relaxed' : body.what === 'media' ? 'medium' : 'priority';
    case 'recipe.ran':
      return 'recipe';
    case 'interaction.closed':
      return 'closed';
    default:
      return undefined;
  }
}

/**
 * Whether the same command goes on to offer or give it: then that is the decision. Another command may come within the same millisecond: what is
 * claimed or transferred is given by hand, and an agent who comes free looks for it in the command that left it waiting only when it came back.
 */
function isGivenAtOnce(facts: readonly RoutingFact[], index: number): boolean {
  const left = facts[index];
  const isBack = left?.type === 'offer.gone' || left?.type === 'interaction.queued' || left?.type === 'interaction.requeued';
  for (const later of facts.slice(index + 1)) {
    if (later.at !== left?.at) return false;
    if (later.type === 'offer.made') return isBack || later.body.why?.by !== 'agent';
    if (later.type === 'interaction.taken') return later.body.via === 'auto' && (isBack || later.body.why?.by !== 'agent');
  }
  return false;
}
