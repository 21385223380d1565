/**
 * Where flows are played: a running center, and per test a scene with a workspace, actors and a ledger of its own. Created in `beforeAll`.
 * `judge` is a scene's last act: its actors go, and what the ledger found is said. Scenes left by failed tests end with the stage.
 */
import pg from 'pg';
import { Agent } from '../actors/agent.ts';
import { Chance } from '../actors/chance.ts';
import { Ledger } from '../actors/ledger.ts';
import { Visitor, type VisitorOptions } from '../actors/visitor.ts';
import { type Center, type CenterOptions, startCenter } from './center.ts';
import { until } from './services.ts';
import { openWorkspace, type Workspace, type WorkspaceOptions } from './workspace.ts';

const HISTORY_TIMEOUT_MS = 15_000;

export class Stage {
  readonly center: Center;
  readonly #scenes: Scene[] = [];

  private constructor(center: Center) {
    this.center = center;
  }

  static async open(options: CenterOptions = {}): Promise<Stage> {
    return new Stage(await startCenter(options));
  }

  /** A workspace of its own for one test. */
  async scene(options: WorkspaceOptions & { seed?: number }): Promise<Scene> {
    const scene = await Scene.open(this.center, options);
    this.#scenes.push(scene);
    return scene;
  }

  close(): Promise<void> {
    for (const scene of this.#scenes) scene.end();
    return this.center.close();
  }
}

export class Scene {
  readonly center: Center;
  readonly workspace: Workspace;
  readonly ledger = new Ledger();
  readonly chance: Chance;
  readonly agents: Agent[] = [];
  readonly visitors: Visitor[] = [];
  readonly #controller = new AbortController();
  #hired = 0;

  private constructor(center: Center, workspace: Workspace, chance: Chance) {
    this.center = center;
    this.workspace = workspace;
    this.chance = chance;
  }

  /** Outside a test; the caller ends it. */
  static async open(center: Center, options: WorkspaceOptions & { seed?: number }): Promise<Scene> {
    return new Scene(center, await openWorkspace(center, options), new Chance(options.seed ?? 1));
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** A visitor of the workspace's group; `gateways` narrows where it connects. */
  visitor(extra: Partial<Pick<VisitorOptions, 'name' | 'token' | 'gateways'>> = {}): Visitor {
    const name = `visitor-${this.visitors.length + 1}`;
    const visitor = new Visitor({ ...this.#common(name), group: this.workspace.group, ...extra });
    this.visitors.push(visitor);
    return visitor;
  }

  /** The next agent of the workspace, connected and, unless told otherwise, serving. */
  async agent({ isServing = true, gateways }: { isServing?: boolean; gateways?: readonly string[] } = {}): Promise<Agent> {
    const member = this.workspace.agents[this.#hired++];
    if (!member) throw new Error(`the workspace has ${this.workspace.agents.length} agents only`);
    const agent = await Agent.signIn({ ...this.#common(member.name), ...member, ...(gateways ? { gateways } : {}) });
    this.agents.push(agent);
    if (isServing) await agent.serve();
    return agent;
  }

  /** What the ledger found once the history has caught up with what was acknowledged; empty when everything holds. */
  async judge(): Promise<string[]> {
    const client = new pg.Client({ connectionString: this.center.databaseUrl });
    await client.connect();
    try {
      const historyOf = (interaction: string) => readHistory(client, interaction);
      const wanted = new Set(this.ledger.acknowledged.map(({ mid }) => mid));
      const hasCaughtUp = async (): Promise<boolean> => {
        const { rows } = await client.query<{ mid: string }>('select mid from message where interaction_id = any($1)', [
          this.ledger.interactions,
        ]);
        return rows.filter(({ mid }) => wanted.has(mid)).length >= wanted.size;
      };
      // When it never catches up the verdict says what is missing.
      await until(hasCaughtUp, { timeoutMs: HISTORY_TIMEOUT_MS, everyMs: 200 }).catch(() => undefined);
      return await this.ledger.verdict({ historyOf });
    } finally {
      this.end();
      await client.end();
    }
  }

  end(): void {
    this.#controller.abort();
  }

  #common(name: string) {
    return { gateways: this.center.gateways, chance: this.chance.fork(), ledger: this.ledger, signal: this.signal, name };
  }
}

async function readHistory(client: pg.Client, interaction: string): Promise<{ mid: string; off: number }[]> {
  const { rows } = await client.query<{ mid: string; off: number }>('select mid, off from message where interaction_id = $1 order by off', [
    interaction,
  ]);
  return rows.map(({ mid, off }) => ({ mid, off: Number(off) }));
}
