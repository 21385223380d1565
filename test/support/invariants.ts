/** The invariants of `queues/README.md`, checked on what stands in Redis. One function per number; each returns the violations it finds. */
import type { RunningEngine, Scope } from '../../queues/index.ts';
import type { AgentView, InteractionView } from '../../src/protocol/views.ts';

export interface World {
  readonly interactions: readonly InteractionView[];
  readonly agents: readonly {
    readonly agent: AgentView;
    readonly owned: readonly string[];
    readonly offers: readonly { readonly interaction: string; readonly token: string }[];
  }[];
  /** Interactions by the index that lists them. */
  readonly waiting: ReadonlyMap<string, string[]>;
  readonly deadlines: readonly string[];
}

export async function readWorld(
  engine: RunningEngine,
  scope: Scope,
  ids: { interactions: readonly string[]; agents: readonly string[]; queues: readonly string[] },
): Promise<World> {
  const { redis } = engine.core.runner;
  const base = `${engine.core.prefix}{p${scope.partition}}`;
  const interactions = (await Promise.all(ids.interactions.map((id) => engine.views.interaction(scope, id as never)))).filter(
    (view) => view !== undefined,
  );
  const agents = await Promise.all(
    ids.agents.map(async (id) => {
      const view = await engine.views.agent(scope, id as never);
      if (!view) throw new Error(`agent ${id} is gone`);
      return { agent: view.agent, owned: await redis.zrange(`${base}:ai:${id}`, 0, -1), offers: view.offers };
    }),
  );
  const waiting = new Map<string, string[]>();
  for (const queue of ids.queues) waiting.set(queue, await redis.zrange(`${base}:w:${queue}`, 0, -1));
  const deadlines = [...(await redis.zrange(`${base}:due:offer`, 0, -1)), ...(await redis.zrange(`${base}:due:knock`, 0, -1))];
  return { interactions, agents, waiting, deadlines };
}

/** All violations, each beginning with the number of the invariant. */
export function violations(world: World): string[] {
  return [...oneOwner(world), ...withinCapacity(world), ...nothingForgotten(world), ...offersHold(world)];
}

/** INV-1: at most one owner; ownership and the agents' lists agree. */
function oneOwner({ interactions, agents }: World): string[] {
  const found: string[] = [];
  for (const interaction of interactions) {
    const owners = agents.filter((each) => each.owned.includes(interaction.id)).map((each) => each.agent.id);
    const isOwned = interaction.state === 'served' || interaction.state === 'ended';
    if (isOwned && (owners.length !== 1 || owners[0] !== interaction.owner?.id))
      found.push(`INV-1 ${interaction.id} ${interaction.state} owned by [${owners}]`);
    if (!isOwned && owners.length > 0) found.push(`INV-1 ${interaction.id} is ${interaction.state} and owned by [${owners}]`);
  }
  return found;
}

/** INV-2: no agent above capacity; the load is what it holds. */
function withinCapacity({ agents }: World): string[] {
  return agents.flatMap(({ agent, owned, offers }) => {
    const holds = owned.length + offers.length + agent.wrapUps.length;
    return [
      ...(agent.load === holds ? [] : [`INV-2 ${agent.id} load ${agent.load} but holds ${holds}`]),
      ...(agent.load <= agent.capacity ? [] : [`INV-2 ${agent.id} load ${agent.load} over ${agent.capacity}`]),
    ];
  });
}

/** INV-3: every interaction waits in its queue's index, is offered, owned, or closed; a window that is open has its deadline. */
function nothingForgotten({ interactions, waiting, deadlines }: World): string[] {
  const found: string[] = [];
  for (const interaction of interactions) {
    const isIndexed = waiting.get(interaction.queue)?.includes(interaction.id) ?? false;
    if ((interaction.state === 'waiting') !== isIndexed)
      found.push(`INV-3 ${interaction.id} is ${interaction.state}, indexed as waiting: ${isIndexed}`);
    const isOpen = interaction.state === 'waiting' || interaction.state === 'offered' || interaction.state === 'served';
    if (
      isOpen &&
      interaction.client.presence === 'reconnecting' &&
      !deadlines.some((each) => each.startsWith(`reconnect|${interaction.id}|`))
    ) {
      found.push(`INV-3 ${interaction.id} reconnecting without a deadline`);
    }
    if (isOpen && interaction.client.presence === 'gone')
      found.push(`INV-3 ${interaction.id} is ${interaction.state} though its client is gone`);
  }
  return found;
}

/** INV-4: an offered interaction has exactly one offer, at one agent, with a deadline under the same token. */
function offersHold({ interactions, agents, deadlines }: World): string[] {
  const found: string[] = [];
  for (const interaction of interactions) {
    const offers = agents.flatMap((each) => each.offers.filter((offer) => offer.interaction === interaction.id));
    if (interaction.state === 'offered') {
      if (offers.length !== 1) found.push(`INV-4 ${interaction.id} has ${offers.length} offers`);
      if (!deadlines.includes(`offer|${interaction.id}|${offers[0]?.token}`))
        found.push(`INV-4 ${interaction.id} offered without deadline`);
    } else if (offers.length > 0) found.push(`INV-4 ${interaction.id} is ${interaction.state} and offered`);
  }
  for (const deadline of deadlines) {
    const [kind, id] = deadline.split('|');
    if (kind === 'offer' && interactions.some((each) => each.id === id && each.state !== 'offered'))
      found.push(`INV-4 stale deadline ${deadline}`);
  }
  return found;
}
