/**
 * How actors behave when they act by themselves: an agent who takes and answers whatever comes, a visitor who talks and leaves satisfied.
 * Used by chaos and load. Each loop ends with its AbortSignal, or when its story is over; refusals that the protocol foresees are part of the story.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { Agent } from './agent.ts';
import { CommandError } from './commandError.ts';
import type { Timeline } from './timeline.ts';
import type { Visitor } from './visitor.ts';

export interface AgentPolicy {
  /** `offers`: accept what is offered; `claim`: take the longest waiting row. */
  readonly takes: 'offers' | 'claim';
  /** Share of offers let pass. */
  readonly missing: number;
  /** Answers to a client's message come after so long, at most. */
  readonly thinkMs: number;
  readonly signal: AbortSignal;
}

const LOOK_EVERY_MS = 50;
/** What may be answered to an agent whose offer, conversation or turn is over. */
const FORESEEN: ReadonlySet<string> = new Set([
  'offer_gone',
  'already_taken',
  'at_capacity',
  'wrong_state',
  'gone',
  'forbidden',
  'not_found',
  'not_signed_in',
  'aborted',
]);

/** Serves until the signal: takes, answers each client message once, closes what the client has ended. @throws when a command is refused that should not be */
export async function serveByPolicy(agent: Agent, policy: AgentPolicy): Promise<void> {
  const served = new Map<string, Promise<void>>();
  const passed = new Set<string>();
  const failures: unknown[] = [];
  const take = (interaction: string, taking: () => Promise<Timeline>): void => {
    if (served.has(interaction)) return;
    const story = foreseen(taking().then((timeline) => serveOne(agent, timeline, policy)))
      .catch((error: unknown) => void failures.push(error))
      .finally(() => served.delete(interaction));
    served.set(interaction, story);
  };
  while (!policy.signal.aborted) {
    for (const [interaction, offer] of agent.offers) {
      if (policy.takes !== 'offers' || passed.has(offer.token)) continue;
      if (agent.chance.is(policy.missing)) passed.add(offer.token);
      else take(interaction, () => agent.accept(offer));
    }
    for (const row of agent.rows.values()) {
      if (row.owner?.id === agent.id && row.state !== 'closed') take(row.id, () => Promise.resolve(agent.followConversation(row.id)));
    }
    if (policy.takes === 'claim') await claimOne(agent, served, take);
    if (agent.view?.status === 'paused') await foreseen(agent.resume());
    if (failures.length > 0) throw failures[0];
    await pause(LOOK_EVERY_MS, policy.signal);
  }
  await Promise.all(served.values());
}

/** Claims the longest waiting row, one at a time, as a person would; when somebody else was faster, the next look finds another. */
async function claimOne(
  agent: Agent,
  served: ReadonlyMap<string, Promise<void>>,
  take: (interaction: string, taking: () => Promise<Timeline>) => void,
): Promise<void> {
  if (!agent.view || agent.view.status === 'paused' || agent.view.load >= agent.view.capacity) return;
  const waiting = [...agent.rows.values()].filter((row) => row.state === 'waiting' && !served.has(row.id));
  const [longest] = waiting.sort((a, b) => a.createdAt - b.createdAt);
  if (!longest) return;
  const claim = agent.claim(longest.id);
  take(longest.id, () => claim);
  await foreseen(claim.then(() => undefined));
}

/** Answers until the client has ended, then closes. Returns early when somebody else owns it now. */
async function serveOne(agent: Agent, timeline: Timeline, policy: AgentPolicy): Promise<void> {
  const { interaction } = timeline;
  let answered = 0;
  while (!policy.signal.aborted) {
    if (timeline.has('interaction.closed')) return;
    if (timeline.view && timeline.owner !== agent.id) return;
    const asked = timeline.ordered().filter(({ from }) => from.role === 'customer').length;
    if (asked > answered) {
      await pause(agent.chance.between(0, policy.thinkMs), policy.signal);
      await agent.say(interaction, `answer ${answered} of ${agent.name}`);
      answered = asked;
    } else if (hasEnded(timeline) || agent.rows.get(interaction)?.state === 'ended') {
      return agent.close(interaction);
    } else {
      await pause(LOOK_EVERY_MS, policy.signal);
    }
  }
}

const hasEnded = (timeline: Timeline): boolean =>
  timeline.has('interaction.ended') ||
  timeline.has('interaction.closed') ||
  timeline.view?.state === 'ended' ||
  timeline.view?.state === 'closed';

export interface VisitorPolicy {
  /** Messages of the visitor in all, the first included. */
  readonly messages: number;
  readonly thinkMs: number;
  /** Chance, for each message, that the visitor's connection is cut while it is on its way. */
  readonly cuts: number;
  readonly signal: AbortSignal;
}

/** One conversation from the first message to the end: says something, waits for an answer, and so on. */
export async function chatByPolicy(visitor: Visitor, policy: VisitorPolicy): Promise<void> {
  const timeline = await visitor.start(`question 0 of ${visitor.name}`);
  for (let said = 1; said < policy.messages; said++) {
    await answerTo(timeline, said, policy.signal);
    if (policy.signal.aborted || hasEnded(timeline)) return;
    await pause(visitor.chance.between(0, policy.thinkMs), policy.signal);
    const saying = foreseen(visitor.say(visitor.interaction, `question ${said} of ${visitor.name}`));
    if (visitor.chance.is(policy.cuts)) {
      await pause(visitor.chance.between(0, 6), policy.signal);
      visitor.client.cut();
    }
    await saying;
  }
  await answerTo(timeline, policy.messages, policy.signal);
  if (!policy.signal.aborted && !hasEnded(timeline)) await foreseen(visitor.end());
  // The page stays open until the conversation is told to be closed, then the visitor goes.
  while (!policy.signal.aborted && !timeline.has('interaction.closed') && timeline.view?.state !== 'closed')
    await pause(LOOK_EVERY_MS, policy.signal);
  visitor.client.goOffline();
}

/** Resolves when an agent has written something behind the visitor's last message, or the conversation is over. */
async function answerTo(timeline: Timeline, said: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && !hasEnded(timeline)) {
    const messages = timeline.ordered();
    const own = messages.filter(({ from }) => from.role === 'customer');
    const last = own.at(-1);
    if (own.length >= said && last && messages.some(({ from, off }) => from.role === 'agent' && off > last.off)) return;
    await pause(LOOK_EVERY_MS, signal);
  }
}

/** Swallows refusals that belong to the story. @throws every other error */
async function foreseen(action: Promise<unknown>): Promise<void> {
  try {
    await action;
  } catch (error) {
    if (!(error instanceof CommandError) || !FORESEEN.has(error.code)) throw error;
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await wait(ms, undefined, { signal }).catch(() => undefined); // Aborted: the loop looks at the signal itself.
}
