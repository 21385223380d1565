/** What the model finds left undone when nothing is due any more: agents idle beside what they may take, and what ought to have happened to what waits. */
import type { RoutingModel } from './routingModel.ts';
import { mayTake, needText, relaxed } from './rules.ts';

/** INV-6, by the model: pairs of what waits (or rings, with room for more) in an automatic queue and an agent who may take it. */
export function idlePairs(model: RoutingModel): string[] {
  if (!model.isAccountActive) return [];
  return [...model.interactions.values()].flatMap((one) => {
    const queue = model.queues.get(one.queue);
    if (!queue || queue.mode === 'manual') return [];
    const isRinging = model.isRingingAsSet(one) && queue.mode === 'ring_all' && one.offered.size < queue.ringMax;
    if (one.state !== 'waiting' && !isRinging) return [];
    const isKept = one.keptFor !== '' && one.keptUntil > model.now;
    const agents = [...model.agents.values()].filter(
      (agent) =>
        mayTake(agent, queue, one.medium, one.need) &&
        !(isKept && (one.keptFor !== agent.id || one.missed.has(agent.id))) &&
        !(isRinging && (one.offered.has(agent.id) || one.missed.has(agent.id))),
    );
    const what = isRinging ? `rings at ${[...one.offered]}` : 'waits';
    return agents.length === 0
      ? []
      : [`INV-6 ${one.id} ${what} in ${queue.id} (${queue.mode}) while ${agents.map(({ id }) => id)} may take it`];
  });
}

/** What ought to have happened by now to what waits, and has not. */
export function overdue(model: RoutingModel): string[] {
  const found: string[] = [];
  for (const one of model.interactions.values()) {
    const queue = model.queues.get(one.queue);
    if (one.state !== 'waiting' || !queue?.isActive || !model.isAsEntered(one)) continue;
    const waitedMs = model.now - one.entered;
    const wanted = needText(relaxed(one.firstNeed, queue, waitedMs));
    if (needText(one.need) !== wanted) found.push(`RTE-3 ${one.id} needs ${needText(one.need)} after ${waitedMs} ms instead of ${wanted}`);
    for (const [index, step] of queue.recipe.entries()) {
      const isDue = step.onlyIf === 'always' && step.afterSec * 1_000 <= waitedMs && !one.ran.has(index + 1);
      // A queue that took none at that time was passed over for good: what moves is judged when it moves.
      const isPossible = step.do.op !== 'queue';
      if (isDue && isPossible)
        found.push(`RTE-10 ${one.id} waits for step ${index + 1} (${step.do.op}) of ${queue.id} since ${step.afterSec} s after it came`);
    }
  }
  return found;
}
