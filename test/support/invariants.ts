/** The invariants of `queues/README.md`, checked on what stands in Redis. One function per number; each returns the violations it finds. */
import type { AgentDoc } from '../../queues/config.ts';
import type { RunningEngine, Scope } from '../../queues/index.ts';
import type { AgentState, Hold } from './model/rules.ts';
import { mediumOf, readSnapshot, type Snapshot, type StoredInteraction, type Wanted } from './model/snapshot.ts';

/** Behind every log entry: nothing is read of the log. */
const END = '9999999999999999';

export const readWorld = (engine: RunningEngine, scope: Scope, wanted: Wanted): Promise<Snapshot> =>
  readSnapshot(engine.core.runner.redis, `${engine.core.prefix}{p${scope.partition}}`, wanted, END);

/** All violations, each beginning with the number of the invariant. */
export function violations(world: Snapshot): string[] {
  return [...oneOwner(world), ...loadIsHeld(world), ...nothingForgotten(world), ...offersHold(world), ...placesKept(world)];
}

const stateOf = (one: StoredInteraction): string => one.fields['st'] ?? '';
const offeredTo = (one: StoredInteraction): string[] => (one.fields['oa'] ?? '').split(',').filter((agent) => agent !== '');

/** INV-1: at most one owner; ownership and the agents' lists agree. */
function oneOwner({ interactions, agents }: Snapshot): string[] {
  const found: string[] = [];
  for (const one of interactions.values()) {
    const owners = [...agents.values()].filter((each) => each.owned.includes(one.id)).map(({ id }) => id);
    const state = stateOf(one);
    const isOwned = state === 'served' || state === 'ended';
    if (isOwned && (owners.length !== 1 || owners[0] !== one.fields['own'])) found.push(`INV-1 ${one.id} ${state} owned by [${owners}]`);
    if (!isOwned && owners.length > 0) found.push(`INV-1 ${one.id} is ${state} and owned by [${owners}]`);
  }
  return found;
}

/** What each agent holds, from the lists of offers, conversations and wrap-ups. */
export function holdsOf(world: Snapshot, agentId: string): Hold[] {
  const agent = world.agents.get(agentId);
  if (!agent) return [];
  const held = (interaction: string, kind: Hold['kind']): Hold => {
    const one = world.interactions.get(interaction);
    return { interaction, kind, queue: one?.fields['q'] ?? '', medium: mediumOf(one) };
  };
  return [
    ...Object.keys(agent.offers).map((id) => held(id, 'offer')),
    ...agent.owned.map((id) => held(id, 'owned')),
    ...agent.wrapUps.map(({ interaction, queue, medium }) => ({
      interaction,
      kind: 'wrapup' as const,
      queue,
      medium: medium as Hold['medium'],
    })),
  ];
}

export function agentStateOf(world: Snapshot, doc: AgentDoc, isDeleted: boolean): AgentState | undefined {
  const stored = world.agents.get(doc.id);
  if (!stored) return undefined;
  const queues = new Set(stored.queues);
  return {
    id: doc.id,
    doc,
    isDeleted,
    status: (stored.fields['st'] ?? 'out') as AgentState['status'],
    reason: stored.fields['why'] ?? '',
    devices: Number(stored.fields['dv'] ?? 0),
    phones: (stored.fields['ph'] ?? '').split(',').filter((phone) => phone !== '').length,
    queues,
    pausedIn: new Set(Object.keys(stored.pausedIn).filter((queue) => queues.has(queue))),
    holds: holdsOf(world, doc.id),
    freed: Number(stored.fields['freed'] ?? 0),
  };
}

/** INV-2: the load is what the agent holds, in all, by medium and by queue. */
function loadIsHeld(world: Snapshot): string[] {
  return [...world.agents.values()].flatMap(({ id, fields, loadByQueue }) => {
    const holds = holdsOf(world, id);
    const count = (medium: string) => holds.filter((hold) => hold.medium === medium).length;
    const found: string[] = [];
    const held = `holds ${holds.map((hold) => `${hold.kind} ${hold.medium} ${hold.interaction}`)}`;
    if (Number(fields['load'] ?? 0) !== holds.length) found.push(`INV-2 ${id} load ${fields['load']} but ${held}`);
    if (Number(fields['lv'] ?? 0) !== count('voice')) found.push(`INV-2 ${id} calls ${fields['lv']} but ${held}`);
    if (Number(fields['lw'] ?? 0) !== count('video')) found.push(`INV-2 ${id} videos ${fields['lw']} but ${held}`);
    for (const queue of new Set([...Object.keys(loadByQueue), ...holds.map((hold) => hold.queue)])) {
      const inQueue = holds.filter((hold) => hold.queue === queue).length;
      if ((loadByQueue[queue] ?? 0) !== inQueue) found.push(`INV-2 ${id} load of ${queue} ${loadByQueue[queue]} but ${held}`);
    }
    return found;
  });
}

/** INV-2, for scenes whose capacities were never lowered; calls that the agent placed itself count, and may be beyond. */
export function overCapacity(world: Snapshot): string[] {
  return [...world.agents.values()].flatMap(({ id, fields }) => {
    const holds = holdsOf(world, id);
    return (['chat', 'voice', 'video'] as const).flatMap((medium) => {
      const most = Number(fields[{ chat: 'cap', voice: 'cv', video: 'cw' }[medium]] ?? 1);
      const count = holds.filter((hold) => hold.medium === medium && hold.queue !== '').length;
      return count > most ? [`INV-2 ${id} holds ${count} ${medium}, at most ${most}`] : [];
    });
  });
}

/** INV-3: every interaction waits in its queue's index, is offered, owned, or closed; a window that is open has its deadline. */
function nothingForgotten({ interactions, queues, deadlines }: Snapshot): string[] {
  const found: string[] = [];
  const due = [...deadlines.keys()];
  for (const one of interactions.values()) {
    const state = stateOf(one);
    const indexed = [...queues.values()].filter((queue) => queue.waiting.has(one.id)).map(({ id }) => id);
    const wanted = state === 'waiting' ? one.fields['q'] : '';
    if (indexed.join() !== wanted) found.push(`INV-3 ${one.id} is ${state} in ${one.fields['q']}, indexed as waiting in [${indexed}]`);
    const isOpen = state === 'waiting' || state === 'offered' || state === 'served';
    const { pres, np } = one.fields;
    if (isOpen && pres === 'reconnecting' && !due.some((each) => each.startsWith(`reconnect|${one.id}|`)))
      found.push(`INV-3 ${one.id} reconnecting without a deadline`);
    if (isOpen && pres === 'gone' && np !== '1') found.push(`INV-3 ${one.id} is ${state} though its client is gone`);
    if (state === 'closed')
      found.push(
        ...due
          .filter((each) => each.split('|')[1] === one.id && !each.startsWith('wrapup|'))
          .map((each) => `INV-3 ${one.id} is closed, ${each} stands`),
      );
  }
  return found;
}

/** INV-4: an offered interaction has exactly one offer under one token, at one agent (ring-all: at several), with a deadline under the same token. */
function offersHold({ interactions, agents, deadlines }: Snapshot): string[] {
  const found: string[] = [];
  for (const one of interactions.values()) {
    const rung = [...agents.values()].filter((agent) => agent.offers[one.id] !== undefined);
    if (stateOf(one) === 'offered') {
      const named = offeredTo(one);
      if (
        named.length === 0 ||
        named.slice().sort().join() !==
          rung
            .map(({ id }) => id)
            .sort()
            .join()
      )
        found.push(`INV-4 ${one.id} offered to [${named}], who hold it: [${rung.map(({ id }) => id)}]`);
      for (const agent of rung)
        if (agent.offers[one.id] !== one.fields['tok']) found.push(`INV-4 ${one.id} has another token at ${agent.id}`);
      if (!deadlines.has(`offer|${one.id}|${one.fields['tok']}`)) found.push(`INV-4 ${one.id} offered without deadline`);
    } else if (rung.length > 0) found.push(`INV-4 ${one.id} is ${stateOf(one)} and offered to [${rung.map(({ id }) => id)}]`);
  }
  for (const deadline of deadlines.keys()) {
    const [kind, id = '', token] = deadline.split('|');
    const one = interactions.get(id);
    if (kind === 'offer' && one && (stateOf(one) !== 'offered' || one.fields['tok'] !== token))
      found.push(`INV-4 stale deadline ${deadline}`);
  }
  return found;
}

/** INV-8: what waits stands by the score it was given, which holds its virtual start. */
function placesKept({ interactions, queues }: Snapshot): string[] {
  return [...queues.values()].flatMap((queue) =>
    [...queue.waiting].flatMap(([id, score]) => {
      const kept = interactions.get(id)?.fields['score'];
      return kept === undefined || Number(kept) === score ? [] : [`INV-8 ${id} stands in ${queue.id} by ${score}, its score is ${kept}`];
    }),
  );
}
