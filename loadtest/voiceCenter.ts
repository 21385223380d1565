/**
 * What the voice benchmark measures: Redis, PostgreSQL, worker, SIP application, edge and phone media as `npm start` runs them, durability included, and an account
 * with a queue, its number and agents with registered phones. Created once per run.
 */
import { createEngine, type RunningEngine } from '../queues/index.ts';
import { newId } from '../src/base/ids.ts';
import { createLogger } from '../src/base/log.ts';
import { type Center, startCenter } from '../test/support/center.ts';
import { createPhoneScene, type PhoneScene } from '../test/support/phoneScene.ts';
import { until } from '../test/support/services.ts';
import { readUsage, totalOf, type Usage } from './processes.ts';
import { AGENTS } from './voicePhones.ts';

const SECRET_KEY = 'a key for tests that is long enough';
const AT_ONCE = 50;
/** Apart from where SIPp's phones have theirs (voicePhones.ts). */
const RTP_PORTS = '11300-19900';

export class VoiceCenter {
  readonly scene: PhoneScene;
  readonly engine: RunningEngine;
  readonly #center: Center;

  private constructor(center: Center, engine: RunningEngine, scene: PhoneScene) {
    this.#center = center;
    this.engine = engine;
    this.scene = scene;
  }

  /** `trunk`: the address that callers call from. */
  static async start(agents: number, trunk: string): Promise<VoiceCenter> {
    const center = await startCenter({ gateways: 1, workers: 1, sips: 1, edges: 1, rtps: 1, isDurable: true, env: { RTP_PORTS } });
    const log = createLogger('bench', 'warn');
    const engine = await createEngine({ redisUrl: center.redisUrl, nodeId: 'bench', log });
    const queue = { wrapUpMs: 0, mode: 'longest_idle' as const, offerTimeoutMs: 20_000, maxMissed: 0 };
    const scene = await createPhoneScene(engine, { agents, queue, secretKey: SECRET_KEY });
    // All from one address: that of a trunk, and that of an office of `agents` phones, which the edge must not take for a flood.
    await scene.addTrunk({ sources: [trunk, AGENTS], maxCalls: 0, maxCallsPerMinute: 0 });
    return new VoiceCenter(center, engine, scene);
  }

  get sipPort(): number {
    return this.#center.sipPorts[0] ?? 0;
  }

  /** Every phone is registered, so that its agent has a live device. */
  async registered(): Promise<void> {
    for (const { id, name } of this.scene.agents)
      await until(async () => (await this.engine.views.agent(this.scene.scope, id))?.agent.devices.some(({ isLive }) => isLive), {
        timeoutMs: 60_000,
        everyMs: 100,
        what: `the phone of ${name}`,
      });
  }

  /** Signs in the first `count` agents, and nobody else. */
  async signIn(count: number): Promise<void> {
    const { router } = this.engine;
    const { agents, scope } = this.scene;
    for (let from = 0; from < agents.length; from += AT_ONCE)
      await Promise.all(
        agents.slice(from, from + AT_ONCE).map(({ id }, place) => {
          const command = { agentId: id, key: newId('command') };
          return from + place < count ? router.signIn(scope, command) : router.signOut(scope, command);
        }),
      );
  }

  async waiting(): Promise<number> {
    return (await this.engine.views.figures(this.scene.scope, this.scene.queueId))?.waiting ?? 0;
  }

  /** Of every process of ours, by its name: servers included. */
  usage(): Map<string, Usage> {
    return readUsage(new Map(this.#center.names.map((name) => [name, this.#center.pidOf(name)])));
  }

  bytes(): number {
    return totalOf(this.usage()).bytes;
  }

  get lines(): readonly string[] {
    return this.#center.lines;
  }

  async close(): Promise<void> {
    await this.engine.close('the benchmark is over');
    await this.#center.close();
  }
}
