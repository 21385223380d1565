/** What happens when connections go and come back, and when the same thing is said twice; through sockets of two gateways, with short windows. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Agent } from '../actors/agent.ts';
import type { Timeline } from '../actors/timeline.ts';
import type { Visitor } from '../actors/visitor.ts';
import { until } from '../support/services.ts';
import { type Scene, Stage } from '../support/stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open({ gateways: 2, workers: 1 });
});
afterAll(() => stage.close());

/** A conversation in service: the agent owns it and both follow it. */
async function inService(
  scene: Scene,
): Promise<{ agent: Agent; visitor: Visitor; interaction: string; atDesk: Timeline; atPage: Timeline }> {
  const agent = await scene.agent();
  const visitor = scene.visitor();
  const atPage = await visitor.start('Good morning');
  const { interaction } = visitor;
  const atDesk = await agent.claim(interaction);
  await until(() => agent.isLive && visitor.isLive, { what: 'both following' });
  return { agent, visitor, interaction, atDesk, atPage };
}

async function finish(scene: Scene, agent: Agent, interaction: string): Promise<void> {
  await agent.close(interaction);
  await until(() => scene.ledger.open.length === 0, { what: 'the end of the conversation' });
}

const presenceIs = (timeline: Timeline, presence: string): boolean => {
  const told = [...timeline.moments.values()].flatMap(({ event }) => (event.type === 'client.presence' ? [event] : []));
  return told.at(-1)?.presence === presence;
};
const texts = (timeline: Timeline): (string | undefined)[] => timeline.ordered().map(({ text }) => text);

describe.concurrent('connection', () => {
  it('APP-6 WID-6 a visitor back inside the window goes on with the same agent and misses nothing', async () => {
    const scene = await stage.scene({ agents: 1, queue: { reconnectMs: 60_000 } });
    const { agent, visitor, interaction, atDesk, atPage } = await inService(scene);
    visitor.client.goOffline();
    await until(() => presenceIs(atDesk, 'reconnecting'), { what: '"disconnected" at the desk' });
    const countdown = [...atDesk.moments.values()].flatMap(({ event }) => (event.type === 'client.presence' ? [event.until ?? 0] : []));
    expect(countdown.at(-1)).toBeGreaterThan(Date.now());
    await agent.say(interaction, 'Are you there?');
    await agent.say(interaction, 'I wait.');
    visitor.client.goOnline();
    await until(() => presenceIs(atDesk, 'connected') && texts(atPage).length === 3, { what: 'both together again' });
    await visitor.say(interaction, 'Here I am.');
    await until(() => texts(atPage).length === 4 && texts(atDesk).length === 4, { what: 'the answer on both sides' });
    expect(texts(atPage)).toEqual(['Good morning', 'Are you there?', 'I wait.', 'Here I am.']);
    expect(texts(atDesk)).toEqual(texts(atPage));
    await finish(scene, agent, interaction);
    expect(
      scene.ledger.timelines.filter(({ moments }) => [...moments.values()].some(({ event }) => event.type === 'interaction.requeued')),
    ).toEqual([]);
    expect(await scene.judge()).toEqual([]);
  });

  it('APP-6 a visitor who does not come back in time has left: the conversation ends and the agent closes it', async () => {
    const scene = await stage.scene({ agents: 1, queue: { reconnectMs: 1_000 } });
    const { agent, visitor, interaction, atDesk } = await inService(scene);
    visitor.client.goOffline();
    await until(() => presenceIs(atDesk, 'gone') && atDesk.has('interaction.ended'), { what: 'the end of the window' });
    await expect(agent.say(interaction, 'Too late')).rejects.toMatchObject({ code: 'gone' });
    visitor.client.goOnline();
    await until(() => visitor.timelines.get(interaction)?.has('interaction.ended'), { what: 'the end at the page' });
    await finish(scene, agent, interaction);
    expect(await scene.judge()).toEqual([]);
  });

  it('APP-6 a visitor who leaves while waiting frees the place in the queue', async () => {
    const scene = await stage.scene({ agents: 1, queue: { reconnectMs: 1_000, mode: 'manual' } });
    const agent = await scene.agent();
    agent.followQueue(scene.workspace.queue);
    const visitor = scene.visitor();
    await visitor.start('Good morning');
    await until(() => agent.rows.has(visitor.interaction), { what: 'the row' });
    visitor.client.goOffline();
    await until(() => !agent.rows.has(visitor.interaction), { what: 'the end of the row' });
    visitor.client.goOnline();
    await until(() => scene.ledger.open.length === 0, { what: 'the page to be told' });
    expect(await scene.judge()).toEqual([]);
  });

  it('WID-6 a second tab of the visitor is in step, and one tab closing is not leaving', async () => {
    const scene = await stage.scene({ agents: 1, queue: { reconnectMs: 1_000 } });
    const { agent, visitor, interaction, atDesk, atPage } = await inService(scene);
    const tab = scene.visitor({ name: 'second tab', ...(visitor.token ? { token: visitor.token } : {}) });
    await until(() => tab.conversations.some(({ id }) => id === interaction), { what: 'the conversation in the second tab' });
    const inTab = tab.followConversation(interaction);
    await until(() => tab.isLive, { what: 'the second tab following' });
    visitor.client.goOffline();
    await tab.say(interaction, 'from the second tab');
    await agent.say(interaction, 'to both tabs');
    visitor.client.goOnline();
    await until(() => texts(atPage).length === 3 && texts(inTab).length === 3, { what: 'both tabs in step' });
    expect(texts(inTab)).toEqual(texts(atPage));
    expect(presenceIs(atDesk, 'gone')).toBe(false);
    await finish(scene, agent, interaction);
    expect(await scene.judge()).toEqual([]);
  });

  it('RTE-12 an agent who is back in time keeps the conversation', async () => {
    const scene = await stage.scene({ agents: 1, queue: { agentLostMs: 60_000 } });
    const { agent, visitor, interaction, atDesk, atPage } = await inService(scene);
    agent.client.goOffline();
    await visitor.say(interaction, 'Hello?');
    agent.client.goOnline();
    await until(() => texts(atDesk).length === 2, { what: 'the message at the desk' });
    await agent.say(interaction, 'Yes.');
    await until(() => texts(atPage).length === 3, { what: 'the answer at the page' });
    expect(atPage.has('interaction.requeued')).toBe(false);
    await finish(scene, agent, interaction);
    expect(await scene.judge()).toEqual([]);
  });

  it('RTE-12 an agent who is lost gives the conversation back to the place it had, before those who came later', async () => {
    const scene = await stage.scene({
      agents: 2,
      capacity: 1,
      queue: { mode: 'balanced', isAutoAccepted: true, agentLostMs: 1_000, maxMissed: 0 },
    });
    const lost = await scene.agent();
    const first = scene.visitor();
    const atPage = await first.start('I was first');
    await until(() => atPage.owner === lost.id, { what: 'the first taken' });
    const second = scene.visitor();
    await second.start('I was second');
    lost.client.goOffline();
    await until(() => atPage.has('interaction.requeued'), { timeoutMs: 10_000, what: 'the first back in the queue' });
    const other = await scene.agent();
    await until(() => other.rows.get(first.interaction)?.owner?.id === other.id, { what: 'the first at the other agent' });
    expect(second.timelines.get(second.interaction)?.owner).toBeUndefined();
    await other.close(first.interaction);
    await until(() => other.rows.get(second.interaction)?.owner?.id === other.id, { what: 'the second at the other agent' });
    await finish(scene, other, second.interaction);
    lost.client.goOnline();
    expect(await scene.judge()).toEqual([]);
  });

  it('API-2 a message sent again under its own id, over other connections too, stands once', async () => {
    const scene = await stage.scene({ agents: 1 });
    const { agent, visitor, interaction, atDesk, atPage } = await inService(scene);
    const frame = { t: 'chat.send', interaction, mid: 'said-only-once', text: 'only once' };
    const first = await Promise.all([visitor.client.command(frame), visitor.client.command(frame)]);
    visitor.client.cut();
    const again = await visitor.client.command(frame);
    expect(new Set([...first, again].map((reply) => (reply as { off: number }).off)).size).toBe(1);
    await visitor.say(interaction, 'after it');
    await until(() => texts(atDesk).length === 3 && texts(atPage).length === 3, { what: 'three messages on both sides' });
    expect(texts(atDesk)).toEqual(['Good morning', 'only once', 'after it']);
    expect(texts(atPage)).toEqual(texts(atDesk));
    await finish(scene, agent, interaction);
    expect(await scene.judge()).toEqual([]);
  });

  it('API-2 a conversation opened twice under one key is one conversation', async () => {
    const scene = await stage.scene({ agents: 1 });
    const agent = await scene.agent();
    const visitor = scene.visitor();
    await visitor.start('Good morning', { key: 'opened-only-once' });
    const { interaction } = visitor;
    visitor.client.cut();
    await visitor.start('Good morning', { key: 'opened-only-once' });
    expect(visitor.interaction).toBe(interaction);
    await agent.claim(interaction);
    await finish(scene, agent, interaction);
    expect(await scene.judge()).toEqual([]);
  });

  it('API-2 connections cut again and again during a lively conversation lose, repeat and reorder nothing', async () => {
    const scene = await stage.scene({ agents: 1 });
    const { agent, visitor, interaction, atDesk, atPage } = await inService(scene);
    const talk = async (who: Agent | Visitor): Promise<void> => {
      for (let count = 0; count < 40; count++) {
        if (scene.chance.is(0.2)) who.client.cut();
        await who.say(interaction, `${who.name} says ${count}`);
      }
    };
    await Promise.all([talk(agent), talk(visitor)]);
    await until(() => texts(atDesk).length === 81 && texts(atPage).length === 81, {
      timeoutMs: 10_000,
      what: 'all messages on both sides',
    });
    expect(texts(atDesk)).toEqual(texts(atPage));
    await finish(scene, agent, interaction);
    expect(await scene.judge()).toEqual([]);
  });
});
