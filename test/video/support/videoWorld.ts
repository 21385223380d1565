/**
 * A center with video for tests: gateways as in `World`, and the role sfu in this process, once or more. Conversations with a visitor and an agent who has taken it; peers
 * ask over their real sockets. Made by `VideoWorld.start`, ended by `close`.
 */
import { loadEnv } from '../../../config/env.ts';
import { SfuWorkers } from '../../../sfu/workers.ts';
import type { RunningRole } from '../../../src/base/context.ts';
import { createLogger } from '../../../src/base/log.ts';
import type { RoomView } from '../../../src/protocol/video.ts';
import type { Running } from '../../../src/supervisor/keepRunning.ts';
import { startRoleProcess } from '../../../src/supervisor/roleProcess.ts';
import { startVideo } from '../../../src/video/role.ts';
import { type Ask, WebRtcPeer, type WebRtcPeerOptions } from '../../actors/webrtcPeer.ts';
import type { RawSocket } from '../../gateway/support/rawSocket.ts';
import { key, type Person, type Tenant, type Visitor, World } from '../../gateway/support/world.ts';
import { until } from '../../support/services.ts';

const READY = { timeoutMs: 120_000 };

export interface Conversation {
  readonly id: string;
  readonly tenant: Tenant;
  readonly visitor: Visitor;
  readonly agent: Person;
  readonly desk: RawSocket;
  /** `video.command` as the visitor, as the agent. */
  readonly asVisitor: Ask;
  readonly asAgent: Ask;
}

export class VideoWorld {
  readonly world: World;
  readonly #nodes = new Map<string, RunningRole>();
  readonly #processes: Running[] = [];
  readonly #peers: WebRtcPeer[] = [];
  #ids = 0;

  private constructor(world: World) {
    this.world = world;
  }

  static async start({ nodes = 1 }: { nodes?: number } = {}): Promise<VideoWorld> {
    const video = new VideoWorld(await World.start());
    for (let number = 1; number <= nodes; number++) await video.addNode(`sfu-${number}`);
    return video;
  }

  /** A process with media workers on ports of the kernel's choice; resolves when it takes rooms. */
  async addNode(nodeId: string, sizes?: Parameters<typeof SfuWorkers.create>[1]): Promise<SfuWorkers> {
    const { world } = this;
    const env = loadEnv({ REDIS_URL: world.redis.url, RTC_PORT: '0', PUBLIC_HOST: '127.0.0.1' });
    const log = createLogger('test', process.env['TEST_LOG'] ?? 'silent');
    const context = { env, log, dataDir: world.dataDir, nodeId, secretKey: 'k'.repeat(40) };
    const workers = SfuWorkers.create(context, sizes);
    this.#nodes.set(nodeId, await startVideo(context, workers));
    await this.#taking(nodeId);
    return workers;
  }

  /** A process of its own, which can be killed. */
  async addProcess(nodeId: string): Promise<Running> {
    const { world } = this;
    const running = await startRoleProcess({
      role: 'sfu',
      env: {
        REDIS_URL: world.redis.url,
        RTC_PORT: '0',
        PUBLIC_HOST: '127.0.0.1',
        NODE_ID: nodeId,
        DATA_DIR: world.dataDir,
        SECRET_KEY: 'k'.repeat(40),
        LOG_LEVEL: 'warn',
        DRAIN_SEC: '1',
      },
      onLine: () => undefined,
      onReady: () => undefined,
      onHung: () => undefined,
    });
    this.#processes.push(running);
    await this.#taking(nodeId);
    return running;
  }

  async #taking(nodeId: string): Promise<void> {
    const isTaking = async (): Promise<boolean> =>
      (await this.world.engine.phones.nodes('sfu')).some(({ id, isDraining }) => id.startsWith(nodeId) && !isDraining);
    await until(isTaking, { ...READY, what: `${nodeId} takes rooms` });
  }

  async stopNode(nodeId: string): Promise<void> {
    await this.#nodes.get(nodeId)?.close('test');
    this.#nodes.delete(nodeId);
  }

  /** An account whose group has video. */
  async tenant(rules: object = {}): Promise<Tenant> {
    const tenant = await this.world.tenant();
    await this.rule(tenant, { isOn: true, ...rules });
    return tenant;
  }

  /** Changes what the group says about video. */
  async rule(tenant: Tenant, video: object): Promise<void> {
    const path = `/api/v1/groups/${tenant.group.id}`;
    const { body } = await this.world.call(`GET ${path}`, { as: tenant.owner.token });
    const { status } = await this.world.call(`PATCH ${path}`, { as: tenant.owner.token, body: { video, version: body.version } });
    if (status !== 200) throw new Error(`the group's video rules were refused with ${status}`);
  }

  /** A visitor's conversation that an agent has taken, in an account of its own unless one is given. */
  async conversation(tenant?: Tenant): Promise<Conversation> {
    const owner = tenant ?? (await this.tenant());
    const agent = await this.world.person(owner, `Agent ${++this.#ids}`);
    const desk = await this.world.desk(agent);
    const visitor = await this.world.visitor(owner);
    const id = await this.world.chat(visitor);
    await desk.reply({ t: 'interaction.claim', key: key(), interaction: id });
    await visitor.socket.reply({ t: 'subscribe', feed: `conversation:${id}` });
    await desk.reply({ t: 'subscribe', feed: `conversation:${id}` });
    return { id, tenant: owner, visitor, agent, desk, asVisitor: asker(visitor.socket, id), asAgent: asker(desk, id) };
  }

  /** One more agent who takes part. */
  async colleague({ id, tenant, desk }: Conversation): Promise<{ agent: Person; desk: RawSocket; ask: Ask }> {
    const agent = await this.world.person(tenant, `Agent ${++this.#ids}`);
    const own = await this.world.desk(agent);
    await desk.reply({ t: 'participant.invite', key: key(), interaction: id, agent: agent.id });
    return { agent, desk: own, ask: asker(own, id) };
  }

  async join(ask: Ask, options: Partial<WebRtcPeerOptions> = {}): Promise<WebRtcPeer> {
    const peer = await WebRtcPeer.join(ask, { id: `peer-${process.pid}-${++this.#ids}`, ...options });
    this.#peers.push(peer);
    return peer;
  }

  /** As it stands in Redis. */
  async room({ id, tenant }: Pick<Conversation, 'id' | 'tenant'>): Promise<RoomView | undefined> {
    const scope = await this.world.engine.config.scopeOf(tenant.accountId as never);
    const room = scope && (await this.world.engine.views.room(scope, id as never));
    return room === undefined ? undefined : (JSON.parse(room) as RoomView);
  }

  async close(): Promise<void> {
    await Promise.all(this.#peers.map((peer) => peer.close()));
    for (const node of [...this.#nodes.keys()]) await this.stopNode(node);
    await Promise.all(this.#processes.map((one) => one.stop(20_000)));
    await this.world.close();
  }
}

/** Resolves when so many more packets of the producer have come. */
export async function hears(peer: WebRtcPeer, producer: string, more = 5): Promise<void> {
  const before = peer.heard.get(producer)?.packets ?? 0;
  const isMore = (): boolean => (peer.heard.get(producer)?.packets ?? 0) >= before + more;
  await until(isMore, { timeoutMs: 100_000, what: `media of ${producer}` });
}

/** @throws Error with the code of the refusal as its message */
export function asker(socket: RawSocket, interaction: string): Ask {
  return async (body) => {
    const frame = await socket.ask({ t: 'video.command', key: key(), interaction, body });
    if (frame.t === 'reply') return frame.body;
    throw new Error(frame.code);
  };
}
