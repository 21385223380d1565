/** Trunks that we register with a provider. The provider is our own registrar, of another installation. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { RunningEngine } from '../../queues/index.ts';
import { SIP_REALM, type TrunkDoc } from '../../queues/phones.ts';
import { ha1Of } from '../../sip/registrar/digest.ts';
import { type ProviderAnswer, type ProviderRequest, Providers, readProviderState } from '../../sip/registrar/providers.ts';
import { Registrar } from '../../sip/registrar/registrar.ts';
import { newId } from '../../src/base/ids.ts';
import { seal, sealPurpose } from '../../src/base/seal.ts';
import { startTestEngines, type TestEngines, testLog } from '../support/engines.ts';
import { until } from '../support/services.ts';

const [OUR_KEY, THEIR_KEY] = ['our key', 'their key'];

let ours: TestEngines;
let theirs: TestEngines;
let provider: Registrar;
let atProvider: TrunkDoc;
const nodes: Providers[] = [];
let version = 0;
const seen: { from: string; request: ProviderRequest; status: number }[] = [];
beforeEach(async () => {
  [ours, theirs] = await Promise.all([startTestEngines(), startTestEngines()]);
  provider = new Registrar({ engine: theirs.engine, secretKey: THEIR_KEY, log: testLog, expiry: { min: 900, max: 3_600, usual: 900 } });
  atProvider = await addTrunk(theirs, THEIR_KEY, 'registers', (username) => ha1Of('MD5', username, SIP_REALM, 'password'));
});
afterEach(async () => {
  await Promise.all(nodes.splice(0).map((node) => node.close()));
  await provider.close();
  await Promise.all([ours.close(), theirs.close()]);
  seen.length = 0;
});

async function addTrunk(
  world: TestEngines,
  key: string,
  type: TrunkDoc['type'],
  secretOf: (username: string) => string,
  username = 'our-account',
): Promise<TrunkDoc> {
  const id = newId('trunk');
  const doc: TrunkDoc = {
    kind: 'trunk',
    id,
    accountId: world.scope.accountId,
    name: type,
    type,
    sources: [],
    host: 'provider.example.org',
    port: 0,
    transport: 'udp',
    username,
    sealedSecret: seal(key, sealPurpose.trunkSecret(id), secretOf(username)),
    prefixes: [],
    callerId: '',
    maxCalls: 0,
    maxCallsPerMinute: 0,
    maxMinutesPerDay: 0,
    isActive: true,
  };
  await world.engine.phones.apply([{ kind: 'trunk', id, accountId: doc.accountId, version: ++version, doc }]);
  return doc;
}

function startNode(engine: RunningEngine): Providers {
  const send = (request: ProviderRequest): Promise<ProviderAnswer> => {
    const headers = new Map(Object.entries(request.headers).map(([name, value]) => [name.toLowerCase(), value]));
    return new Promise((resolve, reject) => {
      const incoming = { source_address: '192.0.2.1', source_port: 5060, protocol: 'udp', get: (name: string) => headers.get(name) };
      const response = {
        send(status: number, options?: { readonly headers?: Record<string, string> }) {
          seen.push({ from: engine.lease.nodeId, request, status });
          const answered = new Map(Object.entries(options?.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]));
          resolve({ status, protocol: 'udp', source_address: '192.0.2.2', source_port: 5060, get: (name) => answered.get(name) });
        },
      };
      provider.register('their-edge', incoming, response).catch(reject);
    });
  };
  const node = new Providers({ engine, secretKey: OUR_KEY, log: testLog, send, everyMs: 50 });
  nodes.push(node);
  return node;
}
const bound = () => theirs.engine.phones.bindings(theirs.scope, atProvider.id);
const stateOf = (trunk: TrunkDoc) => readProviderState(ours.engine, ours.scope, trunk.id);

test('VOX-4 RFC 3261 10.2 one node registers the trunk by digest, for the time that the provider wants, and names the trunk in its contact', async () => {
  const trunk = await addTrunk(ours, OUR_KEY, 'provider', () => 'password');
  startNode(ours.engine);
  startNode(await ours.another('node-b'));
  await until(async () => (await bound()).length === 1);
  await until(async () => ((await stateOf(trunk))?.until ?? 0) > Date.now());
  expect(await stateOf(trunk)).toMatchObject({ code: 200, since: expect.any(Number) });
  expect((await bound())[0]?.contact).toBe(`sip:${trunk.id}@localhost`);
  expect(seen.map(({ status }) => status)).toEqual([401, 423, 401, 200]);
  expect(new Set(seen.map(({ from }) => from)).size).toBe(1);
  const sequence = seen.map(({ request }) => Number.parseInt(request.headers['CSeq'] ?? '', 10));
  expect(sequence).toEqual([1, 2, 3, 4]);
  expect(new Set(seen.map(({ request }) => request.headers['Call-ID'])).size).toBe(1);
});

test('RTE-12 the node that registers it goes: another takes over, with a Call-ID of its own', { timeout: 30_000 }, async () => {
  await addTrunk(ours, OUR_KEY, 'provider', () => 'password');
  const first = startNode(ours.engine);
  await until(async () => (await bound()).length === 1);
  startNode(await ours.another('node-b'));
  await first.close();
  await until(() => seen.some(({ from, status }) => from === 'node-b' && status === 200));
  expect(new Set(seen.filter(({ status }) => status === 200).map(({ request }) => request.headers['Call-ID'])).size).toBe(2);
});

test('VOX-4 SEC a wrong password is tried once, told, and not again before it is changed', async () => {
  const trunk = await addTrunk(ours, OUR_KEY, 'provider', () => 'wrong');
  startNode(ours.engine);
  await until(async () => (await stateOf(trunk))?.code === 403);
  expect(await stateOf(trunk)).toMatchObject({ until: 0 });
  expect(seen.map(({ status }) => status)).toEqual([401, 403]);
  const mended = { ...trunk, sealedSecret: seal(OUR_KEY, sealPurpose.trunkSecret(trunk.id), 'password') };
  await ours.engine.phones.apply([{ kind: 'trunk', id: trunk.id, accountId: trunk.accountId, version: ++version, doc: mended }]);
  await until(async () => (await bound()).length === 1);
  // Between the two nothing was sent: the next after the refusal is the mended one's first.
  expect(seen[2]?.request.headers['Call-ID']).not.toBe(seen[1]?.request.headers['Call-ID']);
});

test('VOX-4 RFC 3261 10.2.2 a trunk that is switched off, or goes to another provider, is taken back from the one that had it', async () => {
  const trunk = await addTrunk(ours, OUR_KEY, 'provider', () => 'password');
  startNode(ours.engine);
  await until(async () => (await bound()).length === 1);
  const change = (doc: TrunkDoc) =>
    ours.engine.phones.apply([{ kind: 'trunk', id: trunk.id, accountId: trunk.accountId, version: ++version, doc }]);
  await change({ ...trunk, name: 'another name' });
  await until(() => seen.filter(({ status }) => status === 200).length === 2);
  expect(seen.map(({ request }) => request.headers['Expires'])).not.toContain('0');
  await change({ ...trunk, isActive: false });
  await until(async () => (await bound()).length === 0);
  expect(seen.at(-1)).toMatchObject({ status: 200, request: { headers: { Expires: '0' } } });
  await change(trunk);
  await until(async () => (await bound()).length === 1);
  await change({ ...trunk, host: 'another.example.org' });
  // Taken back from the first and given to the other: here both are one registrar.
  await until(() => seen.filter(({ request, status }) => request.headers['Expires'] === '0' && status === 200).length === 2);
  await until(() => seen.some(({ request, status }) => request.uri === 'sip:another.example.org' && status === 200));
});
