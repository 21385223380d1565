/**
 * One process of the center dies or stands still while people chat. Nobody's acknowledged message is lost, and afterwards everything goes on.
 * One scenario after the other on one center, because each takes something away from all.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Agent } from '../actors/agent.ts';
import type { Visitor } from '../actors/visitor.ts';
import { until } from '../support/services.ts';
import { type Scene, Stage } from '../support/stage.ts';

const CONVERSATIONS = 6;
/** Time in which everything must be as before once the process is back (DESIGN §1: nothing stays wrong longer than 10 s), and some for a busy machine. */
const HEALED_MS = 20_000;

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open({ gateways: 2, workers: 2 });
});
afterAll(() => stage.close());

interface Pair {
  readonly agent: Agent;
  readonly visitor: Visitor;
  readonly interaction: string;
}

async function pairs(scene: Scene): Promise<Pair[]> {
  return Promise.all(
    Array.from({ length: CONVERSATIONS }, async () => {
      const visitor = scene.visitor();
      const agent = await scene.agent();
      await visitor.start('Good morning');
      await agent.claim(visitor.interaction);
      return { agent, visitor, interaction: visitor.interaction };
    }),
  );
}

/** Both sides of every conversation talk without pause until told to stop; then says how many messages were acknowledged. */
function chatter(scene: Scene, all: readonly Pair[]): { stop(): Promise<void> } {
  let isOver = false;
  const talk = async (who: Agent | Visitor, interaction: string): Promise<void> => {
    for (let count = 0; !isOver; count++) {
      await who.say(interaction, `${who.name} says ${count}`);
      await wait(scene.chance.between(20, 120));
    }
  };
  const talks = all.flatMap(({ agent, visitor, interaction }) => [talk(agent, interaction), talk(visitor, interaction)]);
  return {
    async stop() {
      isOver = true;
      await Promise.all(talks);
    },
  };
}

/** Plays: lively chat, the fault, lively chat again; then all is closed and judged. */
async function play(scene: Scene, fault: () => Promise<void>): Promise<string[]> {
  const all = await pairs(scene);
  const talking = chatter(scene, all);
  const said = () => scene.ledger.acknowledged.length;
  await until(() => said() > CONVERSATIONS * 4, { timeoutMs: HEALED_MS, what: 'lively chat' });
  await fault();
  for (const { agent, visitor, interaction } of all) {
    // Each conversation has to go on, not only some.
    const before = scene.ledger.acknowledged.filter((one) => one.interaction === interaction).length;
    await until(() => scene.ledger.acknowledged.filter((one) => one.interaction === interaction).length > before + 2, {
      timeoutMs: HEALED_MS,
      what: `${agent.name} and ${visitor.name} talking again`,
    });
  }
  await talking.stop();
  const isComplete = () =>
    scene.ledger.timelines.every((timeline) =>
      scene.ledger.acknowledged.every(({ interaction, off }) => interaction !== timeline.interaction || timeline.messages.has(off)),
    );
  await until(isComplete, { timeoutMs: HEALED_MS, what: 'every message on both sides' });
  for (const { agent, interaction } of all) await agent.close(interaction);
  await until(() => scene.ledger.open.length === 0, { timeoutMs: HEALED_MS, what: 'the end of all conversations' });
  return scene.judge();
}

describe('outages', { timeout: 120_000 }, () => {
  it('RTE-12 a killed gateway: its sockets go on over the other one', async () => {
    const scene = await stage.scene({ agents: CONVERSATIONS });
    try {
      expect(await play(scene, () => stage.center.kill('gateway-1'))).toEqual([]);
    } finally {
      await stage.center.restart('gateway-1');
      await stage.center.ready();
    }
  });

  it('RTE-12 a gateway that stood still past its lease closes what it held, and nobody is served twice', async () => {
    const scene = await stage.scene({ agents: CONVERSATIONS });
    expect(await play(scene, () => stage.center.pauseFor('gateway-2', 8_000))).toEqual([]);
  });

  it('RTE-12 a killed Redis: what was acknowledged is there when it is back', async () => {
    const scene = await stage.scene({ agents: CONVERSATIONS });
    const verdict = await play(scene, async () => {
      await stage.center.kill('redis');
      await wait(1_000);
      await stage.center.restart('redis');
    });
    expect(verdict).toEqual([]);
  });

  it('DESIGN-1 chatting goes on while PostgreSQL is away, and the history is complete afterwards', async () => {
    const scene = await stage.scene({ agents: CONVERSATIONS });
    const verdict = await play(scene, async () => {
      await stage.center.kill('postgres');
      const before = scene.ledger.acknowledged.length;
      await until(() => scene.ledger.acknowledged.length > before + CONVERSATIONS * 10, {
        timeoutMs: HEALED_MS,
        what: 'chat without PostgreSQL',
      });
      await wait(3_000);
      await stage.center.restart('postgres');
    });
    expect(verdict).toEqual([]);
  });

  it('RTE-8 a killed worker: the other one takes over, and a wrap-up ends in time', async () => {
    const scene = await stage.scene({ agents: CONVERSATIONS, capacity: 1, queue: { mode: 'manual', wrapUpMs: 2_000 } });
    const all = await pairs(scene);
    for (const { agent, interaction } of all) await agent.close(interaction);
    await until(() => all.every(({ agent }) => agent.view?.status === 'wrap_up'), { what: 'the wrap-ups' });
    await stage.center.kill('worker-1');
    await until(() => all.every(({ agent }) => agent.view?.status === 'available'), {
      timeoutMs: HEALED_MS,
      what: 'the end of the wrap-ups',
    });
    await stage.center.restart('worker-1');
    expect(await scene.judge()).toEqual([]);
  });
});
