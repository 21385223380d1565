/** Who gets a conversation, seen from the desks: through sockets of two gateways, judged by what the desks were told. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Agent } from '../actors/agent.ts';
import type { CommandError } from '../actors/commandError.ts';
import type { Visitor } from '../actors/visitor.ts';
import { until } from '../support/services.ts';
import { type Scene, Stage } from '../support/stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open({ gateways: 2, workers: 1 });
});
afterAll(() => stage.close());

/** Serving agents of the scene, spread over both gateways. */
async function serving(scene: Scene, count: number): Promise<Agent[]> {
  const { gateways } = scene.center;
  const agents: Agent[] = [];
  for (let place = 0; place < count; place++) agents.push(await scene.agent({ gateways: [gateways[place % gateways.length] as string] }));
  return agents;
}

/** Starts a conversation and resolves when the agents' lists show it waiting. */
async function waiting(scene: Scene, watchers: readonly Agent[] = []): Promise<string> {
  const visitor = scene.visitor();
  await visitor.start('Good morning');
  const { interaction } = visitor;
  for (const agent of watchers) agent.followQueue(scene.workspace.queue);
  await until(() => watchers.every((agent) => agent.rows.get(interaction)?.state === 'waiting'), { what: 'the row in every list' });
  return interaction;
}

const offered = (agents: readonly Agent[], interaction: string): Agent | undefined => agents.find((agent) => agent.offers.has(interaction));

function acceptOffer(agent: Agent, interaction: string) {
  const offer = agent.offers.get(interaction);
  if (!offer) throw new Error(`${agent.name} has no offer of ${interaction}`);
  return agent.accept(offer);
}

const codeOf = (error: unknown): string => (error as CommandError).code;

/** Each owner closes what it owns, as the visitors were told. */
async function closeAll(scene: Scene): Promise<void> {
  for (const visitor of scene.visitors) {
    const timeline = visitor.timelines.get(visitor.interaction);
    if (!scene.ledger.open.includes(visitor.interaction)) continue;
    const owner = await until(() => scene.agents.find(({ id }) => id === timeline?.owner), { what: 'an owner' });
    await owner.close(visitor.interaction);
  }
}

describe.concurrent('taking', () => {
  it('CHT-6 of two agents who reply at once one owns the dialog, the other is told by whom and keeps the text', async () => {
    const scene = await stage.scene({ agents: 2 });
    const agents = await serving(scene, 2);
    const interaction = await waiting(scene, agents);
    const results = await Promise.allSettled(agents.map((agent) => agent.claimBySaying(interaction, `I am ${agent.name}`)));
    const winner = agents[results.findIndex(({ status }) => status === 'fulfilled')];
    const losses = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as CommandError] : []));
    expect(losses).toMatchObject([{ code: 'already_taken', owner: winner?.name }]);
    const [visitor] = scene.visitors;
    const timeline = visitor?.timelines.get(interaction);
    await until(() => timeline?.ordered().some(({ from }) => from.role === 'agent'), { what: 'the reply at the visitor' });
    expect(timeline?.ordered().map(({ text }) => text)).toEqual(['Good morning', `I am ${winner?.name}`]);
    await closeAll(scene);
    expect(await scene.judge()).toEqual([]);
  });

  it('CHT-6 RTE-12 of ten agents who claim at once exactly one owns it, and all see the same owner', async () => {
    const scene = await stage.scene({ agents: 10 });
    const agents = await serving(scene, 10);
    const interaction = await waiting(scene, agents);
    const results = await Promise.allSettled(agents.map((agent) => agent.claim(interaction)));
    const winner = agents[results.findIndex(({ status }) => status === 'fulfilled')];
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const result of results)
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'already_taken', owner: winner?.name });
    await until(() => agents.every((agent) => agent.rows.get(interaction)?.owner?.id === winner?.id), { what: 'the owner in every list' });
    await closeAll(scene);
    expect(await scene.judge()).toEqual([]);
  });

  it('RTE-2 manual: every agent sees it waiting and nobody is offered it', async () => {
    const scene = await stage.scene({ agents: 3, queue: { mode: 'manual' } });
    const agents = await serving(scene, 3);
    const interaction = await waiting(scene, agents);
    expect(agents.map((agent) => agent.offers.size)).toEqual([0, 0, 0]);
    await agents[1]?.claim(interaction);
    await closeAll(scene);
    expect(scene.ledger.offers).toEqual([]);
    expect(await scene.judge()).toEqual([]);
  });

  it('RTE-2 RTE-5 balanced: the one with the fewest is given the next, and nobody more than the capacity', async () => {
    const scene = await stage.scene({ agents: 3, capacity: 2, queue: { mode: 'balanced', isAutoAccepted: true } });
    const agents = await serving(scene, 3);
    for (let count = 0; count < 7; count++) await scene.visitor().start('Good morning');
    await until(() => agents.every((agent) => agent.view?.load === 2), { what: 'every agent full' });
    const ownerOf = (visitor: Visitor): string | undefined => visitor.timelines.get(visitor.interaction)?.owner;
    await until(() => scene.visitors.filter(ownerOf).length === 6, { what: 'six conversations taken' });
    const seventh = scene.visitors.find((visitor) => !ownerOf(visitor)) as Visitor;
    const one = scene.visitors.find((visitor) => ownerOf(visitor) === agents[0]?.id) as Visitor;
    await agents[0]?.close(one.interaction);
    await until(() => ownerOf(seventh) === agents[0]?.id, { what: 'the seventh taken by whom came free' });
    await closeAll(scene);
    expect(await scene.judge()).toEqual([]);
  });

  it('RTE-2 random: over forty conversations the totals of two agents differ by at most one per twenty', async () => {
    const scene = await stage.scene({ agents: 2, capacity: 50, queue: { mode: 'random', isAutoAccepted: true } });
    const agents = await serving(scene, 2);
    for (let count = 0; count < 40; count++) await scene.visitor().start('Good morning');
    await until(() => agents.reduce((sum, agent) => sum + (agent.view?.load ?? 0), 0) === 40, { what: 'forty taken' });
    const [first = 0, second = 0] = agents.map((agent) => agent.view?.load ?? 0);
    expect(Math.abs(first - second)).toBeLessThanOrEqual(2);
    await closeAll(scene);
    expect(await scene.judge()).toEqual([]);
  });

  it('RTE-6 an offer that is not answered goes to the next agent, and to nobody else meanwhile', async () => {
    const scene = await stage.scene({ agents: 2, queue: { mode: 'balanced', offerTimeoutMs: 1_000 } });
    const agents = await serving(scene, 2);
    const interaction = await waiting(scene);
    const first = await until(() => offered(agents, interaction), { what: 'the first offer' });
    const second = await until(
      () =>
        offered(
          agents.filter((agent) => agent !== first),
          interaction,
        ),
      { what: 'the next offer' },
    );
    await until(() => !first.offers.has(interaction), { what: 'the end of the first offer' });
    await acceptOffer(second, interaction);
    await closeAll(scene);
    expect(await scene.judge()).toEqual([]);
  });

  it('RTE-6 after as many missed offers as the queue says the agent is paused with "no answer", and what waits keeps its place', async () => {
    const scene = await stage.scene({ agents: 2, capacity: 1, queue: { mode: 'balanced', offerTimeoutMs: 1_000, maxMissed: 2 } });
    const [sleeper] = (await serving(scene, 1)) as [Agent];
    const first = await waiting(scene);
    const second = await waiting(scene);
    await until(() => sleeper.view?.status === 'paused', { timeoutMs: 10_000, what: 'the pause' });
    expect(sleeper.view?.pauseReason).toBe('no_answer');
    expect(sleeper.offers.size).toBe(0);
    const awake = await scene.agent();
    await until(() => awake.offers.size > 0, { what: 'the offer to the agent who came' });
    expect([...awake.offers.keys()]).toEqual([first]);
    await acceptOffer(awake, first);
    await awake.close(first);
    await until(() => awake.offers.has(second), { what: 'the second offer' });
    await acceptOffer(awake, second);
    await closeAll(scene);
    expect(await scene.judge()).toEqual([]);
  });

  it('RTE-6 an accept that races its own expiry wins or is told that the offer is over, never both', async () => {
    const scene = await stage.scene({ agents: 2, capacity: 20, queue: { mode: 'balanced', offerTimeoutMs: 1_000, maxMissed: 0 } });
    const agents = await serving(scene, 2);
    const codes: string[] = [];
    const race = async (lateMs: number): Promise<void> => {
      const interaction = await waiting(scene);
      const agent = await until(() => offered(agents, interaction), { what: 'the offer' });
      const offer = agent.offers.get(interaction);
      if (!offer) throw new Error('the offer went at once');
      await until(() => Date.now() >= offer.expiresAt + lateMs, { everyMs: 1 });
      let code = await agent.accept(offer).then(() => 'accepted', codeOf);
      codes.push(code);
      // A later offer may be shown a moment too long as well: the next one comes.
      for (let token = offer.token; code === 'offer_gone'; ) {
        const isNew = (one: Agent): boolean => (one.offers.get(interaction)?.token ?? token) !== token;
        const next = await until(() => agents.find(isNew), { what: 'the next offer' });
        token = next.offers.get(interaction)?.token ?? token;
        code = await acceptOffer(next, interaction).then(() => 'accepted', codeOf);
        codes.push(code);
      }
    };
    await Promise.all([-20, -5, 0, 5, 20, 100, 300].map(race));
    expect(codes.filter((code) => code !== 'accepted' && code !== 'offer_gone')).toEqual([]);
    await closeAll(scene);
    expect(await scene.judge()).toEqual([]);
  });

  it('RTE-8 wrap-up holds the place until its time is over, or until the agent ends it', async () => {
    const scene = await stage.scene({ agents: 1, capacity: 1, queue: { mode: 'balanced', isAutoAccepted: true, wrapUpMs: 2_000 } });
    const [agent] = (await serving(scene, 1)) as [Agent];
    const interactions = [await waiting(scene), await waiting(scene), await waiting(scene)];
    /** When the server gave that conversation to the agent; undefined: not yet. */
    const takenAt = (place: number): number | undefined => {
      const timeline = scene.visitors[place]?.timelines.get(interactions[place] ?? '');
      return [...(timeline?.moments.values() ?? [])].find(({ event }) => event.type === 'interaction.taken')?.at;
    };
    const closeIntoWrapUp = async (place: number): Promise<{ interaction: string; until: number }> => {
      await until(() => agent.rows.get(interactions[place] ?? '')?.owner?.id === agent.id, { what: 'the conversation at the desk' });
      await agent.close(interactions[place] ?? '');
      return until(() => agent.view?.wrapUps.find(({ interaction }) => interaction === interactions[place]), { what: 'the wrap-up' });
    };
    const first = await closeIntoWrapUp(0);
    expect(agent.view?.status).toBe('wrap_up');
    expect(takenAt(1)).toBeUndefined();
    expect(await until(() => takenAt(1), { what: 'the second, when the time is over' })).toBeGreaterThanOrEqual(first.until);
    const second = await closeIntoWrapUp(1);
    await agent.endWrapUp(second.interaction);
    expect(await until(() => takenAt(2), { what: 'the third, because the agent ended the wrap-up' })).toBeLessThan(second.until);
    await closeAll(scene);
    expect(await scene.judge()).toEqual([]);
  });
});
