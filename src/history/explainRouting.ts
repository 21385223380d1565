/**
 * Explains the routing of one interaction (BEY-2): every decision with who was chosen, the key that decided, the runner-up and who was left out; and, asked
 * about an agent, why that one was not chosen. Made from what was written then, with the names of then.
 */
import type { QueueDoc } from '../../queues/config.ts';
import type { FactBody, Moment, RoutingPast } from './routingFacts.ts';
import { type Step, stepsOf } from './routingSteps.ts';
import type { RoutingStep, RoutingView, WhyView } from './routingViews.ts';
import { whyNot } from './routingWhyNot.ts';
import { excludedText, keyText, stepText, whyNotText } from './routingWords.ts';

export interface ExplainOptions {
  /** Why not this one? */
  readonly agentId?: string | undefined;
  /** Steps in queues that the asker may not see are left out. */
  readonly isVisible: (queueId: string) => boolean;
  /** Whether the asker may see what is said about others than `agentId`: runners-up and who was left out. */
  readonly seesOthers: (queueId: string) => boolean;
  /** The number of the last step that was shown; 0: from the first on. */
  readonly after: number;
  /** How many steps at most. */
  readonly limit: number;
}

export interface Explanation extends Omit<RoutingView, 'nextCursor'> {
  /** There is more behind the last step. */
  readonly hasMore: boolean;
}

/** Undefined: the account has no such interaction, or nothing of it is for the asker. Steps keep their numbers, whoever asks and from wherever. */
export async function explainRouting(past: RoutingPast, id: string, options: ExplainOptions): Promise<Explanation | undefined> {
  const facts = await past.ofInteraction(id);
  const steps = stepsOf(facts)
    .map((step, index) => ({ step, seq: index + 1 }))
    .filter(({ step }) => options.isVisible(step.queueId));
  const last = steps.at(-1);
  if (!last) return undefined;
  const left = steps.filter(({ seq }) => seq > options.after);
  const decisions: RoutingStep[] = [];
  for (const { step, seq } of left.slice(0, options.limit)) decisions.push(await explainStep(past, step, seq, options));
  const { agentId } = options;
  return {
    interaction: id,
    ...(agentId ? { agent: { id: agentId, name: await agentName(past, agentId, last.step.fact) } } : {}),
    decisions,
    hasMore: left.length > options.limit,
  };
}

async function explainStep(past: RoutingPast, step: Step, seq: number, options: ExplainOptions): Promise<RoutingStep> {
  const { fact, kind, queueId, agentId } = step;
  const queue = await past.document('queue', queueId, fact);
  const queueName = queue?.name ?? (await lastName(past, queueId, fact));
  const agent = agentId ? { id: agentId, name: await agentName(past, agentId, fact) } : undefined;
  const why = fact.body.why && (await explainWhy(past, fact.body.why, fact, options.seesOthers(queueId)));
  const isNeedTold = kind === 'relaxed' || kind === 'moved' || (kind === 'queued' && step.need !== '');
  return {
    seq,
    at: fact.at,
    kind,
    queue: { id: queueId, name: queueName },
    ...(agent ? { agent } : {}),
    text: stepText(kind, agent?.name || agent?.id || '', queueName || queueId, why?.text ?? detailOf(kind, fact.body)),
    ...(isNeedTold ? { required: await namedNeeds(past, step.need, fact) } : {}),
    ...(why ? { why } : {}),
    ...(options.agentId && step.isDecision ? { whyNot: await answerFor(past, step, options.agentId, queue, queueName) } : {}),
  };
}

async function answerFor(
  past: RoutingPast,
  step: Step,
  agentId: string,
  queue: QueueDoc | null | undefined,
  queueName: string,
): Promise<RoutingStep['whyNot']> {
  const answer = await whyNot(past, step, agentId, queue);
  const name = (await agentName(past, agentId, step.fact)) || agentId;
  const { reason, ...facts } = answer;
  return { reason, text: whyNotText(answer, name, queueName || step.queueId), ...facts };
}

async function explainWhy(past: RoutingPast, why: NonNullable<FactBody['why']>, before: Moment, seesOthers: boolean): Promise<WhyView> {
  const { by, k, v, r, rv, n, x } = why;
  const text = keyText(by, k, v, rv);
  if (!seesOthers) return { by, key: k, text: keyText(by, k, v, rv), value: v, compared: n, excluded: [] };
  const excluded = Object.entries(x)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([reason, count]) => ({ reason, count, text: excludedText(by, reason, count) }));
  const runnerUp = r === '' ? undefined : { id: r, name: by === 'interaction' ? await agentName(past, r, before) : '', value: rv };
  return { by, key: k, text, value: v, ...(runnerUp ? { runnerUp } : {}), compared: n, excluded };
}

/** What an entry without `why` says itself. */
function detailOf(kind: Step['kind'], body: FactBody): string | undefined {
  if (kind === 'closed') return body.reason;
  if (kind === 'returned') return body.reason?.replaceAll('_', ' ');
  if (kind === 'priority') return String(body.pri);
  if (kind === 'medium') return body.channel;
  return kind === 'recipe' ? `step ${body.step}, ${body.op}` : undefined;
}

async function agentName(past: RoutingPast, id: string, before: Moment): Promise<string> {
  return (await past.document('agent', id, before))?.name ?? lastName(past, id, before, 'agent');
}

/** The name that somebody or something deleted had last. */
async function lastName(past: RoutingPast, id: string, before: Moment, kind: 'agent' | 'queue' = 'queue'): Promise<string> {
  return (await past.lastDocument(kind, id, before))?.name ?? '';
}

async function namedNeeds(past: RoutingPast, need: string, before: Moment): Promise<NonNullable<RoutingStep['required']>> {
  const needs = need === '' ? [] : need.split(',').map((each) => each.split('=') as [string, string]);
  return Promise.all(
    needs.map(async ([id, level]) => ({ id, name: (await past.document('skill', id, before))?.name ?? '', level: Number(level) })),
  );
}
