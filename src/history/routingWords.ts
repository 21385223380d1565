/** The English of an explanation. Pure: codes and values in, sentences out. */
import type { RoutingStep, WhyNotView } from './routingViews.ts';

const time = (ms: number): string => new Date(ms).toISOString();

/** Why the chosen one was chosen, by the key that decided. */
const KEYS: Readonly<Record<string, (value: number, next: number) => string>> = {
  only: () => 'nobody else could take it',
  missed: () => 'everybody who could take it had missed it, so a new round began',
  load: (value, next) => `holds the least: ${value}, the next ${next}`,
  idle: (value, next) => `has been free the longest: since ${time(value)}, the next since ${time(next)}`,
  calls: (value, next) => `was given the fewest today: ${value}, the next ${next}`,
  turn: () => 'it was their turn (round robin)',
  order: (value, next) => `comes first in the order of the queue: place ${value}, the next ${next}`,
  total: () => 'drawn at random among those who were given the fewest today',
  skill: (value, next) => `has the highest levels of what is needed: ${value} in all, the next ${next}`,
  preferred: (value, next) => `has the highest levels of what is needed and preferred: ${value} in all, the next ${next}`,
  sticky: () => 'served this client last',
  ring: () => 'is rung together with the others who are ready',
  score: () => 'came free, and of all that waits for them this comes first (priority and waiting time)',
  medium: () => 'is the one whose work leaves room for this medium',
};

export function keyText(by: 'interaction' | 'agent', key: string, value: number, next: number): string {
  if (by === 'agent' && key === 'only') return 'came free, and nothing else waited that they could be given';
  return KEYS[key]?.(value, next) ?? `decided by ${key}`;
}

const EXCLUDED: Readonly<Record<string, (count: number, one: string, many: string) => string>> = {
  busy: (count, one, many) => `${count} ${count === 1 ? one : many} without room for it`,
  no_phone: (count, one, many) => `${count} ${count === 1 ? one : many} without a live phone`,
  paused: (count, one, many) => `${count} ${count === 1 ? one : many} paused`,
  skill: (count, one, many) => `${count} ${count === 1 ? one : many} without the skills needed`,
  missed: (count, one, many) => `${count} ${count === 1 ? one : many} passed over because it was missed or declined before`,
  sticky: (count, one, many) => `${count} ${count === 1 ? one : many} kept for the agent who knows the client`,
  limit: (count, one, many) => `${count} ${count === 1 ? one : many} at the queue's limit`,
};

/** An interaction looks among agents, an agent among kinds of waiting interactions. */
export function excludedText(by: 'interaction' | 'agent', reason: string, count: number): string {
  const [one, many] = by === 'interaction' ? ['agent', 'agents'] : ['waiting interaction', 'waiting interactions'];
  return EXCLUDED[reason]?.(count, one, many) ?? `${count} left out: ${reason}`;
}

const STEPS: Readonly<Record<RoutingStep['kind'], (agent: string, queue: string) => string>> = {
  queued: (_, queue) => `Waits in ${queue}.`,
  offered: (agent) => `Offered to ${agent}`,
  given: (agent) => `Given to ${agent}`,
  claimed: (agent) => `${agent} took it by hand.`,
  transferred: (agent) => `Handed over to ${agent}.`,
  accepted: (agent) => `${agent} accepted.`,
  missed: (agent) => `${agent} did not answer in time.`,
  declined: (agent) => `${agent} declined.`,
  withdrawn: (agent) => `The offer to ${agent} was withdrawn.`,
  taken_by_other: (agent) => `Another of those who were rung was faster than ${agent}.`,
  returned: (_, queue) => `Waits in ${queue} again, with the place it had.`,
  moved: (_, queue) => `It moved on to ${queue}, with its waiting time.`,
  relaxed: () => 'It needs less from here on.',
  priority: () => 'Its priority changed.',
  medium: () => 'What carries it changed.',
  recipe: () => 'A step of the recipe ran.',
  closed: () => 'Closed.',
};

export function stepText(kind: RoutingStep['kind'], agent: string, queue: string, why: string | undefined): string {
  const text = STEPS[kind](agent, queue);
  return why === undefined ? (text.endsWith('.') ? text : `${text}.`) : `${text.replace(/\.$/, '')}: ${why}.`;
}

const MEDIA = { chat: ['chat', 'chats'], voice: ['call', 'calls'], video: ['video', 'videos'] } as const;

function heldText({ chat, voice, video }: { chat: number; voice: number; video: number }): string {
  const parts = Object.entries({ chat, voice, video })
    .filter(([, count]) => count > 0)
    .map(([medium, count]) => `${count} ${MEDIA[medium as 'chat'][count === 1 ? 0 : 1]}`);
  return parts.length > 0 ? parts.join(', ') : 'nothing';
}

/** The whole sentence of an answer, from its code and facts. */
export function whyNotText(answer: Omit<WhyNotView, 'text'>, agent: string, queue: string): string {
  switch (answer.reason) {
    case 'chosen':
      return `${agent} was chosen.`;
    case 'owns_it':
      return `${agent} had it at that time.`;
    case 'unknown':
      return `${agent} was not known to the account then.`;
    case 'inactive':
      return `${agent} was not active then.`;
    case 'not_assigned':
      return `${agent} was neither assigned to ${queue} nor signed in to it.`;
    case 'not_signed_in':
      return `${agent} was not signed in to ${queue}.`;
    case 'paused':
      return `${agent} was paused${answer.pauseReason ? `: ${answer.pauseReason.name || answer.pauseReason.id}` : ''}.`;
    case 'paused_in_queue':
      return `${agent} was paused in ${queue}.`;
    case 'no_device':
      return `${agent} had no live device.`;
    case 'no_phone':
      return `${agent} had no live phone.`;
    case 'at_capacity':
      return `${agent} held ${answer.held ? heldText(answer.held) : 'all it may'}${
        answer.blockedBy ? `, and no rule lets this interrupt ${MEDIA[answer.blockedBy][1]}` : ', which is as much as it may'
      }.`;
    case 'at_queue_limit':
      return `${agent} held as many from ${queue} as the queue allows.`;
    case 'lacks_skill':
      return answer.skill
        ? `${agent} lacked ${answer.skill.name || answer.skill.id}: level ${answer.skill.needed} was needed, ${answer.skill.held === 0 ? 'it had none' : `it had ${answer.skill.held}`}.`
        : `${agent} lacked a skill.`;
    case 'missed_it':
      return `${agent} had missed or declined it, or lost the offer; others come first then.`;
    case 'kept_for_other':
      return 'It was kept for the agent who served this client last.';
    case 'manual':
      return `In ${queue} agents take what waits by themselves.`;
    case 'by_hand':
      return 'A person decided it, not the queue.';
    case 'came_free':
      return `The other had just come free and looked for what waits; ${agent} could have taken it and was not asked.`;
    case 'behind':
      return `${agent} could have taken it, and came later in the order${
        answer.value === undefined || answer.chosenValue === undefined || answer.key === undefined
          ? ''
          : ` (${answer.key}: ${answer.value}, of the chosen ${answer.chosenValue})`
      }.`;
    case 'not_recorded':
      return `History does not reach back to what ${agent} did before that.`;
  }
}
