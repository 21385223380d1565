/**
 * A house of phones for a test: Redis, the routing engine with its workers, an edge, a media process and the SIP application, all real, on free ports of loopback; an account
 * with a voice queue, and agents whose phones are registered. Everything it opened is closed with it.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';
import { type SilenceLimits, silenceLimits } from '../../../config/limits.ts';
import { type QueueDoc, type QueueVoice, voiceDefaults } from '../../../queues/config.ts';
import { createEngine, type RunningEngine, startRoutingWorkers } from '../../../queues/index.ts';
import { type SipApplication, startApplication } from '../../../sip/app/application.ts';
import { mediaLinks } from '../../../sip/app/mediaLink.ts';
import { RFC_TIMERS } from '../../../sip/edge/clock.ts';
import type { SipTimers } from '../../../sip/edge/types.ts';
import type { SavedCall } from '../../../sip/flows/call.ts';
import { Registrar } from '../../../sip/registrar/registrar.ts';
import { Media } from '../../../sip/rtp/media.ts';
import { ControlServer, controlSecret } from '../../../sip/rtp/server.ts';
import { newId, type UserId } from '../../../src/base/ids.ts';
import { createLogger } from '../../../src/base/log.ts';
import { sealPurpose, unseal } from '../../../src/base/seal.ts';
import { type PhoneOptions, SipPhone } from '../../actors/sipPhone.ts';
import { openEdge, SECRET, type TestEdge, type TestEdgeOptions } from '../../edge/support/edges.ts';
import { createPhoneScene, type PhoneScene, SCENE_SECRET_KEY, type SceneAgent } from '../../support/phoneScene.ts';
import { startTestRedis, type TestRedis, until } from '../../support/services.ts';
import { RATE, sine } from '../../support/tones.ts';
import { monoWav } from '../../support/wav.ts';
import { type SipProcess, startSipProcess } from './sipProcess.ts';

// A whole house and its phones, on a machine that others use too: limits only end what hangs.
vi.setConfig({ testTimeout: 60_000 });

const MEDIA_SECRET = controlSecret(SCENE_SECRET_KEY);
/** Hz; what stands for music. */
export const MUSIC_HZ = 700;
/** The sound of that tone, for a queue's settings. */
export const MUSIC = 'tone';
const log = createLogger('test', process.env['TEST_LOG'] ?? 'silent');

export interface HouseAgent extends SceneAgent {
  /** Takes every call at once; `rings` makes it wait. */
  readonly sip: SipPhone;
}

export interface House {
  readonly engine: RunningEngine;
  readonly scene: PhoneScene;
  readonly edge: TestEdge;
  readonly media: Media;
  readonly app: SipApplication;
  readonly redis: TestRedis;
  /** With the sounds of the account. */
  readonly dataDir: string;
  /** A phone of nobody. */
  phone(options?: Partial<PhoneOptions>): Promise<SipPhone>;
  /** An agent, signed in, with one registered phone. `answers`: at once (default), else the test says. */
  agent(options?: { answers?: boolean; tone?: number; edge?: TestEdge }): Promise<HouseAgent>;
  /** One more phone of the agent. */
  bind(agent: SceneAgent, sip: Pick<SipPhone, 'user' | 'address'>, edge?: TestEdge): Promise<void>;
  /** One more SIP application on an engine of its own. */
  application(nodeId: string): Promise<{ app: SipApplication; engine: RunningEngine }>;
  /** What another process would find of the calls of one that is killed now: notes of calls leave a moment after what they tell of. */
  savedBy(nodeId: string): Promise<SavedCall[]>;
  /** The application in a process of its own, to be killed. */
  process(nodeId: string): Promise<SipProcess>;
  /** Another edge, announced. */
  anotherEdge(): Promise<TestEdge>;
  close(): Promise<void>;
}

export interface HouseOptions {
  readonly queue?: Partial<QueueDoc>;
  readonly voice?: Partial<QueueVoice>;
  readonly lagMs?: number;
  /** A minute of talk, as trunks count it. */
  readonly minuteMs?: number;
  readonly silence?: Partial<SilenceLimits>;
  readonly drainMs?: number;
  /** After which a server that is away is gone, with its calls. */
  readonly serverGoneMs?: number;
  /** Where applications reach an edge's wire port; at that port itself unless told. */
  readonly wireAt?: (port: number) => Promise<number>;
  /** Addresses that the scene's trunk calls from; everybody on loopback unless told. */
  readonly trunkSources?: readonly string[];
  readonly timers?: SipTimers;
  /** As its media say it, 0 to 1: a process with less is chosen before. */
  readonly mediaLoad?: number;
  /** Of the edge: where its sockets listen, and with which certificate. */
  readonly sockets?: Pick<TestEdgeOptions, 'host' | 'tls'>;
  /** False: the test starts applications itself. */
  readonly hasApplication?: boolean;
}

export async function openHouse({
  queue = {},
  voice = {},
  lagMs = 5_000,
  minuteMs = 60_000,
  silence = {},
  drainMs = 0,
  serverGoneMs,
  wireAt = async (port) => port,
  trunkSources = ['127.0.0.1'],
  timers = RFC_TIMERS,
  mediaLoad = 0,
  sockets = {},
  hasApplication = true,
}: HouseOptions = {}): Promise<House> {
  const redis = await startTestRedis();
  const closing: (() => Promise<unknown> | unknown)[] = [() => redis.stop()];
  const engineOf = async (nodeId: string): Promise<RunningEngine> => {
    const engine = await createEngine({ redisUrl: redis.url, nodeId, log });
    closing.push(() => engine.close('test over'));
    return engine;
  };
  const engine = await engineOf('sip-1');
  const workers = await startRoutingWorkers(await engineOf('worker-1'), { log, sinks: [], logBudgetBytes: 500_000_000 });
  closing.push(() => workers.close());
  const scene = await createPhoneScene(engine, {
    agents: 0,
    trunkSources,
    queue: { offerTimeoutMs: 8_000, voice: { ...voiceDefaults, music: MUSIC, announceEverySec: 0, ...voice }, ...queue },
  });

  // Nodes announce themselves every second; here only when they come.
  const announced = new Map<string, { engine: RunningEngine; port: number; kind: 'edge' | 'rtp' }>();
  const announce = async (): Promise<void> => {
    for (const { engine: node, port, kind } of announced.values())
      await node.phones.announce({ kind, host: '127.0.0.1', port, load: kind === 'rtp' ? mediaLoad : 0, isDraining: false });
  };
  let lastSaid: Promise<void> = Promise.resolve();
  const announcing = setInterval(() => {
    lastSaid = announce().catch(() => undefined);
  }, 1_000);

  const dataDir = mkdtempSync(join(tmpdir(), 'centralino-sip-'));
  closing.push(() => rmSync(dataDir, { recursive: true, force: true }));
  placeMusic(join(dataDir, 'sounds', scene.scope.accountId));
  let media: Media | undefined;
  const control = await ControlServer.listen({ host: '127.0.0.1', port: 0, secret: MEDIA_SECRET, log }, (tell) => {
    media = new Media({
      ports: { low: 20_000, high: 29_999 },
      addresses: { IPv4: '127.0.0.1', IPv6: '::1' },
      dataDir,
      cname: 'test',
      // As of the edge: how late this process is says nothing of the media.
      mostLateMs: 60_000,
      log,
      tell,
    });
    return media;
  });
  closing.push(async () => {
    media?.close();
    await control.close();
  });
  announced.set('rtp-1', { engine: await engineOf('rtp-1'), port: control.port, kind: 'rtp' });

  const edges: { name: string; edge: TestEdge }[] = [];
  const anotherEdge = async (): Promise<TestEdge> => {
    const edge = await openEdge({ timers, ...sockets });
    closing.push(() => edge.close('test over'));
    const name = `edge-${edges.length + 1}`;
    edges.push({ name, edge });
    announced.set(name, { engine: await engineOf(name), port: await wireAt(edge.wirePort), kind: 'edge' });
    await announce();
    return edge;
  };
  const edge = await anotherEdge();

  const applicationOn = async (on: RunningEngine, nodeId: string): Promise<SipApplication> => {
    const registrar = new Registrar({ engine: on, secretKey: SCENE_SECRET_KEY, log });
    closing.push(() => registrar.close());
    const app = await startApplication({
      engine: on,
      nodeId,
      log: log.child({ node: nodeId }),
      servers: async () => (await on.phones.nodes('edge')).map(({ id, host, port }) => ({ name: id, host, port, secret: SECRET })),
      connectMedia: mediaLinks({ secret: MEDIA_SECRET, application: nodeId, log }),
      secretOf: ({ id, sealedSecret }) =>
        sealedSecret === '' ? undefined : unseal(SCENE_SECRET_KEY, sealPurpose.trunkSecret(id), sealedSecret),
      limits: { burst: 1_000, perSec: 1_000, lagMs },
      authenticator: registrar.authenticator,
      registrar: (link, request, response) => void registrar.register(link.server.name, request, response),
      minuteMs,
      silence: { ...silenceLimits, ...silence },
      drainMs,
      ...(serverGoneMs === undefined ? {} : { serverGoneMs }),
    });
    closing.push(() => app.close());
    await until(() => app.links.up.length === edges.length && app.media.nodes.length > 0, { what: 'the links of the application' });
    return app;
  };
  const app = hasApplication ? await applicationOn(engine, 'sip-1') : undefined;

  const phones: SipPhone[] = [];
  closing.push(() => {
    for (const phone of phones) phone.close();
  });
  const phone: House['phone'] = async (options = {}) => {
    const opened = await SipPhone.open({ server: { host: '127.0.0.1', port: edge.sipPort }, ...options });
    phones.push(opened);
    return opened;
  };
  const bind: House['bind'] = async (agent, sip, on = edge) => {
    const name = edges.find((known) => known.edge === on)?.name ?? '';
    const contact = `sip:${sip.user}@${sip.address}`;
    await engine.phones.bind(scene.scope, agent.id, {
      phoneId: agent.phone.id,
      contact,
      edge: name,
      flow: '',
      userAgent: 'test',
      callId: newId('command'),
      cseq: 1,
      instance: contact,
      expiresAt: Date.now() + 600_000,
    });
  };

  return {
    engine,
    redis,
    dataDir,
    scene,
    edge,
    media: media as unknown as Media,
    get app() {
      if (!app) throw new Error('this house has no application of its own');
      return app;
    },
    phone,
    bind,
    anotherEdge,
    async savedBy(nodeId) {
      const docs = await engine.core.runner.redis.hvals(`c:{dir}:calls:${nodeId}`);
      return docs.map((doc) => JSON.parse(doc) as SavedCall);
    },
    async process(nodeId) {
      const started = await startSipProcess({ redisUrl: redis.url, nodeId, edgeSecret: SECRET, mediaSecret: MEDIA_SECRET });
      closing.push(() => started.kill9());
      return started;
    },
    async application(nodeId) {
      const own = await engineOf(nodeId);
      return { app: await applicationOn(own, nodeId), engine: own };
    },
    async agent({ answers = true, tone = 0, edge: on = edge } = {}) {
      const agent = await scene.addAgent();
      const server = { host: '127.0.0.1', port: on.sipPort };
      const sip = await phone({ user: agent.credentials.username, server, media: { law: 'PCMA', tone } });
      if (answers) sip.onInvite = (call) => call.answer();
      await bind(agent, sip, on);
      await signIn(engine, scene, agent.id);
      // As a gateway does for its sockets.
      engine.lease.onLost(() => signIn(engine, scene, agent.id).catch(() => undefined));
      return { ...agent, sip };
    },
    async close() {
      // Before the engines it speaks with are gone.
      clearInterval(announcing);
      await lastSaid;
      for (const work of closing.splice(0).reverse()) await work();
    },
  };
}

export async function signIn(engine: RunningEngine, scene: PhoneScene, agentId: UserId): Promise<void> {
  const desk = { agentId, deviceId: 'desk', deviceName: 'Desk', connectionId: newId('connection') };
  const attached = await engine.router.attachDevice(scene.scope, desk);
  const signedIn = await engine.router.signIn(scene.scope, { agentId, key: newId('command') });
  if (!attached.ok || !signedIn.ok) throw new Error('sign-in refused');
}

/** 8 kHz, 16 bit, one second of a tone. */
function placeMusic(folder: string): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${MUSIC}.wav`), monoWav(sine(MUSIC_HZ, RATE), RATE));
}
