/** The registrar of two nodes on a real Redis: who may register, what is kept of it, and what strangers learn. */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { flowOf, type PhoneDoc, SIP_REALM, type TrunkDoc } from '../../queues/phones.ts';
import { type Algorithm, authorizationText, ha1Of, parseChallenge } from '../../sip/registrar/digest.ts';
import { NONCE_MS } from '../../sip/registrar/nonces.ts';
import type { RegisterRequest } from '../../sip/registrar/registrar.ts';
import { Registrar } from '../../sip/registrar/registrar.ts';
import { newId, type QueueId, type UserId } from '../../src/base/ids.ts';
import { seal, sealPurpose } from '../../src/base/seal.ts';
import { startTestEngines, type TestEngines, testLog } from '../support/engines.ts';
import { startPhoneNode } from '../support/phoneNode.ts';
import { until } from '../support/services.ts';

const SECRET_KEY = 'a secret key of the tests';

let world: TestEngines;
let one: Registrar;
let two: Registrar;
let queue: QueueId;
let nowMs = Date.now();
let version = 0;
beforeAll(async () => {
  world = await startTestEngines();
  const options = { secretKey: SECRET_KEY, log: testLog, now: () => nowMs };
  one = new Registrar({ engine: world.engine, ...options });
  two = new Registrar({ engine: await world.another('node-b'), ...options });
  queue = await world.addQueue({});
});
afterAll(async () => {
  await Promise.all([one.close(), two.close()]);
  await world.close();
});

interface Phone {
  readonly agentId: UserId;
  readonly doc: PhoneDoc;
  readonly password: string;
}
async function addPhone(): Promise<Phone> {
  const agentId = await world.addAgent({ queues: [queue] });
  const [id, username, password] = [newId('phone'), `user-${newId('phone')}`, newId('command')];
  const sealed = (algorithm: Algorithm, purpose: string) => seal(SECRET_KEY, purpose, ha1Of(algorithm, username, SIP_REALM, password));
  const doc: PhoneDoc = {
    kind: 'phone',
    id,
    accountId: world.scope.accountId,
    userId: agentId,
    name: 'Desk phone',
    type: 'sip',
    username,
    sealedHa1: sealed('MD5', sealPurpose.phoneHa1(id)),
    sealedHa1Sha256: sealed('SHA-256', sealPurpose.phoneHa1Sha256(id)),
    number: '',
    isActive: true,
  };
  await configure(doc);
  return { agentId, doc, password };
}

async function configure(doc: PhoneDoc): Promise<void> {
  await world.engine.phones.apply([{ kind: 'phone', id: doc.id, accountId: doc.accountId, version: ++version, doc }]);
}

interface Answer {
  readonly status: number;
  readonly headers: Record<string, string>;
}
type Headers = Record<string, string | undefined>;

/** As a server's application link hands it over. */
function send(registrar: Registrar, headers: Headers, { source = '192.0.2.1', edge = 'edge-1' } = {}): Promise<Answer> {
  const given = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  const request: RegisterRequest = {
    source_address: source,
    source_port: 5060,
    protocol: 'udp',
    get: (name) => given.get(name.toLowerCase()),
  };
  return new Promise((resolve, reject) => {
    registrar.register(edge, request, { send: (status, options) => resolve({ status, headers: { ...options?.headers } }) }).catch(reject);
  });
}

let cseq = 0;
function base(username: string, extra: Headers = {}): Headers {
  return {
    to: `<sip:${username}@example.org>`,
    'call-id': `of-${username}`,
    cseq: `${++cseq} REGISTER`,
    contact: `<sip:${username}@192.0.2.1:5060>`,
    ...extra,
  };
}
function answer(challenge: Answer, username: string, password: string, change: (header: string) => string = (header) => header): string {
  const parsed = parseChallenge(challenge.headers['WWW-Authenticate'] ?? '');
  if (!parsed) throw new Error(`not challenged: ${challenge.status}`);
  return change(authorizationText(parsed, { method: 'REGISTER', uri: 'sip:example.org', username, password, cnonce: 'c', count: 1 }));
}
/** Both steps, as a phone takes them; each may reach another node. */
async function register({ doc, password }: Pick<Phone, 'doc' | 'password'>, extra: Headers = {}, via = {}): Promise<Answer> {
  const challenge = await send(one, base(doc.username, extra), via);
  return send(two, base(doc.username, { ...extra, authorization: answer(challenge, doc.username, password) }), via);
}
const devices = async ({ agentId, doc }: Phone) =>
  (await world.engine.views.agent(world.scope, agentId))?.agent.devices.filter(({ id }) => id === doc.id);

describe('who registers', () => {
  test('RTE-4 a phone with its password is bound to the edge and the way it came by, and is a live device of its agent', async () => {
    const phone = await addPhone();
    const done = await register(phone, { expires: '300', 'user-agent': 'Test 1.0' }, { edge: 'edge-9', source: '198.51.100.7' });
    expect(done.status).toBe(200);
    expect(done.headers['Contact']).toBe(`<sip:${phone.doc.username}@192.0.2.1:5060>;expires=300`);
    const [binding] = await world.engine.phones.bindingsOf(world.scope, phone.agentId);
    expect(binding).toMatchObject({
      phoneId: phone.doc.id,
      contact: `sip:${phone.doc.username}@192.0.2.1:5060`,
      edge: 'edge-9',
      flow: flowOf('udp', '198.51.100.7', 5060),
      userAgent: 'Test 1.0',
      expiresAt: nowMs + 300_000,
    });
    expect(await devices(phone)).toEqual([{ id: phone.doc.id, name: 'Desk phone', isLive: true }]);
    expect((await register(phone, { contact: '*', expires: '0' })).status).toBe(200);
    expect(await devices(phone)).toEqual([{ id: phone.doc.id, name: 'Desk phone', isLive: false }]);
  });

  test('RFC 8760 a phone that answers with SHA-256 is believed, and challenged with it when its nonce is old', async () => {
    const { doc, password } = await addPhone();
    const sha = new Registrar({ engine: world.engine, secretKey: SECRET_KEY, log: testLog, algorithm: 'SHA-256', now: () => nowMs });
    const challenge = await send(sha, base(doc.username));
    await sha.close();
    expect(challenge.headers['WWW-Authenticate']).toContain('algorithm=SHA-256');
    const authorization = answer(challenge, doc.username, password);
    expect((await send(one, base(doc.username, { authorization }))).status).toBe(200);
    nowMs += NONCE_MS + 1;
    const stale = await send(one, base(doc.username, { authorization }));
    expect(stale).toMatchObject({ status: 401, headers: { 'WWW-Authenticate': expect.stringMatching(/algorithm=SHA-256.*stale=true/) } });
  });

  test('RFC 7616 3.3 SEC an answer that was heard on the way is of no use a second time, at any node', async () => {
    const { doc, password } = await addPhone();
    const authorization = answer(await send(one, base(doc.username)), doc.username, password);
    expect((await send(one, base(doc.username, { authorization }))).status).toBe(200);
    const again = await send(two, base(doc.username, { authorization }));
    expect(again).toMatchObject({ status: 401, headers: { 'WWW-Authenticate': expect.stringContaining('stale=true') } });
  });

  test('RFC 7616 3.3 without qop a nonce is good for one request', async () => {
    const { doc, password } = await addPhone();
    const challenge = await send(one, base(doc.username));
    const old = {
      ...challenge,
      headers: { 'WWW-Authenticate': (challenge.headers['WWW-Authenticate'] ?? '').replace(', qop="auth"', '') },
    };
    const authorization = answer(old, doc.username, password);
    expect((await send(two, base(doc.username, { authorization }))).status).toBe(200);
    expect((await send(one, base(doc.username, { authorization }))).status).toBe(401);
  });

  test('VOX-4 a trunk registers by its own name and is nobody’s device', async () => {
    const [id, username, password] = [newId('trunk'), `trunk-${newId('trunk')}`, 'pass'];
    const doc: TrunkDoc = {
      kind: 'trunk',
      id,
      accountId: world.scope.accountId,
      name: 'PBX',
      type: 'registers',
      sources: [],
      host: '',
      port: 0,
      transport: 'udp',
      username,
      sealedSecret: seal(SECRET_KEY, sealPurpose.trunkSecret(id), ha1Of('MD5', username, SIP_REALM, password)),
      prefixes: [],
      callerId: '',
      maxCalls: 0,
      maxCallsPerMinute: 0,
      maxMinutesPerDay: 0,
      isActive: true,
    };
    await world.engine.phones.apply([{ kind: 'trunk', id, accountId: doc.accountId, version: ++version, doc }]);
    const challenge = await send(one, base(username));
    expect((await send(one, base(username, { authorization: answer(challenge, username, password) }))).status).toBe(200);
    expect(await world.engine.phones.bindings(world.scope, id)).toHaveLength(1);
  });
});

describe('what strangers learn', () => {
  test('SEC a wrong password, an unknown user, another’s address and a foreign nonce are refused alike', async () => {
    const [phone, other] = [await addPhone(), await addPhone()];
    const { username } = phone.doc;
    const challenge = await send(one, base(username), { source: '203.0.113.1' });
    const stranger = new Registrar({ engine: world.engine, secretKey: 'another key', log: testLog });
    const foreign = await send(stranger, base(username), { source: '203.0.113.1' });
    await stranger.close();
    const refused = [
      base(username, { authorization: answer(challenge, username, 'wrong') }),
      base('nobody', { authorization: answer(challenge, 'nobody', 'wrong') }),
      base(other.doc.username, { authorization: answer(challenge, username, phone.password) }),
      base(username, { authorization: answer(foreign, username, 'wrong') }),
    ];
    const answers = await Promise.all(refused.map((headers) => send(two, headers, { source: '203.0.113.1' })));
    expect(answers).toEqual(Array(4).fill({ status: 403, headers: {} }));
    expect((await send(one, base('nobody'), { source: '203.0.113.1' })).status).toBe(challenge.status);
    expect(await devices(phone)).toEqual([]);
  });

  test('SEC who guesses is turned away for a while, right or wrong; an address that registered well lately never is', async () => {
    const phone = await addPhone();
    const guess = async (source: string): Promise<number> => {
      const challenge = await send(one, base(phone.doc.username), { source });
      if (challenge.status !== 401) return challenge.status;
      return (await send(one, base(phone.doc.username, { authorization: answer(challenge, phone.doc.username, 'guess') }), { source }))
        .status;
    };
    const office = { source: '198.51.100.20' };
    expect((await register(phone, {}, office)).status).toBe(200);
    const statuses: number[] = [];
    for (let tries = 0; tries < 30; tries++) statuses.push(...(await Promise.all([guess('203.0.113.66'), guess(office.source)])));
    expect(statuses.filter((_, index) => index % 2 === 0).slice(-5)).toEqual(Array(5).fill(503));
    expect(statuses.filter((_, index) => index % 2 === 1)).toEqual(Array(30).fill(403));
    expect((await register(phone, {}, office)).status).toBe(200);
    expect((await send(one, base(phone.doc.username), { source: '203.0.113.66' })).headers['Retry-After']).toMatch(/^\d+$/);
  });

  test.each([
    ['no To', { to: undefined }, 400],
    ['no Call-ID', { 'call-id': undefined }, 400],
    ['another method’s CSeq', { cseq: '1 INVITE' }, 400],
    ['an extension we do not have', { require: 'gruu' }, 420],
    ['credentials of another scheme', { authorization: 'Basic abc' }, 400],
    ['no credentials', {}, 401],
  ])('RFC 3261 10.3 %s: %#', async (_, extra, status) => {
    expect((await send(one, base('whoever', extra as Headers))).status).toBe(status);
  });
});

describe('what is asked for', () => {
  test('RFC 3261 10.3 too brief is 423, malformed 400, a question is answered, an older request changes nothing', async () => {
    const phone = await addPhone();
    expect(await register(phone, { expires: '10' })).toMatchObject({ status: 423, headers: { 'Min-Expires': '60' } });
    expect((await register(phone, { contact: '<tel:+39>' })).status).toBe(400);
    expect((await register(phone, { contact: undefined })).headers['Contact']).toBeUndefined();
    expect((await register(phone)).status).toBe(200);
    expect((await register(phone, { contact: undefined })).headers['Contact']).toContain('sip:');
    expect((await register(phone, { cseq: '1 REGISTER', contact: '*', expires: '0' })).status).toBe(500);
    expect(await world.engine.phones.bindings(world.scope, phone.doc.id)).toHaveLength(1);
  });

  test('RFC 5626 a phone with two instances has two bindings, each replaced by its own', async () => {
    const phone = await addPhone();
    const contact = (port: number, id: number) => `<sip:a@192.0.2.1:${port}>;+sip.instance="<urn:uuid:1>";reg-id=${id}`;
    await register(phone, { contact: contact(5060, 1) });
    await register(phone, { contact: contact(5061, 2) });
    await register(phone, { contact: contact(5062, 1) });
    const bound = await world.engine.phones.bindings(world.scope, phone.doc.id);
    expect(bound.map(({ contact: uri }) => uri).sort()).toEqual(['sip:a@192.0.2.1:5061', 'sip:a@192.0.2.1:5062']);
  });
});

// Last: the engine's lease is lost with Redis, and a new one takes its time.
test('RTE-12 while Redis is away phones are told to come again, and then they are taken', { timeout: 40_000 }, async () => {
  const phone = await addPhone();
  const challenge = await send(one, base(phone.doc.username));
  const authorization = answer(challenge, phone.doc.username, phone.password);
  await world.redis.kill9();
  const refused = await send(one, base(phone.doc.username, { authorization }));
  expect(refused).toMatchObject({ status: 503, headers: { 'Retry-After': expect.stringMatching(/^[0-9]+$/) } });
  await world.redis.restart();
  await until(async () => (await register(phone)).status === 200, { timeoutMs: 20_000, what: 'the registration' });
});

test('RTE-4 RTE-12 an edge that only stood still has its phones again when it goes on, but for those that went elsewhere or may register no more', {
  timeout: 60_000,
}, async () => {
  const edge = await startPhoneNode(world.redis.url, 'edge-still', 'cal_still');
  onTestFinished(() => edge.kill9());
  const [isOther, isOff, goes, stays] = [await addPhone(), await addPhone(), await addPhone(), await addPhone()];
  const all = [isOther, isOff, goes, stays];
  for (const phone of all) expect((await register(phone, {}, { edge: 'edge-still' })).status).toBe(200);
  edge.stop();
  for (const phone of all) await until(async () => (await devices(phone))?.[0]?.isLive === false, { what: 'the end of its registration' });
  await register(goes, {}, { edge: 'edge-1' });
  await configure({ ...isOther.doc, sealedHa1: stays.doc.sealedHa1 });
  await configure({ ...isOff.doc, isActive: false });
  edge.goOn();
  await until(async () => (await devices(stays))?.[0]?.isLive === true, { what: 'its registration again' });
  expect(await devices(stays)).toEqual([{ id: stays.doc.id, name: 'Desk phone', isLive: true }]);
  const bound = async (phone: Phone) => (await world.engine.phones.bindings(world.scope, phone.doc.id)).map((each) => each.edge);
  expect(await bound(stays)).toEqual(['edge-still']);
  expect(await bound(goes)).toEqual(['edge-1']);
  // The last to be put back is there.
  expect(await bound(isOther)).toEqual([]);
  expect(await bound(isOff)).toEqual([]);
});
