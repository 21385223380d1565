/** What phones keep in Redis: configuration, registrations, the nodes that serve them and the letters between those. Two engines on a real Redis. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunningEngine } from '../../queues/index.ts';
import type { Binding, NumberDoc, PhoneDoc, TrunkDoc } from '../../queues/phones.ts';
import { AppError } from '../../src/base/errors.ts';
import type { AccountId, QueueId, UserId } from '../../src/base/ids.ts';
import { newId } from '../../src/base/ids.ts';
import { startTestEngines, type TestEngines } from '../support/engines.ts';
import { startPhoneNode } from '../support/phoneNode.ts';
import { until } from '../support/services.ts';

let world: TestEngines;
let one: RunningEngine;
let two: RunningEngine;
let otherAccount: AccountId;
let queue: QueueId;
let version = 100;
beforeAll(async () => {
  world = await startTestEngines();
  one = world.engine;
  two = await world.another('node-b');
  otherAccount = newId('account');
  await one.config.place(otherAccount, 9);
  queue = await world.addQueue({});
});
afterAll(() => world.close());

const number = (accountId: string, digits: string, extra: Partial<NumberDoc> = {}): NumberDoc => ({
  kind: 'number',
  id: newId('number'),
  accountId,
  number: digits,
  label: '',
  queueId: newId('queue'),
  isActive: true,
  ...extra,
});
const phone = (userId: string, extra: Partial<PhoneDoc> = {}): PhoneDoc => ({
  kind: 'phone',
  id: newId('phone'),
  accountId: world.scope.accountId,
  userId,
  name: 'Desk phone',
  type: 'sip',
  username: newId('phone'),
  sealedHa1: 'a',
  sealedHa1Sha256: 'b',
  number: '',
  isActive: true,
  ...extra,
});
async function apply(doc: NumberDoc | PhoneDoc | TrunkDoc, { isDeleted = false, at = ++version } = {}): Promise<number> {
  return one.phones.apply([{ kind: doc.kind, id: doc.id, accountId: doc.accountId, version: at, doc: isDeleted ? null : doc }]);
}

let cseq = 0;
const binding = (phoneId: string, extra: Partial<Binding> = {}): Binding => ({
  phoneId,
  contact: `sip:${phoneId}@192.0.2.1:5060`,
  edge: 'edge-1',
  flow: 'udp:192.0.2.1:5060',
  userAgent: 'Test',
  callId: 'call-1',
  cseq: ++cseq,
  instance: 'instance-1',
  expiresAt: Date.now() + 60_000,
  ...extra,
});
async function withPhone() {
  const agentId = await world.addAgent({ queues: [queue] });
  const doc = phone(agentId);
  await apply(doc);
  return { agentId, doc };
}
const deviceOf = async (agentId: UserId, id: string) =>
  (await two.views.agent(world.scope, agentId))?.agent.devices.find((device) => device.id === id);

describe('configuration', () => {
  test('VOX-1 an extension is found in its account alone, a DID from everywhere', async () => {
    const [extension, did] = [number(world.scope.accountId, '200'), number(otherAccount, '+390612345')];
    await apply(extension);
    await apply(did);
    expect((await two.phones.number('200', world.scope.accountId))?.doc).toEqual(extension);
    expect(await two.phones.number('200')).toBeUndefined();
    expect(await two.phones.number('200', otherAccount)).toBeUndefined();
    expect(await two.phones.number('+390612345', world.scope.accountId)).toEqual({
      scope: { accountId: otherAccount, partition: 9 },
      doc: did,
    });
  });

  test('VOX-1 a DID that moved to another account is that account’s, in whatever order it is told', async () => {
    const before = number(world.scope.accountId, '+4412345');
    await apply(before);
    const after = number(otherAccount, '+4412345');
    await apply(after);
    await apply(before, { isDeleted: true });
    expect((await two.phones.number('+4412345'))?.doc.id).toBe(after.id);
  });

  test('VOX-1 an older version changes nothing, a switched-off number is nobody’s', async () => {
    const doc = number(world.scope.accountId, '+331');
    const at = ++version;
    expect(await apply(doc, { at })).toBe(1);
    expect(await apply({ ...doc, number: '+332' }, { at })).toBe(0);
    expect((await one.phones.versions(world.scope.accountId)).get(`number:${doc.id}`)).toBe(at);
    expect(await two.phones.number('+332')).toBeUndefined();
    await apply({ ...doc, isActive: false });
    expect(await two.phones.number('+331')).toBeUndefined();
  });

  test('RTE-4 a phone is found by its username and by its agent, until it is deleted', async () => {
    const { agentId, doc } = await withPhone();
    expect(await two.phones.phoneByUsername(doc.username)).toEqual({ scope: world.scope, doc });
    const renamed = { ...doc, username: newId('phone') };
    await apply(renamed);
    expect(await two.phones.phoneByUsername(doc.username)).toBeUndefined();
    expect(await two.phones.phonesOf(world.scope, agentId)).toEqual([renamed]);
    await apply(renamed, { isDeleted: true });
    expect(await two.phones.phoneByUsername(renamed.username)).toBeUndefined();
    expect(await two.phones.phonesOf(world.scope, agentId)).toEqual([]);
  });

  test('VOX-4 trunks of all accounts are known within a second, and forgotten', async () => {
    const trunk: TrunkDoc = {
      kind: 'trunk',
      id: newId('trunk'),
      accountId: otherAccount,
      name: 'Provider',
      type: 'address',
      sources: ['192.0.2.0/24'],
      host: 'sip.example.org',
      port: 5060,
      transport: 'udp',
      username: '',
      sealedSecret: '',
      prefixes: ['+39'],
      callerId: '',
      maxCalls: 0,
      maxCallsPerMinute: 0,
      maxMinutesPerDay: 0,
      isActive: true,
    };
    await two.phones.trunks();
    await apply(trunk);
    const isKnown = async () =>
      (await two.phones.trunks()).some(({ doc, scope }) => doc.id === trunk.id && scope.accountId === otherAccount);
    await until(isKnown);
    await apply(trunk, { isDeleted: true });
    await until(async () => !(await isKnown()));
  });
  test('VOX-6 INV-7 the places of a trunk are counted over all nodes; one asked for twice is one, one that is left is free, one that is kept needs no room', async () => {
    const trunk = newId('trunk');
    expect(await Promise.all(['a', 'b', 'a'].map((place) => one.phones.takePlace(trunk, place, 2)))).toEqual([true, true, true]);
    expect(await two.phones.takePlace(trunk, 'c', 2)).toBe(false);
    await two.phones.leavePlace(trunk, 'a');
    expect(await two.phones.takePlace(trunk, 'c', 2)).toBe(true);
    // Taken over while others came: who talks goes on.
    await two.phones.keepPlaces(trunk, ['a']);
    expect(await one.phones.takePlace(trunk, 'd', 3)).toBe(false);
    expect(await one.phones.takePlace(newId('trunk'), 'd', 1)).toBe(true);
  });
});

describe('registrations', () => {
  test('RTE-4 a registered phone is a live device of its agent; the last binding gone, it is live no more', async () => {
    const { agentId, doc } = await withPhone();
    const first = await one.phones.bind(world.scope, agentId, binding(doc.id), 'Yealink');
    expect(first).toMatchObject({ isAccepted: true, hasFirst: true });
    expect(await deviceOf(agentId, doc.id)).toEqual({ id: doc.id, name: 'Yealink', isLive: true });
    const second = await two.phones.bind(world.scope, agentId, binding(doc.id, { instance: 'instance-2' }), 'Yealink');
    expect(second.hasFirst).toBe(false);
    expect((await one.phones.bindingsOf(world.scope, agentId)).map(({ instance }) => instance).sort()).toEqual([
      'instance-1',
      'instance-2',
    ]);
    await two.phones.unbind(world.scope, doc.id, 'instance-1', { callId: 'call-1', cseq: ++cseq });
    expect((await deviceOf(agentId, doc.id))?.isLive).toBe(true);
    const last = await one.phones.unbind(world.scope, doc.id, '*', { callId: 'call-1', cseq: ++cseq });
    expect(last).toEqual({ isAccepted: true, bindings: [] });
    expect((await deviceOf(agentId, doc.id))?.isLive).toBe(false);
  });

  test('RFC 3261 10.3 an older request of the same Call-ID neither binds nor unbinds; of another Call-ID it does', async () => {
    const { agentId, doc } = await withPhone();
    const standing = binding(doc.id);
    await one.phones.bind(world.scope, agentId, standing);
    expect((await two.phones.bind(world.scope, agentId, { ...standing, cseq: standing.cseq - 1 })).isAccepted).toBe(false);
    expect((await two.phones.unbind(world.scope, doc.id, '*', { callId: 'call-1', cseq: standing.cseq })).isAccepted).toBe(false);
    expect(await one.phones.bindings(world.scope, doc.id)).toEqual([standing]);
    const rebooted = { ...standing, callId: 'call-2', cseq: 1 };
    expect((await two.phones.bind(world.scope, agentId, rebooted)).isAccepted).toBe(true);
    expect(await one.phones.bindings(world.scope, doc.id)).toEqual([rebooted]);
  });

  test('INV-7 the same registration twice equals once', async () => {
    const { agentId, doc } = await withPhone();
    const standing = binding(doc.id);
    const answers = await Promise.all([one, two].map((engine) => engine.phones.bind(world.scope, agentId, standing)));
    expect(answers.map(({ isAccepted }) => isAccepted)).toEqual([true, true]);
    expect(await one.phones.bindings(world.scope, doc.id)).toEqual([standing]);
  });

  test('SEC a phone has ten bindings at most: the one that would run out first makes room', async () => {
    const { agentId, doc } = await withPhone();
    for (let index = 0; index < 12; index++) {
      const expiresAt = Date.now() + 60_000 + index * 1_000;
      await one.phones.bind(world.scope, agentId, binding(doc.id, { instance: `i-${index}`, expiresAt }));
    }
    const instances = (await one.phones.bindings(world.scope, doc.id)).map(({ instance }) => instance);
    expect(instances).toEqual(Array.from({ length: 10 }, (_, index) => `i-${index + 2}`));
  });

  test('RFC 3261 10.3 what ran out is told to one of those who ask, and the agent’s device goes with it', async () => {
    const { agentId, doc } = await withPhone();
    await one.phones.bind(world.scope, agentId, binding(doc.id, { expiresAt: Date.now() + 300 }));
    const told: string[] = [];
    await until(async () => {
      const both = await Promise.all([one.phones.takeLapsed(100), two.phones.takeLapsed(100)]);
      told.push(...both.flat().map(({ binding: { phoneId } }) => phoneId));
      return told.includes(doc.id);
    });
    expect(await Promise.all([one, two].map((engine) => engine.phones.takeLapsed(100)))).toEqual([[], []]);
    expect(told.filter((id) => id === doc.id)).toHaveLength(1);
    expect((await deviceOf(agentId, doc.id))?.isLive).toBe(false);
  });

  test('RFC 5626 4.2.1 a flow that closed takes its bindings along, and no other’s', async () => {
    const { agentId, doc } = await withPhone();
    const onFlow = (flow: string) => binding(doc.id, { flow, instance: flow });
    await one.phones.bind(world.scope, agentId, onFlow('tcp:192.0.2.1:1'));
    await one.phones.bind(world.scope, agentId, onFlow('tcp:192.0.2.1:11'));
    await one.phones.bind(world.scope, agentId, { ...onFlow('tcp:192.0.2.1:1'), instance: 'x', edge: 'edge-2' });
    const gone = await two.phones.unbindFlow('edge-1', 'tcp:192.0.2.1:1');
    expect(gone.map(({ agentId: agent, binding: { instance } }) => [agent, instance])).toEqual([[agentId, 'tcp:192.0.2.1:1']]);
    expect((await one.phones.bindings(world.scope, doc.id)).map(({ instance }) => instance).sort()).toEqual(['tcp:192.0.2.1:11', 'x']);
  });

  test('SEC another password, another agent or a switched-off phone ends what was registered', async () => {
    const { agentId, doc } = await withPhone();
    const other = await world.addAgent({ queues: [queue] });
    for (const change of [{ sealedHa1: 'c' }, { userId: other }, { isActive: false }]) {
      await apply(doc);
      await one.phones.bind(world.scope, agentId, binding(doc.id));
      await apply({ ...doc, name: 'Renamed' });
      expect(await one.phones.bindings(world.scope, doc.id)).toHaveLength(1);
      await apply({ ...doc, ...change });
      expect(await one.phones.bindings(world.scope, doc.id)).toEqual([]);
      expect((await deviceOf(agentId, doc.id))?.isLive ?? false).toBe(false);
    }
  });

  test('RTE-4 a trunk that registers has bindings and is nobody’s device', async () => {
    const id = newId('trunk');
    expect(await one.phones.bind(world.scope, '', binding(id))).toMatchObject({ isAccepted: true, hasFirst: true });
    expect(await two.phones.bindings(world.scope, id)).toHaveLength(1);
  });

  test('RTE-4 RTE-12 the process that took the registration dies: the phone stays live and registered', async () => {
    const { agentId, doc } = await withPhone();
    const dying = await world.another('node-dying');
    await dying.phones.bind(world.scope, agentId, binding(doc.id));
    await world.expireLease('node-dying');
    await world.dropNode('node-dying', dying.lease.epoch);
    expect((await deviceOf(agentId, doc.id))?.isLive).toBe(true);
    expect(await two.phones.bindingsOf(world.scope, agentId)).toHaveLength(1);
  });

  // The caller was dropped with the dead node after another had gone on with the call: it lost its place while it heard music.
  test('RTE-12 VOX-3 what another node goes on with, under the same name, is not dropped with the node that died', async () => {
    const dying = await world.another('node-dies');
    const start = async (connectionId: string) => {
      const call = { ...world.newChat(queue), id: newId('interaction'), text: '', medium: 'voice' as const, connectionId };
      expect(await dying.router.startInteraction(world.scope, call)).toMatchObject({ ok: true });
      return call;
    };
    const [{ id, contactId, connectionId }, { id: other }] = [await start(newId('leg')), await start(newId('leg'))];
    await world.expireLease('node-dies');
    expect(await two.router.attachClient(world.scope, { interactionId: id, contactId, connectionId })).toMatchObject({ ok: true });
    await world.dropNode('node-dies', dying.lease.epoch);
    expect((await one.views.interaction(world.scope, id))?.client.presence).toBe('connected');
    expect((await one.views.interaction(world.scope, other))?.client.presence).toBe('reconnecting');
  });
});

describe('repairs', () => {
  test('RTE-4 BEY-3 a device that a release without phones let go is shown again, and one without a binding is not', async () => {
    const { agentId, doc } = await withPhone();
    await one.phones.bind(world.scope, agentId, binding(doc.id), 'Phone');
    const { redis } = one.core.runner;
    const devices = `c:{p${world.scope.partition}}:ad:${agentId}`;
    const reconcile = async (): Promise<string[]> => {
      const found: string[] = [];
      let cursor = '';
      do {
        const reply = (await one.core.commands.run('reconcilePartition', world.scope.partition, ['agents', cursor])) as unknown[];
        cursor = String(reply[1]);
        found.push(...(reply[2] as string[]));
      } while (cursor !== '');
      return found;
    };
    expect(await reconcile()).toEqual([]);
    await redis.hset(devices, doc.id, '|||Phone');
    expect(await reconcile()).toEqual([`phone ${doc.id}`]);
    expect(await deviceOf(agentId, doc.id)).toEqual({ id: doc.id, name: 'Phone', isLive: true });
    await redis.hset(devices, 'phn_nobody', 'bound|phones||Old');
    expect(await reconcile()).toContain('phone phn_nobody');
    expect((await deviceOf(agentId, 'phn_nobody'))?.isLive).toBe(false);
    expect(await reconcile()).toEqual([]);
  });
});

describe('nodes', () => {
  test('RTE-4 RTE-12 VOX-4 an edge that stood still does not do later what it was asked; killed, it is forgotten in seconds with what was registered there', {
    timeout: 40_000,
  }, async () => {
    const { agentId, doc } = await withPhone();
    const node = await startPhoneNode(world.redis.url, 'edge-killed', 'cal_killed');
    await one.phones.bind(world.scope, agentId, binding(doc.id, { edge: 'edge-killed' }));
    expect((await two.phones.nodes('edge')).map(({ id, host, port }) => ({ id, host, port }))).toEqual([
      { id: 'edge-killed', host: '127.0.0.1', port: 9022 },
    ]);
    expect(await two.phones.carrier('of-cal_killed')).toEqual({ node: 'edge-killed', call: 'cal_killed' });
    expect(await two.phones.ask('edge-killed', { id: newId('command'), call: 'cal_killed', body: 'hold' })).toBe('edge-killed did hold');
    node.stop();
    const late = two.phones.ask('edge-killed', { id: newId('command'), call: 'cal_killed', body: 'mute' }, 500);
    await expect(late).rejects.toMatchObject({ code: 'unavailable' });
    node.goOn();
    // Nothing happens out of the blue: what nobody waits for any more is not done.
    const next = () => two.phones.ask('edge-killed', { id: newId('command'), call: 'cal_killed', body: 'keys' });
    expect(await until(() => next().catch(() => undefined))).toBe('edge-killed did hold, keys');
    await node.kill9();
    const asked = two.phones.ask('edge-killed', { id: newId('command'), call: 'cal_killed', body: 'resume' });
    await expect(asked).rejects.toMatchObject({ code: 'gone' });
    await until(async () => (await two.phones.nodes('edge')).length === 0, { timeoutMs: 10_000 });
    await until(async () => (await one.phones.takeLapsed(10)).some(({ binding: { phoneId } }) => phoneId === doc.id), {
      timeoutMs: 10_000,
      everyMs: 200,
    });
    expect((await deviceOf(agentId, doc.id))?.isLive).toBe(false);
    await until(async () => (await two.phones.carrier('cal_killed')) === undefined, { timeoutMs: 15_000 });
  });

  test('VOX-4 a question that comes twice is carried out once; what the other throws comes back; nobody there is gone', async () => {
    let carriedOut = 0;
    const served = two.phones.serve(async ({ body }) => {
      carriedOut++;
      if (body === 'refuse') throw new AppError('wrong_state', { detail: 'No.' });
      return `did ${body}`;
    });
    const command = { id: newId('command'), call: 'cal_1', body: 'hold' };
    const ask = () => one.phones.ask('node-b', command);
    await until(() =>
      ask().then(
        () => true,
        () => false,
      ),
    );
    expect(await Promise.all([ask(), ask(), ask()])).toEqual(['did hold', 'did hold', 'did hold']);
    expect(carriedOut).toBe(1);
    const refused = one.phones.ask('node-b', { id: newId('command'), call: 'cal_1', body: 'refuse' });
    await expect(refused).rejects.toMatchObject({ code: 'wrong_state', detail: 'No.' });
    await expect(one.phones.ask('node-nobody', { ...command, id: newId('command') })).rejects.toMatchObject({ code: 'gone' });
    // A node asks itself like any other.
    expect(await two.phones.ask('node-b', { ...command, id: newId('command') })).toBe('did hold');
    await served.close();
    await expect(one.phones.ask('node-b', { ...command, id: newId('command') })).rejects.toMatchObject({ code: 'gone' });
  });
});
