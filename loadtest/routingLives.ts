/**
 * Plays whole lives on a scene: start, offer, accept, close, end of the wrap-up. Created by the load generator, one per scene.
 *
 * Interactions in service stand in a row. One step closes the first of the row and ends its wrap-up, which frees an agent, and starts another
 * interaction that asks for the same; whoever is offered something accepts it and stands last in the row. So what waits and what is served stays as it
 * was, however long it goes on, and every step is one life's worth of work.
 */
import { type InteractionId, newId, type QueueId, type UserId } from '../src/base/ids.ts';
import type { Calls } from './routingCalls.ts';
import type { LivesOrder, LivesRun } from './routingOrders.ts';
import { BUILDING_IN_FLIGHT, type Kind, kindOf, must, newCall, queuesOf, type Scene } from './routingScene.ts';

interface Served {
  readonly interactionId: InteractionId;
  readonly agentId: UserId;
}

const SETTLE_MS = 15_000;
const QUIET_MS = 300;
const MOST_TURNS = 50;

export class Lives {
  readonly scene: Scene;
  readonly #calls: Calls;
  #row: Served[] = [];
  /** What each interaction that is not closed asks for. */
  readonly #kinds = new Map<string, Kind>();
  readonly #freedAt = new Map<string, number>();
  #offerMs: number[] = [];
  #started = 0;
  #closed = 0;
  #begun = 0;
  /** Of the closed loop: go on with another step after each accepted offer. */
  #isLooping = false;
  #most = Number.POSITIVE_INFINITY;
  #endsByCommand = true;
  #isRefilled = true;

  constructor(calls: Calls, scene: Scene) {
    this.#calls = calls;
    this.scene = scene;
  }

  /** An offer reached its agent. */
  offered(interactionId: string, agentId: string, token: string): void {
    const freedAt = this.#freedAt.get(agentId);
    if (freedAt !== undefined) {
      this.#offerMs.push(performance.now() - freedAt);
      this.#freedAt.delete(agentId);
    }
    this.#calls.run(async ({ router }) => {
      const served = { interactionId: interactionId as InteractionId, agentId: agentId as UserId };
      must(await router.acceptOffer(this.scene.scope, { ...served, token }));
      this.#row.push(served);
      if (this.#isLooping) this.#step();
    });
  }

  get served(): number {
    return this.#row.length;
  }

  /** Gives every agent one to serve. A queue's agents may all be taken by other queues, so it takes more than one turn. */
  async occupy(): Promise<void> {
    const { agents, queues } = this.scene;
    for (let turn = 0; this.#row.length < agents.length; turn++) {
      if (turn > MOST_TURNS)
        throw new Error(`${this.scene.shape.name}: ${this.#row.length} of ${agents.length} agents serve after ${turn} turns`);
      const busy = new Set(this.#row.map(({ agentId }) => agentId));
      const free = [...agents.keys()].filter((number) => !busy.has(agents[number] as UserId));
      const start = (router: Calls['first']['router'], agent: number): Promise<void> => {
        const own = queuesOf(agent, queues);
        return this.#start(router, { queue: own[turn % own.length] as QueueId, needs: [] });
      };
      await this.#calls.each(free.length, ({ router }, place) => start(router, free[place] as number), BUILDING_IN_FLIGHT);
      await this.#settled();
    }
  }

  /** Starts so many more; the first half asks for skills, so that it waits longest. */
  async fill(waiting: number): Promise<void> {
    const half = Math.floor(waiting / 2);
    for (const hasNeeds of [true, false]) {
      await this.#calls.each(half, ({ router }, number) => this.#start(router, kindOf(this.scene, number, hasNeeds)), BUILDING_IN_FLIGHT);
    }
    await this.#until(() => this.#calls.isIdle && this.#row.length >= this.scene.agents.length);
  }

  async run({ perSec, atOnce, wrapUpEnds, lastsMs, lives }: LivesOrder): Promise<LivesRun> {
    this.#endsByCommand = wrapUpEnds === 'command';
    this.#calls.troubles.clear();
    this.#offerMs = [];
    this.#freedAt.clear();
    this.#most = lives === undefined ? Number.POSITIVE_INFINITY : lives;
    this.#begun = 0;
    if (this.#row.length === 0) await this.#seed(atOnce);
    const servedBefore = this.#row.length;
    const closedBefore = this.#closed;
    const startedAt = performance.now();
    const isOver = (): boolean => performance.now() - startedAt >= lastsMs || this.#begun >= this.#most;
    if (perSec === 0) {
      this.#isLooping = true;
      for (let place = 0; place < Math.min(atOnce, servedBefore); place++) this.#step();
      while (!isOver()) await pause(5);
      this.#isLooping = false;
    } else {
      for (; !isOver(); await pause(1)) {
        const due = Math.floor(((performance.now() - startedAt) * perSec) / 1_000);
        // What is not in service cannot be closed: the rate is then not reached, and the run says so.
        while (this.#begun < due && this.#row.length > 0) this.#step();
      }
    }
    const windowMs = performance.now() - startedAt;
    const closed = this.#closed - closedBefore;
    await this.#until(() => this.#calls.isIdle && this.#row.length >= servedBefore).catch(() =>
      this.#calls.trouble('not all came to be served again'),
    );
    return {
      lives: this.#closed - closedBefore,
      livesInWindow: closed,
      windowMs,
      troubles: Object.fromEntries(this.#calls.troubles),
      servedBefore,
      servedAfter: this.#row.length,
      offerMs: this.#offerMs,
    };
  }

  /** One after the other, with a pause between: nothing else is going on when an agent comes free. */
  async runAlone(lives: number, pauseMs: number): Promise<number[]> {
    this.#offerMs = [];
    for (let life = 0; life < lives; life++) {
      this.#step();
      await this.#until(() => this.#offerMs.length > life && this.#calls.isIdle);
      await pause(pauseMs);
    }
    return this.#offerMs;
  }

  /** Closes what is in service and starts nothing in its place. */
  async finish(): Promise<void> {
    this.#most = this.#begun + this.#row.length;
    this.#isRefilled = false;
    while (this.#row.length > 0) this.#step();
    await this.#until(() => this.#calls.isIdle);
    this.#isRefilled = true;
  }

  /** A scene without a backlog: the first lives begin. */
  async #seed(count: number): Promise<void> {
    for (let number = 0; number < count; number++) this.#calls.run(({ router }) => this.#start(router, kindOf(this.scene, number, false)));
    await this.#until(() => this.#calls.isIdle && this.#row.length >= Math.min(count, this.scene.agents.length));
  }

  #step(): void {
    const served = this.#row.shift();
    if (!served || this.#begun >= this.#most) {
      if (served) this.#row.unshift(served);
      return;
    }
    this.#begun++;
    const { interactionId, agentId } = served;
    const { scope } = this.scene;
    this.#calls.run(async ({ router }) => {
      must(await router.closeInteraction(scope, { ...served, outcome: '', note: '', key: newId('command'), isSupervisor: false }));
      const kind = this.#kinds.get(interactionId) ?? kindOf(this.scene, this.#closed, false);
      this.#kinds.delete(interactionId);
      this.#closed++;
      if (this.#endsByCommand) {
        this.#freedAt.set(agentId, performance.now());
        must(await router.endWrapUp(scope, { interactionId, agentId, isSupervisor: false }));
      }
      if (this.#isRefilled) await this.#start(router, kind);
    });
  }

  async #start(router: Calls['first']['router'], kind: Kind): Promise<void> {
    this.#started++;
    const { interaction } = must(await router.startInteraction(this.scene.scope, newCall(this.scene, kind)));
    this.#kinds.set(interaction.id, kind);
  }

  /** Nothing is called, and for a moment nobody was offered anything. */
  async #settled(): Promise<void> {
    let before = -1;
    while (!this.#calls.isIdle || before !== this.#row.length) {
      before = this.#row.length;
      await pause(QUIET_MS);
    }
  }

  /** @throws after a while */
  async #until(condition: () => boolean): Promise<void> {
    for (const by = performance.now() + SETTLE_MS; !condition(); await pause(5)) {
      if (performance.now() > by) {
        const troubles = JSON.stringify(Object.fromEntries(this.#calls.troubles));
        throw new Error(
          `${this.scene.shape.name}: ${this.#row.length} of ${this.scene.agents.length} agents serve; ${this.#started} started; ${troubles}`,
        );
      }
    }
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
