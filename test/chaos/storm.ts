/**
 * A storm: conversations run all the time while processes of the center are killed or stand still by seed; afterwards the ledger judges.
 * Played by the chaos tests on a center of theirs. The same seed gives the same faults in the same order, though not at the same microsecond.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { Chance } from '../actors/chance.ts';
import { chatByPolicy, serveByPolicy } from '../actors/policies.ts';
import type { Center } from '../support/center.ts';
import { Scene } from '../support/stage.ts';

export interface StormPlan {
  readonly seed: number;
  /** Conversations that run at any time. */
  readonly conversations: number;
  readonly faults: number;
  readonly longestPauseMs: number;
  /** Time between the end of one fault and the next. */
  readonly calmMs: number;
  /** Names of processes that faults may hit; absent: all. */
  readonly targets?: readonly string[];
}

export interface StormReport {
  readonly verdict: readonly string[];
  /** What was done, in order. */
  readonly faults: readonly string[];
  readonly conversations: number;
  readonly acknowledged: number;
  /** Times a client noticed that events were missing and resumed. */
  readonly gaps: number;
}

const AGENTS = 12;
const CAPACITY = 6;
const QUEUE = { offerTimeoutMs: 3_000, maxMissed: 3, reconnectMs: 60_000, agentLostMs: 20_000 };
/** All conversations have to end within this time once the faults are over. */
const CALM_AFTER_MS = 60_000;

/** @throws when the actors themselves fail, or conversations are not over in time */
export async function storm(center: Center, plan: StormPlan): Promise<StormReport> {
  const chance = new Chance(plan.seed);
  const mode = chance.pick(['manual', 'balanced', 'random'] as const);
  const scene = await Scene.open(center, { agents: AGENTS, capacity: CAPACITY, seed: plan.seed, queue: { ...QUEUE, mode } });
  const serving = new AbortController();
  const visiting = new AbortController();
  try {
    const agents = await Promise.all(Array.from({ length: AGENTS }, () => scene.agent()));
    const desks = agents.map((agent) => {
      if (mode === 'manual') agent.followQueue(scene.workspace.queue);
      return serveByPolicy(agent, { takes: mode === 'manual' ? 'claim' : 'offers', missing: 0.1, thinkMs: 300, signal: serving.signal });
    });
    const visits = Array.from({ length: plan.conversations }, () => visitAgainAndAgain(scene, visiting.signal));
    const running = Promise.all([...desks, ...visits]);
    const faults = await Promise.race([raiseFaults(center, plan, chance), running.then(() => [])]);
    visiting.abort();
    // An actor that failed is the reason to tell; conversations that do not end are named by the verdict.
    await Promise.race([Promise.all(visits), running, wait(CALM_AFTER_MS, undefined, { ref: false })]);
    serving.abort();
    await Promise.all(desks);
    const { ledger } = scene;
    const gaps = [...scene.agents, ...scene.visitors].reduce((sum, actor) => sum + actor.gaps, 0);
    return {
      verdict: await scene.judge(),
      faults,
      conversations: ledger.interactions.length,
      acknowledged: ledger.acknowledged.length,
      gaps,
    };
  } finally {
    serving.abort();
    visiting.abort();
    scene.end();
  }
}

/** One visitor after the other, each with a conversation from beginning to end; the last one is finished, too, unless the scene ends. */
async function visitAgainAndAgain(scene: Scene, signal: AbortSignal): Promise<void> {
  do {
    const visitor = scene.visitor();
    await chatByPolicy(visitor, { messages: visitor.chance.between(2, 8), thinkMs: 800, cuts: 0.1, signal: scene.signal });
  } while (!signal.aborted);
}

async function raiseFaults(center: Center, plan: StormPlan, chance: Chance): Promise<string[]> {
  const done: string[] = [];
  const targets = plan.targets ?? center.names;
  await wait(plan.calmMs);
  for (let count = 0; count < plan.faults; count++) {
    const name = chance.pick(targets);
    const isKill = chance.is(0.5);
    const ms = isKill ? chance.between(0, 3_000) : chance.between(500, plan.longestPauseMs);
    done.push(isKill ? `${name} killed, back after ${ms} ms` : `${name} stopped for ${ms} ms`);
    if (isKill) {
      await center.kill(name);
      await wait(ms);
      await center.restart(name);
    } else {
      await center.pauseFor(name, ms);
    }
    await center.ready();
    await wait(plan.calmMs);
  }
  return done;
}
