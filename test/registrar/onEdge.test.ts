/** Registration as phones meet it: the roles `edge` and `sip` on a real Redis, phones that are none of ours, and another installation as the provider. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import JsSIP from 'jssip';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { loadEnv } from '../../config/env.ts';
import { createEngine, type RunningEngine } from '../../queues/index.ts';
import { type PhoneDoc, SIP_REALM, type TrunkDoc } from '../../queues/phones.ts';
import { startEdge } from '../../sip/edge/role.ts';
import { ha1Of } from '../../sip/registrar/digest.ts';
import { readProviderState } from '../../sip/registrar/providers.ts';
import { startSip } from '../../sip/role.ts';
import type { RunningRole } from '../../src/base/context.ts';
import { newId, type UserId } from '../../src/base/ids.ts';
import { createLogger } from '../../src/base/log.ts';
import { seal, sealPurpose } from '../../src/base/seal.ts';
import { freePort } from '../../src/supervisor/freePort.ts';
import { isKnownTo } from '../actors/sipChallenger.ts';
import { SipPhone } from '../actors/sipPhone.ts';
import { header, type SipText } from '../actors/sipText.ts';
import { type Scene, seedScene } from '../support/engines.ts';
import { startTestRedis, until } from '../support/services.ts';

const log = createLogger('test', process.env['TEST_LOG'] ?? 'silent');

interface Installation {
  readonly key: string;
  readonly engine: RunningEngine;
  readonly scene: Scene;
  /** UDP and TCP; WebSocket. */
  readonly port: number;
  readonly wsPort: number;
  readonly sip: RunningRole;
  readonly edge: string;
  another(nodeId: string): Promise<RunningRole>;
  addPhone(): Promise<{ readonly doc: PhoneDoc; readonly password: string; readonly agentId: UserId }>;
  addTrunk(settings: Partial<TrunkDoc> & { readonly secret: string }): Promise<TrunkDoc>;
}

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function install(name: string): Promise<Installation> {
  const key = `the key of ${name}, long enough`;
  const redis = await startTestRedis();
  ends.push(() => redis.stop());
  const dataDir = mkdtempSync(join(tmpdir(), 'centralino-registrar-'));
  ends.push(() => rmSync(dataDir, { recursive: true, force: true }));
  const [port, wsPort] = [await freePort(), await freePort()];
  const ports = { SIP_PORT: String(port), SIP_TLS_PORT: '0', SIP_WS_PORT: String(wsPort), SIP_HOST: '127.0.0.1', DRAIN_SEC: '0' };
  const env = loadEnv({ ROLES: 'edge', REDIS_URL: redis.url, DATA_DIR: dataDir, ...ports });
  const engine = await createEngine({ redisUrl: redis.url, nodeId: `${name}-test`, log });
  ends.push(() => engine.close('test over'));
  const start = async (role: typeof startSip, nodeId: string): Promise<RunningRole> => {
    const running = await role({ env, log: log.child({ node: nodeId }), dataDir, nodeId, secretKey: key });
    ends.push(() => running.close('test over').catch(() => undefined));
    return running;
  };
  const edge = `${name}-edge`;
  await start(startEdge, edge);
  const sip = await start(startSip, `${name}-sip`);
  const stranger = await SipPhone.open({ server: { host: '127.0.0.1', port } });
  await until(() => stranger.register('any').then((status) => status !== 503), { what: 'an application at the edge' });
  stranger.close();
  const scene = await seedScene(engine, 5);
  const { accountId } = scene.scope;
  return {
    key,
    engine,
    scene,
    edge,
    port,
    wsPort,
    sip,
    another: (nodeId) => start(startSip, nodeId),
    async addPhone() {
      const [id, username, password] = [newId('phone'), `user-${newId('phone')}`, newId('command')];
      const sealed = (algorithm: 'MD5' | 'SHA-256', purpose: string) => seal(key, purpose, ha1Of(algorithm, username, SIP_REALM, password));
      const agentId = scene.agents[0] as UserId;
      const doc: PhoneDoc = {
        kind: 'phone',
        id,
        accountId,
        userId: agentId,
        name: 'Phone',
        type: 'sip',
        username,
        sealedHa1: sealed('MD5', sealPurpose.phoneHa1(id)),
        sealedHa1Sha256: sealed('SHA-256', sealPurpose.phoneHa1Sha256(id)),
        number: '',
        isActive: true,
      };
      await engine.phones.apply([{ kind: 'phone', id, accountId, version: 1, doc }]);
      return { doc, password, agentId };
    },
    async addTrunk({ secret, ...settings }) {
      const id = newId('trunk');
      const plain = {
        kind: 'trunk',
        id,
        accountId,
        name: 'Trunk',
        type: 'registers',
        host: '',
        port: 0,
        transport: 'udp',
      } as const;
      const limits = { sources: [], prefixes: [], callerId: '', maxCalls: 0, maxCallsPerMinute: 0, maxMinutesPerDay: 0, isActive: true };
      const doc: TrunkDoc = {
        ...plain,
        ...limits,
        username: 'a',
        sealedSecret: seal(key, sealPurpose.trunkSecret(id), secret),
        ...settings,
      };
      await engine.phones.apply([{ kind: 'trunk', id, accountId, version: 1, doc }]);
      return doc;
    },
  };
}

let house: Installation;
beforeEach(async () => {
  house = await install('house');
});
const bound = async (id: string, at = house) => (await at.engine.phones.bindings(at.scene.scope, id))[0];
const isLive = async (agentId: UserId, id: string) =>
  (await house.engine.views.agent(house.scene.scope, agentId))?.agent.devices.find((device) => device.id === id)?.isLive ?? false;

test('RTE-4 over UDP: the phone is live, known by the edge and its own address; it may go, and its node may', {
  timeout: 60_000,
}, async () => {
  const { doc, password, agentId } = await house.addPhone();
  const phone = await SipPhone.open({ user: doc.username, server: { host: '127.0.0.1', port: house.port } });
  ends.push(() => phone.close());
  expect(await until(() => phone.register(password).then((status) => (status === 200 ? status : undefined)))).toBe(200);
  expect(await phone.register('wrong')).toBe(403);
  expect(await bound(doc.id)).toMatchObject({ edge: house.edge, flow: `sip:${phone.address};transport=udp` });
  expect(await isLive(agentId, doc.id)).toBe(true);
  // Another application answers from here on; what was registered stands.
  await house.another('house-sip-2');
  await house.sip.close('test');
  expect(await until(() => phone.register(password).then((status) => (status === 200 ? status : undefined)))).toBe(200);
  expect(await phone.register(password, { contact: '*', expires: 0 })).toBe(200);
  expect(await isLive(agentId, doc.id)).toBe(false);
});

test('RFC 5626 4.2.1 over TCP: the way back is the connection, and when that closes the phone is live no more', {
  timeout: 60_000,
}, async () => {
  const { doc, password, agentId } = await house.addPhone();
  const socket = connect(house.port, '127.0.0.1');
  ends.push(() => socket.destroy());
  await once(socket, 'connect');
  // By the phone's own digest and grammar: the same as over UDP, on a connection.
  const phone = await SipPhone.open({ user: doc.username, server: { host: '127.0.0.1', port: house.port } });
  ends.push(() => phone.close());
  await until(() => registerOver(socket, phone, password).then((status) => status === 200));
  const local = `127.0.0.1:${socket.localPort}`;
  expect(await bound(doc.id)).toMatchObject({ flow: `sip:${local};transport=tcp` });
  expect(await isLive(agentId, doc.id)).toBe(true);
  socket.destroy();
  await until(async () => !(await isLive(agentId, doc.id)));
  expect(await bound(doc.id)).toBeUndefined();
});

async function registerOver(socket: Socket, phone: SipPhone, password: string): Promise<number> {
  let authorization = '';
  for (let cseq = 1; ; cseq++) {
    const uri = `sip:127.0.0.1:${house.port}`;
    const callId = newId('command');
    socket.write(
      [
        `REGISTER ${uri} SIP/2.0`,
        `Via: SIP/2.0/TCP 127.0.0.1:${socket.localPort};branch=z9hG4bK${newId('command')}`,
        'Max-Forwards: 70',
        `From: <sip:${phone.user}@127.0.0.1>;tag=t`,
        `To: <sip:${phone.user}@127.0.0.1>`,
        `Call-ID: ${callId}`,
        `CSeq: ${cseq} REGISTER`,
        `Contact: <sip:${phone.user}@127.0.0.1:${socket.localPort};transport=tcp>`,
        ...(authorization ? [`Authorization: ${authorization}`] : []),
        'Content-Length: 0',
        '',
        '',
      ].join('\r\n'),
    );
    const [bytes] = (await once(socket, 'data')) as [Buffer];
    const status = Number(bytes.toString().split(' ')[1]);
    if (status !== 401 || authorization) return status;
    authorization = phone.digest(/^WWW-Authenticate: (.*)$/im.exec(bytes.toString())?.[1] ?? '', 'REGISTER', uri, password);
  }
}

test('RTE-4 RFC 7118 JsSIP registers over WebSocket, and is live until its page is closed', { timeout: 60_000 }, async () => {
  const { doc, password, agentId } = await house.addPhone();
  Object.assign(globalThis, { WebSocket });
  const socket = new JsSIP.WebSocketInterface(`ws://127.0.0.1:${house.wsPort}`);
  const page = new JsSIP.UA({ sockets: [socket], uri: `sip:${doc.username}@127.0.0.1`, password, register: true, register_expires: 120 });
  ends.push(() => page.stop());
  page.start();
  await until(() => page.isRegistered(), { timeoutMs: 15_000 });
  expect((await bound(doc.id))?.flow).toMatch(/;transport=ws$/);
  expect(await isLive(agentId, doc.id)).toBe(true);
  socket.disconnect();
  await until(async () => !(await isLive(agentId, doc.id)), { timeoutMs: 10_000 });
});

test('RTE-4 baresip registers as it comes from Debian', { timeout: 60_000 }, async () => {
  const { doc, password, agentId } = await house.addPhone();
  const dir = mkdtempSync(join(tmpdir(), 'centralino-baresip-'));
  ends.push(() => rmSync(dir, { recursive: true, force: true }));
  mkdirSync(dir, { recursive: true });
  writeFileSync(
    join(dir, 'config'),
    'module_path /usr/lib/baresip/modules\nmodule_app account.so\nmodule_app menu.so\nsip_listen 127.0.0.1:0\n',
  );
  writeFileSync(
    join(dir, 'accounts'),
    `<sip:${doc.username}@127.0.0.1:${house.port}>;auth_user=${doc.username};auth_pass=${password};regint=120\n`,
  );
  const baresip = spawn('baresip', ['-f', dir], { stdio: 'ignore' });
  ends.push(async () => {
    if (baresip.exitCode !== null) return;
    const ended = once(baresip, 'exit');
    baresip.kill('SIGKILL');
    await ended;
  });
  await until(() => isLive(agentId, doc.id), { timeoutMs: 20_000 });
  expect(await bound(doc.id)).toMatchObject({ userAgent: expect.stringContaining('baresip') });
});

test('VOX-4 a trunk of ours registers with its provider, another installation, and says where we are', { timeout: 60_000 }, async () => {
  const provider = await install('provider');
  const theirs = await provider.addTrunk({ username: 'our-account', secret: ha1Of('MD5', 'our-account', SIP_REALM, 'password') });
  // Processes learn of new trunks within a second.
  const probe = await SipPhone.open({ user: 'our-account', server: { host: '127.0.0.1', port: provider.port } });
  ends.push(() => probe.close());
  await until(() => probe.register('password').then((status) => status === 200));
  expect(await probe.register('password', { contact: '*', expires: 0 })).toBe(200);
  const ours = await house.addTrunk({
    type: 'provider',
    host: '127.0.0.1',
    port: provider.port,
    username: 'our-account',
    secret: 'password',
  });
  const binding = await until(() => bound(theirs.id, provider), { timeoutMs: 20_000 });
  expect(binding.contact).toBe(`sip:${ours.id}@127.0.0.1:${house.port}`);
});

test('VOX-4 RFC 3261 8.1.2, 22.3 a provider behind its proxy, each with a challenge of its own, knows us by a name for digest alone', {
  timeout: 60_000,
}, async () => {
  const server = { host: '127.0.0.1', port: house.port };
  const proxy = await SipPhone.open({ server });
  ends.push(() => proxy.close());
  const account = { username: 'digest-name', password: 'password' };
  let known: SipText | undefined;
  proxy.lets = (request) => {
    if (!isKnownTo(proxy, request, 407, account) || !isKnownTo(proxy, request, 401, account)) return false;
    known = request;
    proxy.respond(request, 200, 'OK', [`To: ${header(request, 'To')}`, `Contact: ${header(request, 'Contact')};expires=600`]);
    return false;
  };
  const ours = await house.addTrunk({
    type: 'provider',
    host: 'provider.invalid',
    outboundProxy: proxy.address,
    username: 'our-account',
    authUsername: account.username,
    secret: account.password,
  });
  const request = await until(() => known, { what: 'the registration' });
  expect(request.start).toBe('REGISTER sip:provider.invalid SIP/2.0');
  expect(header(request, 'From')).toMatch(/^<sip:our-account@provider\.invalid>;tag=/);
  await until(async () => ((await readProviderState(house.engine, house.scene.scope, ours.id))?.until ?? 0) > Date.now());
});
