/** Numbers, phones and trunks as administrators configure them, and the copies that the SIP application reads. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { QueueId, UserId } from '../../src/base/ids.ts';
import { sealPurpose, unseal } from '../../src/base/seal.ts';
import { readConfigEntries } from '../../src/routing/configEntries.ts';
import { Center, invitationToken, type Tenant } from '../access/support/center.ts';
import { until } from '../support/services.ts';

let center: Center;
let owner: Tenant;
let voice: string;
let anna: { id: string; token: string };
beforeAll(async () => {
  center = await Center.start();
  owner = await center.tenant('Acme');
  voice = (await make('queues', { name: 'Calls', channel: 'voice', mode: 'longest_idle' })).id;
  anna = await center.person(owner.token, { name: 'Anna', queues: [{ id: voice, role: 'agent' }] });
});
afterAll(() => center.close());

// biome-ignore lint/suspicious/noExplicitAny: whatever JSON came
async function make(path: string, body: unknown, as = owner.token): Promise<any> {
  const answer = await center.call(`POST /api/v1/${path}`, { as, body });
  expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 201 });
  return answer.body;
}
const ask = (request: string, body?: unknown, as = owner.token) => center.call(request, { as, ...(body !== undefined && { body }) });
const scope = () => until(() => center.engine.config.scopeOf(owner.accountId));
const sha = (algorithm: string, text: string): string => createHash(algorithm).update(text).digest('hex');

describe('numbers', () => {
  test('VOX-1 the next free extension is proposed, gaps first', async () => {
    const next = async () => (await ask('GET /api/v1/numbers/next')).body.number;
    expect(await next()).toBe('100');
    await make('numbers', { number: '100', queueId: voice });
    await make('numbers', { number: '102', queueId: voice });
    expect(await next()).toBe('101');
    await make('numbers', { number: '101', queueId: voice });
    expect(await next()).toBe('103');
  });

  test('VOX-1 a number leads to a voice queue of the account, as people write it, and once in the world', async () => {
    const made = await make('numbers', { number: '0039 (02) 123-45678', label: 'Milan', queueId: voice });
    expect(made).toMatchObject({ number: '+390212345678', queueName: 'Calls', isActive: true, version: 1 });
    expect(await center.engine.phones.number('+390212345678')).toMatchObject({ doc: { queueId: voice, label: 'Milan' } });
    const chat = await center.queue(owner.token, 'Chat');
    expect((await ask('POST /api/v1/numbers', { number: '200', queueId: chat })).body.errors).toMatchObject([{ path: 'queueId' }]);
    for (const number of ['+39', 'anna', '+390212345678x', '']) {
      expect((await ask('POST /api/v1/numbers', { number, queueId: voice })).status, number).toBe(422);
    }
    expect((await ask('POST /api/v1/numbers', { number: '+390212345678', queueId: voice })).status).toBe(409);
    const other = await center.tenant('Other');
    const theirs = await make('queues', { name: 'Calls', channel: 'voice', mode: 'random' }, other.token);
    expect((await ask('POST /api/v1/numbers', { number: '+390212345678', queueId: theirs.id }, other.token)).status).toBe(409);
    // An extension is each account's own.
    await make('numbers', { number: '100', queueId: theirs.id }, other.token);
    expect(await center.engine.phones.number('100', other.accountId)).toMatchObject({ doc: { queueId: theirs.id } });
    expect(await center.engine.phones.number('100', owner.accountId)).toMatchObject({ doc: { queueId: voice } });
  });

  test('VOX-1 a change needs the version that was seen; the queue stays while a number leads to it', async () => {
    const { id } = await make('numbers', { number: '300', queueId: voice });
    expect((await ask(`PATCH /api/v1/numbers/${id}`, { label: 'No version' })).status).toBe(422);
    expect((await ask(`PATCH /api/v1/numbers/${id}`, { label: 'Late', version: 7 })).status).toBe(409);
    const headers = { 'if-match': '"1"' };
    const changed = await center.call(`PATCH /api/v1/numbers/${id}`, { as: owner.token, headers, body: { isActive: false } });
    expect(changed).toMatchObject({ status: 200, body: { isActive: false, version: 2 }, headers: { etag: '"2"' } });
    const refused = await ask(`DELETE /api/v1/queues/${voice}`);
    expect(refused.body).toMatchObject({ code: 'wrong_state', detail: expect.stringContaining('Numbers lead to this queue') });
    expect((await ask(`DELETE /api/v1/numbers/${id}`)).status).toBe(204);
    expect(await center.engine.phones.number('300', owner.accountId)).toBeUndefined();
  });
});

describe('phones of agents', () => {
  test('VOX-4 a SIP phone gets the next free short number: one for a person or a queue, never for both, and changed or taken away at will', async () => {
    const next = (await ask('GET /api/v1/numbers/next')).body.number;
    const { phone } = await make('phones', { userId: anna.id, name: 'Short' });
    expect(phone.extension).toBe(next);
    expect((await ask('GET /api/v1/numbers/next')).body.number).not.toBe(next);
    expect((await ask('POST /api/v1/numbers', { number: next, queueId: voice })).status).toBe(409);
    expect((await ask('POST /api/v1/phones', { userId: anna.id, name: 'Same', extension: next })).status).toBe(409);
    const { number } = await make('numbers', { number: '777', queueId: voice });
    expect((await ask(`PATCH /api/v1/phones/${phone.id}`, { extension: number, version: 1 })).status).toBe(409);
    expect((await ask(`PATCH /api/v1/phones/${phone.id}`, { extension: '0', version: 1 })).status).toBe(422);
    expect(
      (await ask('POST /api/v1/phones', { userId: anna.id, name: 'M', type: 'external', number: '+393331234567', extension: '888' }))
        .status,
    ).toBe(422);
    const { scope } = await until(() => center.engine.phones.phoneByUsername(phone.username));
    expect(await center.engine.phones.phoneByExtension(scope, next)).toMatchObject({ id: phone.id, userId: anna.id });
    expect((await ask(`PATCH /api/v1/phones/${phone.id}`, { extension: '778', version: 1 })).body).toMatchObject({ extension: '778' });
    await until(async () => (await center.engine.phones.phoneByExtension(scope, '778'))?.id === phone.id);
    expect(await center.engine.phones.phoneByExtension(scope, next)).toBeUndefined();
    expect((await ask(`DELETE /api/v1/phones/${phone.id}`)).status).toBe(204);
    await until(async () => (await center.engine.phones.phoneByExtension(scope, '778')) === undefined);
  });

  test('VOX-4 a SIP phone gets a name and a password that is shown once and kept nowhere but as sealed HA1', async () => {
    const { phone, credentials } = await make('phones', { userId: anna.id, name: 'Anna’s desk' });
    expect(phone).toMatchObject({ userName: 'Anna', type: 'sip', username: credentials.username, isLive: false, registrations: [] });
    expect(credentials).toMatchObject({ realm: 'centralino', password: expect.stringMatching(/^([2-9a-z]{4}-){3}[2-9a-z]{4}$/) });
    expect((await ask(`GET /api/v1/phones/${phone.id}`)).body).not.toHaveProperty('credentials');

    const found = await until(() => center.engine.phones.phoneByUsername(credentials.username));
    const { secretKey } = center.deps;
    const { username, realm, password } = credentials;
    expect(unseal(secretKey, sealPurpose.phoneHa1(phone.id), found.doc.sealedHa1)).toBe(sha('md5', `${username}:${realm}:${password}`));
    expect(unseal(secretKey, sealPurpose.phoneHa1Sha256(phone.id), found.doc.sealedHa1Sha256)).toBe(
      sha('sha256', `${username}:${realm}:${password}`),
    );
    // Nowhere in the database: neither the password nor what would do in its place.
    for (const table of ['phone', 'config_entry', 'audit_log', 'config_past']) {
      const { rows } = await center.database.pool.query(`select t::text as text from ${table} t`);
      const text = rows.map((row) => row.text).join('\n');
      expect(text, table).not.toContain(password);
      expect(text, table).not.toContain(sha('md5', `${username}:${realm}:${password}`));
    }
  });

  test('VOX-4 a new password ends the old one; the phone keeps its name', async () => {
    const { phone, credentials } = await make('phones', { userId: anna.id, name: 'Second' });
    const ha1 = async () => {
      const doc = (await until(() => center.engine.phones.phoneByUsername(credentials.username))).doc;
      return unseal(center.deps.secretKey, sealPurpose.phoneHa1(phone.id), doc.sealedHa1);
    };
    const before = await ha1();
    const changed = await ask(`POST /api/v1/phones/${phone.id}/password`, { version: phone.version });
    expect(changed).toMatchObject({ status: 200, body: { credentials: { username: credentials.username }, phone: { version: 2 } } });
    expect(changed.body.credentials.password).not.toBe(credentials.password);
    expect(await ha1()).not.toBe(before);
    expect((await ask(`POST /api/v1/phones/${phone.id}/password`, { version: 1 })).status).toBe(409);
  });

  test('VOX-4 whoever has a phone is offered calls through it; without one the agent is as before', async () => {
    const bruno = await center.person(owner.token, { name: 'Bruno', queues: [{ id: voice, role: 'agent' }] });
    const hasPhone = async () => (await center.engine.config.agent(await scope(), bruno.id as UserId))?.hasPhone;
    expect(await hasPhone()).toBe(false);
    expect((await ask('POST /api/v1/phones', { userId: bruno.id, name: 'Mobile', type: 'external' })).status).toBe(422);
    const { phone, credentials } = await make('phones', { userId: bruno.id, name: 'Mobile', type: 'external', number: '+39 333 1234567' });
    expect(credentials).toBeUndefined();
    expect(phone).toMatchObject({ type: 'external', number: '+393331234567', username: '' });
    expect((await ask(`POST /api/v1/phones/${phone.id}/password`, { version: 1 })).body.code).toBe('wrong_state');
    // It never registers, so calls are not kept back until it does.
    expect(await hasPhone()).toBe(false);
    expect((await center.engine.phones.phonesOf(await scope(), bruno.id as UserId)).map(({ id }) => id)).toEqual([phone.id]);
    await ask(`PATCH /api/v1/phones/${phone.id}`, { isActive: false, version: 1 });
    expect(await center.engine.phones.phonesOf(await scope(), bruno.id as UserId)).toEqual([]);
    const { phone: sip } = await make('phones', { userId: bruno.id, name: 'Desk' });
    expect(await hasPhone()).toBe(true);
    await ask(`DELETE /api/v1/phones/${sip.id}`);
    expect(await hasPhone()).toBe(false);
    expect((await ask(`DELETE /api/v1/phones/${phone.id}`)).status).toBe(204);
  });

  test('ACC-4 the phone of somebody who may not sign in is off, and goes with the person', async () => {
    const carla = await center.person(owner.token, { name: 'Carla', queues: [{ id: voice, role: 'agent' }] });
    const { phone, credentials } = await make('phones', { userId: carla.id, name: 'Phone' });
    const copy = () => center.engine.phones.phoneByUsername(credentials.username);
    expect((await until(copy)).doc.isActive).toBe(true);
    const { version } = (await ask(`GET /api/v1/users/${carla.id}`)).body;
    await ask(`PATCH /api/v1/users/${carla.id}`, { status: 'inactive', version });
    expect(await copy()).toBeUndefined();
    expect((await ask(`GET /api/v1/phones/${phone.id}`)).body.isActive).toBe(true);
    await ask(`DELETE /api/v1/users/${carla.id}`);
    expect(await copy()).toBeUndefined();
    expect((await ask(`GET /api/v1/phones/${phone.id}`)).status).toBe(404);
  });

  test('ACC-2 the phone of somebody who was invited works from when the invitation is accepted', async () => {
    const { user, invitation } = await make('users', { email: 'dino@acme.test', name: 'Dino' });
    const { phone, credentials } = await make('phones', { userId: user.id, name: 'Early' });
    const copy = () => center.engine.phones.phoneByUsername(credentials.username);
    expect(await copy()).toBeUndefined();
    await center.accept(invitationToken(invitation.url));
    expect((await copy())?.doc.id).toBe(phone.id);
  });

  test('API-1 the same Idempotency-Key makes one phone, and gives its password again', async () => {
    const headers = { 'idempotency-key': 'phone-once-0001' };
    const once = () => center.call('POST /api/v1/phones', { as: owner.token, headers, body: { userId: anna.id, name: 'Once' } });
    const [first, second] = [await once(), await once()];
    expect(second.body).toEqual(first.body);
    const { items } = (await center.call('GET /api/v1/phones', { as: owner.token, query: { search: 'Once' } })).body;
    expect(items).toHaveLength(1);
  });
});

describe('trunks', () => {
  test('VOX-6 a trunk’s secret goes in sealed and never comes out', async () => {
    const { trunk } = await make('trunks', {
      name: 'Provider',
      type: 'provider',
      host: 'sip.provider.example',
      username: 'acme',
      outboundProxy: 'sbc.provider.example:5070',
      authUsername: '4411e0',
      password: 'the providers secret',
      prefixes: ['+39', '+420'],
    });
    expect(trunk).toMatchObject({ hasPassword: true, maxMinutesPerDay: 1_000, prefixes: ['+39', '+420'] });
    expect(JSON.stringify(trunk)).not.toContain('secret');
    expect(JSON.stringify((await ask(`GET /api/v1/trunks/${trunk.id}`)).body)).not.toContain('the providers');
    const copy = async () => (await center.engine.phones.trunks()).find(({ doc }) => doc.id === trunk.id)?.doc;
    const doc = await until(copy);
    expect(doc).toMatchObject({ outboundProxy: 'sbc.provider.example:5070', authUsername: '4411e0' });
    expect(unseal(center.deps.secretKey, sealPurpose.trunkSecret(trunk.id), doc.sealedSecret)).toBe('the providers secret');
    const audit = (await center.call('GET /api/v1/audit', { as: owner.token })).body.items;
    expect(JSON.stringify(audit)).not.toContain('the providers secret');
    expect(audit).toContainEqual(expect.objectContaining({ action: 'trunk.created' }));
    // Without a password in it a change leaves the one that stands.
    expect((await ask(`PATCH /api/v1/trunks/${trunk.id}`, { maxCalls: 5, version: 1 })).body).toMatchObject({
      maxCalls: 5,
      hasPassword: true,
    });
    await until(async () => (await copy())?.maxCalls === 5);
    expect((await copy())?.sealedSecret).toBe(doc.sealedSecret);
  });

  test('VOX-4 a trunk that registers here is shown with what registered, one known by its address with nothing', async () => {
    const { trunk } = await make('trunks', { name: 'Gateway', type: 'registers' });
    expect(trunk.registration).toEqual({ isRegistered: false, reason: '' });
    const contact = `sip:${trunk.username}@192.0.2.7`;
    const binding = { phoneId: trunk.id, contact, edge: 'edge-1', flow: 'f1', userAgent: 'Gateway 4', callId: 'c1', cseq: 1 };
    await center.engine.phones.announce({ kind: 'edge', host: '127.0.0.1', port: 1, load: 0, isDraining: false });
    await center.engine.phones.bind(await scope(), '', { ...binding, instance: contact, expiresAt: Date.now() + 600_000 });
    expect((await ask(`GET /api/v1/trunks/${trunk.id}`)).body.registration).toEqual({ isRegistered: true, reason: 'Gateway 4' });
    const { trunk: other } = await make('trunks', { name: 'Line', type: 'address', sources: ['192.0.2.8'] });
    expect(other).not.toHaveProperty('registration');
  });

  test('VOX-6 each type needs what it is known by', async () => {
    const refused = async (body: unknown) => (await ask('POST /api/v1/trunks', body)).body.errors.map(({ path }: { path: string }) => path);
    expect(await refused({ name: 'A', type: 'address' })).toEqual(['sources']);
    expect(await refused({ name: 'A', type: 'address', sources: ['0.0.0.0/0'] })).toEqual(['sources.0']);
    expect(await refused({ name: 'A', type: 'address', sources: ['192.0.2.8'], outboundProxy: 'sbc.example' })).toEqual(['host']);
    for (const outboundProxy of ['sip:sbc.example', 'sbc.example:70000', '[2001:db8::7]:0'])
      expect(await refused({ name: 'A', type: 'provider', outboundProxy })).toEqual(['outboundProxy']);
    expect(await refused({ name: 'A', type: 'provider' })).toEqual(['host', 'username', 'password']);
    const { trunk, credentials } = await make('trunks', { name: 'Branch office', type: 'registers' });
    expect(credentials).toMatchObject({ username: trunk.username, password: expect.any(String) });
    const again = await ask('POST /api/v1/trunks', { name: 'Copy', type: 'registers', username: trunk.username });
    expect(again.status).toBe(409);
  });
});

describe('what may be called, and what is heard', () => {
  test('VOX-6 the account’s rules, the agent’s and the queue’s kinds of numbers reach their copies', async () => {
    const { body: rules } = await ask('GET /api/v1/outbound');
    expect(rules).toMatchObject({ countries: [], perAgentPerMinute: 10 });
    const changed = await ask('PATCH /api/v1/outbound', { homeCountry: 'IT', countries: ['IT', 'CZ'], version: rules.version });
    expect(changed.body).toMatchObject({ homeCountry: 'IT', countries: ['IT', 'CZ'], types: ['local', 'national', 'mobile'] });
    expect((await center.engine.config.account(await scope()))?.outbound).toMatchObject({ countries: ['IT', 'CZ'] });
    const { version } = (await ask(`GET /api/v1/users/${anna.id}`)).body;
    await ask(`PATCH /api/v1/users/${anna.id}`, { outboundTypes: ['local'], version });
    expect((await center.engine.config.agent(await scope(), anna.id as UserId))?.outboundTypes).toEqual(['local']);
    const queue = (await ask(`GET /api/v1/queues/${voice}`)).body;
    expect(queue.voice.outboundTypes).toBeNull();
    await ask(`PATCH /api/v1/queues/${voice}`, { voice: { outboundTypes: ['international'] }, version: queue.version });
    expect((await center.engine.config.queue(await scope(), voice as QueueId))?.voice.outboundTypes).toEqual(['international']);
  });

  test('VOX-3 what is said of a queue’s voice changes, the rest of it stays', async () => {
    const set = async (voicePart: unknown) => {
      const { version } = (await ask(`GET /api/v1/queues/${voice}`)).body;
      return ask(`PATCH /api/v1/queues/${voice}`, { voice: voicePart, version });
    };
    await set({ language: 'cs', announceEverySec: 30 });
    const { body } = await set({ canExit: true, exitTo: { op: 'voicemail' } });
    expect(body.voice).toMatchObject({ language: 'cs', announceEverySec: 30, canExit: true, exitKey: '*', exitTo: { op: 'voicemail' } });
    expect((await set({ music: 'snd_nothing' })).body.errors).toMatchObject([{ path: 'voice.music' }]);
    expect((await set({ exitTo: { op: 'message', text: 'Bye' } })).body.errors).toMatchObject([{ path: 'voice.exitTo.op' }]);
  });
});

test('the copies of phones are repaired as all others are', async () => {
  const { phone, credentials } = await make('phones', { userId: anna.id, name: 'Repaired' });
  const entry = (await readConfigEntries(center.deps.db, owner.accountId)).find(({ id }) => id === phone.id);
  const versions = await center.engine.phones.versions(owner.accountId);
  expect(versions.get(`phone:${phone.id}`)).toBe(entry?.version);
  expect((await center.engine.phones.phoneByUsername(credentials.username))?.doc.name).toBe('Repaired');
});
