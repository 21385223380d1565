/**
 * What the video benchmark runs on: a center as `npm start` runs it, agents who may hold many videos, conversations that are theirs; and bare mediasoup. Peers come over a
 * visitor's real socket, or by the letters that a gateway would write. Made by `VideoScene.start` and `BareMediasoup.start`, ended by `close`.
 */
import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { join } from 'node:path';
import type { Scope } from '../queues/engine.ts';
import { createEngine, type RunningEngine } from '../queues/index.ts';
import { type ContactId, type GroupId, type InteractionId, newId, type QueueId, type UserId } from '../src/base/ids.ts';
import { createLogger } from '../src/base/log.ts';
import { videoCommand } from '../src/protocol/video.ts';
import { actInRoom, type RoomMember } from '../src/video/commands.ts';
import { Chance } from '../test/actors/chance.ts';
import { Ledger } from '../test/actors/ledger.ts';
import { Visitor } from '../test/actors/visitor.ts';
import type { Ask } from '../test/actors/webrtcPeer.ts';
import { type Center, startCenter } from '../test/support/center.ts';
import { until } from '../test/support/services.ts';
import { openWorkspace, type Workspace } from '../test/support/workspace.ts';
import type { BareAnswer, BareOrder } from './videoOrders.ts';

const VIDEOS_PER_AGENT = 100;
const READY = { timeoutMs: 60_000 };

export interface Conversation {
  readonly id: string;
  readonly asAgent: Ask;
  readonly asVisitor: Ask;
}

export class VideoScene {
  readonly center: Center;
  readonly #workspace: Workspace;
  readonly #engine: RunningEngine;
  readonly #scope: Scope;
  readonly #groupId: GroupId;
  readonly #abort = new AbortController();
  readonly #ledger = new Ledger();
  readonly #chance = new Chance(1);
  #made = 0;

  private constructor(center: Center, workspace: Workspace, engine: RunningEngine, found: { scope: Scope; groupId: GroupId }) {
    this.center = center;
    this.#workspace = workspace;
    this.#engine = engine;
    this.#scope = found.scope;
    this.#groupId = found.groupId;
  }

  /** One gateway, one worker, one process of video with a media worker a core. */
  static async start(conversations: number): Promise<VideoScene> {
    const center = await startCenter({ gateways: 1, workers: 1, sfus: 1, isDurable: true, env: { LIMIT_FACTOR: '1000' } });
    try {
      const workspace = await openWorkspace(center, {
        agents: Math.max(3, Math.ceil(conversations / VIDEOS_PER_AGENT)),
        capacity: VIDEOS_PER_AGENT,
        member: { videoCapacity: VIDEOS_PER_AGENT },
        queue: { mode: 'manual', reconnectMs: 600_000, agentLostMs: 600_000 },
        groupFields: { video: { isOn: true } },
      });
      const engine = await createEngine({ redisUrl: center.redisUrl, nodeId: 'bench', log: createLogger('bench', 'silent') });
      const { scope, group } = await until(() => engine.config.groupByPublicId(workspace.group, { isFresh: true }), READY);
      for (const { id } of workspace.agents) {
        const agentId = id as UserId;
        await attach(engine, scope, agentId);
        const signedIn = await engine.router.signIn(scope, { agentId, key: newId('command') });
        if (!signedIn.ok) throw new Error(`an agent cannot sign in: ${signedIn.code}`);
      }
      await until(async () => (await engine.phones.nodes('sfu')).some(({ isDraining }) => !isDraining), READY);
      return new VideoScene(center, workspace, engine, { scope, groupId: group.id as GroupId });
    } catch (error) {
      await center.close();
      throw error;
    }
  }

  get processes(): ReadonlyMap<string, number> {
    return new Map(this.center.names.map((name) => [name, this.center.pidOf(name)]));
  }

  /** A visitor on a real socket, whose conversation an agent has taken. */
  async withSocket(): Promise<Conversation> {
    const visitor = new Visitor({
      gateways: this.center.gateways,
      chance: this.#chance.fork(),
      ledger: this.#ledger,
      signal: this.#abort.signal,
      name: `visitor-${this.#made}`,
      group: this.#workspace.group,
    });
    await until(() => visitor.client.isOpen, READY);
    const key = (): string => this.#chance.key();
    const { interaction } = (await visitor.client.command({ t: 'chat.start', key: key(), medium: 'video' })) as {
      interaction: { id: string };
    };
    const asVisitor: Ask = (body) => visitor.client.command({ t: 'video.command', key: key(), interaction: interaction.id, body });
    return { ...(await this.#taken(interaction.id)), asVisitor };
  }

  /** The same without a gateway: its letters are written here. */
  async byLetters(): Promise<Conversation> {
    const contactId = newId('contact') as ContactId;
    const started = await this.#engine.router.startInteraction(this.#scope, {
      queueId: this.#workspace.queue as QueueId,
      groupId: this.#groupId,
      contactId,
      key: newId('command'),
      name: 'Eva',
      email: '',
      language: 'en',
      page: '',
      userAgent: 'bench',
      text: '',
      connectionId: '',
      medium: 'video',
    });
    if (!started.ok) throw new Error(`no conversation: ${started.code}`);
    const { id } = started.interaction;
    return { ...(await this.#taken(id)), asVisitor: this.#asker(id, { role: 'customer', id: contactId, name: 'Eva' }) };
  }

  /** More agents who take part. */
  async colleagues({ id }: Conversation, count: number): Promise<Ask[]> {
    const view = await this.#engine.views.interaction(this.#scope, id as InteractionId);
    const by = view?.owner?.id as UserId;
    const others = this.#workspace.agents.filter((agent) => agent.id !== by).slice(0, count);
    for (const other of others) {
      await attach(this.#engine, this.#scope, other.id as UserId);
      const invite = { interactionId: id as InteractionId, by, agentId: other.id as UserId, key: newId('command'), isSupervisor: false };
      const invited = await this.#engine.router.inviteParticipant(this.#scope, invite);
      if (!invited.ok) throw new Error(`a colleague cannot take part: ${invited.code}`);
    }
    return others.map((other) => this.#asker(id, { role: 'agent', id: other.id, name: other.name }));
  }

  /** Rooms that are open, as Redis has them. */
  async openRooms(conversations: readonly Conversation[]): Promise<number> {
    const rooms = await Promise.all(conversations.map(({ id }) => this.#engine.views.room(this.#scope, id as InteractionId)));
    return rooms.filter((room) => room?.includes('"state":"open"')).length;
  }

  async close(): Promise<void> {
    this.#abort.abort();
    await this.#engine.close('bench over');
    await this.center.close();
  }

  async #taken(id: string): Promise<Omit<Conversation, 'asVisitor'>> {
    const agent = this.#workspace.agents[Math.floor(this.#made++ / VIDEOS_PER_AGENT) % this.#workspace.agents.length];
    if (!agent) throw new Error('there is no agent');
    await attach(this.#engine, this.#scope, agent.id as UserId);
    const claim = { interactionId: id as InteractionId, agentId: agent.id as UserId, key: newId('command') };
    const claimed = await this.#engine.router.claimInteraction(this.#scope, claim);
    if (!claimed.ok) throw new Error(`the agent cannot take it: ${claimed.code}`);
    const asAgent = this.#asker(id, { role: 'agent', id: agent.id, name: agent.name });
    await asAgent({ do: 'open', kind: 'video' });
    return { id, asAgent };
  }

  #asker(id: string, by: RoomMember): Ask {
    return (body) => {
      const order = { interactionId: id as InteractionId, key: newId('command'), command: videoCommand.parse(body) };
      return actInRoom(this.#engine, this.#scope, by, order);
    };
  }
}

/** Again before each use: the lease of this process lapses when the machine gives it no time for 5 s, and with it the devices. */
async function attach(engine: RunningEngine, scope: Scope, agentId: UserId): Promise<void> {
  await engine.router.attachDevice(scope, { agentId, deviceId: 'bench', deviceName: 'Bench', connectionId: `bench-${agentId}` });
}

export class BareMediasoup {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, { resolve: (body: unknown) => void; reject: (error: Error) => void }>();
  #next = 1;

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.on('message', ({ id, body, error }: BareAnswer) => {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error === undefined) waiting?.resolve(body);
      else waiting?.reject(new Error(error));
    });
  }

  static async start(): Promise<BareMediasoup> {
    const script = join(import.meta.dirname, '../config/setup/buildWorker.mjs');
    const binary = execFileSync(process.execPath, [script, '--find'], { encoding: 'utf8' }).trim();
    const env = { ...process.env, MEDIASOUP_WORKER_BIN: binary };
    const child = fork(join(import.meta.dirname, 'baseline/mediasoup.ts'), { env, execArgv: ['--disable-warning=ExperimentalWarning'] });
    const bare = new BareMediasoup(child);
    await new Promise<unknown>((resolve, reject) => {
      bare.#waiting.set(0, { resolve, reject });
      child.once('exit', () => reject(new Error('bare mediasoup ended')));
    });
    return bare;
  }

  get processes(): ReadonlyMap<string, number> {
    return new Map([['mediasoup', this.#child.pid as number]]);
  }

  asker(room: string): Ask {
    return (command) =>
      new Promise((resolve, reject) => {
        const id = this.#next++;
        this.#waiting.set(id, { resolve, reject });
        this.#child.send({ id, room, command: videoCommand.parse(command) } satisfies BareOrder);
      });
  }

  close(): void {
    this.#child.disconnect();
  }
}
