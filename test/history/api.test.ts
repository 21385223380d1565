/** HIS-1, HIS-2, CHT-15: history by API, for those whose it is; the transcript; erasure at a person's wish. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Principal } from '../../src/auth/can.ts';
import { type AccountId, type ContactId, type InteractionId, newId, type QueueId, type UserId } from '../../src/base/ids.ts';
import { type FileId, FileLibrary, LocalFileStore } from '../../src/files/index.ts';
import type { HistoryDetail, HistoryItem } from '../../src/history/historyViews.ts';
import { historyRoutes } from '../../src/history/index.ts';
import { earlierMessages } from '../../src/history/messages.ts';
import { admin, agent, callRoute, refusal, restKey, supervisor, visitor } from './calling.ts';
import { type Projected, startProjected } from './projected.ts';

interface Talk {
  readonly id: InteractionId;
  readonly contactId: ContactId;
}

let stage: Projected;
let folder: string;
let files: LocalFileStore;
let sales: QueueId;
let support: QueueId;
let anna: UserId;
let marco: UserId;
let sold: Talk;
let lost: Talk;
let running: Talk;

const account = (): AccountId => stage.world.scope.accountId;
const call = (who: Principal, request: string, query: Record<string, string> = {}) =>
  callRoute(historyRoutes({ db: stage.database.kysely, engine: stage.world.engine, files }), who, request, { query });
const list = async (who: Principal, query: Record<string, string> = {}): Promise<{ items: HistoryItem[]; nextCursor?: string }> =>
  (await call(who, 'GET /api/v1/interactions', query)).body as { items: HistoryItem[]; nextCursor?: string };
const idsOf = async (who: Principal, query: Record<string, string> = {}) => (await list(who, query)).items.map(({ id }) => id);
const transcript = async (who: Principal, id: string, query: Record<string, string> = {}) =>
  String((await call(who, `GET /api/v1/interactions/${id}/transcript.txt`, query)).bytes);

async function talk(queue: QueueId, owner: UserId, name: string): Promise<Talk> {
  const { world } = stage;
  const chat = { ...world.newChat(queue, `${name} asks`), name, email: `${name.toLowerCase()}@example.org`, language: 'it-IT' };
  const started = await world.engine.router.startInteraction(world.scope, chat);
  if (!started.ok) throw new Error(started.code);
  const id = started.interaction.id as InteractionId;
  await world.engine.router.claimInteraction(world.scope, { interactionId: id, agentId: owner, key: `claim-${id}`.slice(0, 40) });
  return { id, contactId: chat.contactId };
}

async function say(
  to: Talk,
  from: { role: 'customer' | 'agent'; id: string; name: string },
  text: string,
  visibility = 'everyone',
): Promise<void> {
  const mid = newId('command');
  const sent = await stage.world.engine.router.sendMessage(stage.world.scope, {
    interactionId: to.id,
    mid,
    from: { ...from, id: from.id as UserId },
    visibility,
    text,
    isClaim: false,
  });
  if (!sent.ok) throw new Error(sent.code);
}

async function close(what: Talk, agentId: UserId, outcome: string, note = ''): Promise<void> {
  const { world } = stage;
  await world.engine.router.endInteraction(world.scope, {
    interactionId: what.id,
    by: 'client',
    memberId: what.contactId,
    isSupervisor: false,
  });
  const closed = await world.engine.router.closeInteraction(world.scope, {
    interactionId: what.id,
    agentId,
    outcome,
    note,
    key: `close-${what.id}`.slice(0, 40),
    isSupervisor: false,
  });
  if (!closed.ok) throw new Error(closed.code);
}

/** As if the time that closed conversations stay in Redis were over. */
async function leaveRedis(what: Talk): Promise<void> {
  const { runner, prefix } = stage.world.engine.core;
  const { partition } = stage.world.scope;
  for (const key of [`i:${what.id}`, `f:conversation:${what.id}`]) await runner.redis.del(`${prefix}{p${partition}}:${key}`);
}

beforeAll(async () => {
  stage = await startProjected();
  folder = mkdtempSync(join(tmpdir(), 'centralino-files-'));
  files = new LocalFileStore(folder);
  const outcomes = [
    { id: 'sold', name: 'Sold', kind: 'OK' as const },
    { id: 'lost', name: 'Lost', kind: 'KO' as const },
  ];
  sales = await stage.world.addQueue({ mode: 'manual', outcomes });
  support = await stage.world.addQueue({ mode: 'manual', outcomes });
  anna = await stage.world.addAgent({ queues: [sales], name: 'Anna', capacity: 50 });
  marco = await stage.world.addAgent({ queues: [support], name: 'Marco', capacity: 50 });
  await stage.rows(`insert into account (id, public_id, partition, legal_name) values ($1, 'public', 7, 'Test')`, [account()]);
  await stage.rows(`insert into queue (id, account_id, name) values ($1, $3, 'Sales'), ($2, $3, 'Support')`, [sales, support, account()]);
  await stage.rows(`insert into app_user (id, account_id, email, name, role) values ($1, $2, 'anna@example.org', 'Anna', 'member')`, [
    anna,
    account(),
  ]);
  sold = await talk(sales, anna, 'Eva');
  await say(sold, { role: 'agent', id: anna, name: 'Anna' }, 'Certo!');
  await say(sold, { role: 'agent', id: anna, name: 'Anna' }, 'she is in a hurry', 'staff');
  await close(sold, anna, 'sold', 'Eva wants two');
  lost = await talk(support, marco, 'Ugo_1');
  await close(lost, marco, 'lost');
  running = await talk(sales, anna, 'Ida');
  await stage.caughtUp();
});
afterAll(async () => {
  await stage.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('list', () => {
  test('HIS-1 completed OK, completed KO, in progress; filters by queue, agent, period and name', async () => {
    const ada = admin(account());
    expect(await idsOf(ada)).toEqual([running.id, lost.id, sold.id]);
    expect(await idsOf(ada, { state: 'completed_ok' })).toEqual([sold.id]);
    expect(await idsOf(ada, { state: 'completed_ko' })).toEqual([lost.id]);
    expect(await idsOf(ada, { state: 'completed' })).toEqual([lost.id, sold.id]);
    expect(await idsOf(ada, { state: 'in_progress' })).toEqual([running.id]);
    expect(await idsOf(ada, { queue: sales })).toEqual([running.id, sold.id]);
    expect(await idsOf(ada, { agent: marco })).toEqual([lost.id]);
    expect(await idsOf(ada, { name: 'ev' })).toEqual([sold.id]);
    expect(await idsOf(ada, { name: 'o_1' })).toEqual([lost.id]);
    expect(await idsOf(ada, { name: 'v_' })).toEqual([]);
    const [{ createdAt } = { createdAt: 0 }] = (await list(ada, { name: 'Ugo' })).items;
    expect(await idsOf(ada, { from: String(createdAt) })).toEqual([running.id, lost.id]);
    expect(await idsOf(ada, { to: String(createdAt) })).toEqual([sold.id]);
    expect(await refusal(list(ada, { state: 'lost' }))).toBe('invalid');
  });

  test('HIS-1 staff see the queues they serve or supervise, administrators and REST keys all, others nothing', async () => {
    expect(await idsOf(agent(account(), anna, [sales]))).toEqual([running.id, sold.id]);
    expect(await idsOf(supervisor(account(), [support]))).toEqual([lost.id]);
    expect(await idsOf(agent(account(), anna, [sales]), { queue: support })).toEqual([]);
    expect(await idsOf(restKey(account()))).toHaveLength(3);
    expect(await idsOf(admin(newId('account')))).toEqual([]);
    expect(await refusal(list(agent(account(), anna, [])))).toBe('forbidden');
    expect(await refusal(list(visitor(account(), sold.contactId)))).toBe('forbidden');
  });

  test('API-1 pages by cursor show everything once; a made-up cursor is refused', async () => {
    const ada = admin(account());
    const seen: string[] = [];
    for (let cursor: string | undefined; ; ) {
      const page = await list(ada, { limit: '1', ...(cursor ? { cursor } : {}) });
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.nextCursor;
      if (!cursor) break;
    }
    expect(seen).toEqual([running.id, lost.id, sold.id]);
    expect(await refusal(list(ada, { cursor: 'abc' }))).toBe('invalid');
    expect(await refusal(list(ada, { cursor: Buffer.from('["int_x"]').toString('base64url') }))).toBe('invalid');
  });
});

describe('detail', () => {
  test('HIS-2 state, times, outcome, notes, segments and messages of a conversation that has left Redis', async () => {
    const talked = await talk(sales, anna, 'Olga');
    await say(talked, { role: 'agent', id: anna, name: 'Anna' }, 'Buongiorno');
    await close(talked, anna, 'sold', 'called back');
    await stage.caughtUp();
    await leaveRedis(talked);
    const detail = (await call(agent(account(), anna, [sales]), `GET /api/v1/interactions/${talked.id}`)).body as HistoryDetail;
    expect(detail).toMatchObject({
      state: 'closed',
      queue: { id: sales, name: 'Sales' },
      owner: { id: anna, name: 'Anna' },
      client: { name: 'Olga', email: 'olga@example.org' },
      endedBy: 'client',
      closeReason: 'served',
      outcome: { id: 'sold', kind: 'OK' },
      note: 'called back',
      userAgent: 'test',
      participants: [],
    });
    expect(detail.createdAt).toBeLessThanOrEqual(detail.startedAt ?? 0);
    expect(detail.startedAt).toBeLessThanOrEqual(detail.closedAt ?? 0);
    expect(detail.segments.map(({ kind, agent: who }) => [kind, who?.name])).toEqual([
      ['waiting', undefined],
      ['served', 'Anna'],
    ]);
    expect(detail.conversation.messages.map(({ text, from }) => [from.name, text])).toEqual([
      ['Olga', 'Olga asks'],
      ['Anna', 'Buongiorno'],
    ]);
  });

  test('HIS-2 none of another account, another queue, or nothing', async () => {
    for (const who of [admin(newId('account')), agent(account(), anna, [sales]), supervisor(account(), [sales])]) {
      expect(await refusal(call(who, `GET /api/v1/interactions/${lost.id}`))).toBe('not_found');
      expect(await refusal(call(who, `GET /api/v1/interactions/${lost.id}/messages`))).toBe('not_found');
    }
    for (const id of [newId('interaction'), 'int_', 'x'])
      expect(await refusal(call(admin(account()), `GET /api/v1/interactions/${id}`))).toBe('not_found');
  });

  test('CHT-19 an agent of another queue who was invited reads along while it runs', async () => {
    const helped = await talk(sales, anna, 'Pia');
    await stage.caughtUp();
    const helper = agent(account(), marco, [support]);
    expect(await refusal(call(helper, `GET /api/v1/interactions/${helped.id}/messages`))).toBe('not_found');
    await stage.world.engine.router.inviteParticipant(stage.world.scope, {
      interactionId: helped.id,
      by: anna,
      agentId: marco,
      key: 'invite-00001',
      isSupervisor: false,
    });
    await stage.caughtUp();
    const detail = (await call(helper, `GET /api/v1/interactions/${helped.id}`)).body as HistoryDetail;
    expect(detail.participants.map(({ id }) => id)).toEqual([marco]);
  });

  test.each(['in Redis', 'in PostgreSQL'])(
    'HIS-2 messages by page, oldest first within a page, each once, while they are %s',
    async (where) => {
      const long = await talk(sales, anna, 'Lea');
      for (let count = 1; count <= 25; count++) await say(long, { role: 'customer', id: long.contactId, name: 'Lea' }, `line ${count}`);
      await stage.caughtUp();
      if (where === 'in PostgreSQL') await leaveRedis(long);
      const seen: string[] = [];
      for (let cursor: string | undefined; ; ) {
        const query = { limit: '10', ...(cursor ? { cursor } : {}) };
        const page = (await call(admin(account()), `GET /api/v1/interactions/${long.id}/messages`, query)).body as {
          messages: { text: string }[];
          nextCursor?: string;
        };
        seen.unshift(...page.messages.map(({ text }) => text));
        cursor = page.nextCursor;
        if (!cursor) break;
      }
      expect(seen).toEqual(['Lea asks', ...Array.from({ length: 25 }, (_, at) => `line ${at + 1}`)]);
    },
  );

  test('rule: what is not for somebody is left out where it is read', async () => {
    const { scope } = stage.world;
    const db = stage.database.kysely;
    const texts = async (viewer?: Parameters<typeof earlierMessages>[5]) =>
      (await earlierMessages(db, scope, sold.id, 1_000_000, 50, viewer)).messages.map(({ text }) => text);
    expect(await texts()).toEqual(['Eva asks', 'Certo!']);
    expect(await texts({ kind: 'visitor', id: sold.contactId })).toEqual(['Eva asks', 'Certo!']);
    expect(await texts({ kind: 'staff', id: newId('user'), seesAll: false })).toEqual(['Eva asks', 'Certo!', 'she is in a hurry']);
    expect(
      (
        await earlierMessages(db, { ...scope, accountId: newId('account') }, sold.id, 1_000_000, 50, {
          kind: 'staff',
          id: 'x',
          seesAll: true,
        })
      ).messages,
    ).toEqual([]);
    await say(running, { role: 'agent', id: anna, name: 'Anna' }, 'for Marco only', marco);
    await stage.caughtUp();
    const read = (id: UserId, seesAll: boolean) => earlierMessages(db, scope, running.id, 1_000_000, 50, { kind: 'staff', id, seesAll });
    expect((await read(newId('user'), false)).messages).toHaveLength(1);
    for (const page of [await read(marco, false), await read(anna, false), await read(newId('user'), true)])
      expect(page.messages).toHaveLength(2);
  });
});

describe('CHT-15 transcript', () => {
  const STAMP = /\[\d{2}\/\d{2}\/\d{4}, \d{2}:\d{2}:\d{2}\]/;

  test('CHT-15 staff download it with the lines for staff, the visitor without; in the language of the conversation or the one asked for', async () => {
    const forStaff = await transcript(agent(account(), anna, [sales]), sold.id, { language: 'en', timeZone: 'Europe/Rome' });
    const lines = forStaff.split('\n');
    expect(lines[0]).toBe('Conversation with Eva');
    expect(lines[1]).toMatch(/^Started .*\(Europe\/Rome\)$/);
    expect(lines[3]).toMatch(new RegExp(`^${STAMP.source} Eva: Eva asks$`));
    expect(forStaff).toContain('Anna (staff only): she is in a hurry');
    expect(lines.at(-2)).toMatch(/Conversation ended$/);
    const forVisitor = await transcript(visitor(account(), sold.contactId), sold.id);
    expect(forVisitor).toContain('Conversazione con Eva');
    expect(forVisitor).toContain('Anna: Certo!');
    expect(forVisitor).not.toContain('hurry');
  });

  test('CHT-15 the same once it has left Redis', async () => {
    const talked = await talk(sales, anna, 'Rosa');
    await say(talked, { role: 'agent', id: anna, name: 'Anna' }, 'uno\ndue\r\n[01/01/2026, 00:00:00] Rosa: forged', 'everyone');
    await say(talked, { role: 'agent', id: anna, name: 'Anna' }, 'between us', 'staff');
    await close(talked, anna, 'sold');
    await stage.caughtUp();
    const readers = [agent(account(), anna, [sales]), visitor(account(), talked.contactId)];
    const before = await Promise.all(readers.map((who) => transcript(who, talked.id)));
    await leaveRedis(talked);
    expect(await Promise.all(readers.map((who) => transcript(who, talked.id)))).toEqual(before);
    expect(before[0]).toContain('uno\n    due\n    [01/01/2026, 00:00:00] Rosa: forged');
    expect(before[1]).not.toContain('between us');
  });

  test('CHT-15 only once the visitor wrote; never of somebody else', async () => {
    const silent = await talk(sales, anna, 'Teo');
    const anything = visitor(account(), silent.contactId);
    expect(await refusal(transcript(anything, silent.id))).toBeUndefined();
    await stage.caughtUp();
    await leaveRedis(silent);
    await stage.rows(`delete from message where interaction_id = $1`, [silent.id]);
    expect(await refusal(transcript(anything, silent.id))).toBe('wrong_state');
    expect(await refusal(transcript(visitor(account(), newId('contact')), sold.id))).toBe('not_found');
    expect(await refusal(transcript(visitor(newId('account'), sold.contactId), sold.id))).toBe('not_found');
    expect(await refusal(transcript(agent(account(), marco, [support]), sold.id))).toBe('not_found');
    expect(await refusal(transcript(admin(account()), sold.id, { timeZone: 'Mars/Base' }))).toBe('invalid');
  });

  test('CHT-15 a conversation of more than one page comes whole and in order', async () => {
    const long = await talk(sales, anna, 'Zoe');
    for (let count = 1; count <= 230; count++)
      await say(long, { role: 'agent', id: anna, name: 'Anna' }, `line ${count}.`, count > 5 && count < 180 ? 'staff' : 'everyone');
    const text = await transcript(visitor(account(), long.contactId), long.id, { language: 'en' });
    const numbers = [...text.matchAll(/line (\d+)\./g)].map(([, number]) => Number(number));
    expect(numbers).toEqual([...Array.from({ length: 5 }, (_, at) => at + 1), ...Array.from({ length: 51 }, (_, at) => at + 180)]);
    expect(text).toContain('Zoe: Zoe asks');
  });
});

describe('erasure', () => {
  test('rule: a contact is erased with names, texts, notes and files; figures stay, and a replay brings nothing back', async () => {
    const { world } = stage;
    const gone = await talk(sales, anna, 'Secretia');
    const library = new FileLibrary({ store: files, engine: world.engine });
    const interaction = { id: gone.id, queueId: sales, contactId: gone.contactId };
    const record = await library.add(world.scope, {
      interaction,
      uploaderId: gone.contactId,
      name: 'secretia.txt',
      declared: 'text/plain',
      content: Buffer.from('Secretia'),
    });
    const file = await library.attach(world.scope, {
      id: record.id,
      interactionId: gone.id,
      senderId: gone.contactId,
      visibility: 'everyone',
    });
    const from = { role: 'customer', id: gone.contactId, name: 'Secretia' } as const;
    await world.engine.router.sendMessage(world.scope, {
      interactionId: gone.id,
      mid: 'secret-file-1',
      from,
      visibility: 'everyone',
      file,
      isClaim: false,
    });
    await say(gone, { role: 'agent', id: anna, name: 'Anna' }, 'Hello Secretia');
    await stage.caughtUp();

    const ada = admin(account());
    const erase = (who: Principal) => call(who, `DELETE /api/v1/contacts/${gone.contactId}`);
    expect(await refusal(erase(ada))).toBe('wrong_state');
    await close(gone, anna, 'sold', 'Secretia paid');
    await stage.caughtUp();
    expect(await refusal(erase(agent(account(), anna, [sales])))).toBe('forbidden');
    expect(await refusal(erase(admin(newId('account'))))).toBe('not_found');
    expect((await erase(ada)).status).toBe(204);
    expect(await files.find(record.id as FileId)).toBeUndefined();

    const held = async (): Promise<string> => {
      const tables = ['interaction', 'interaction_detail', 'contact', 'segment', 'event', 'message', 'file', 'rejected_entry', 'audit_log'];
      const parts = await Promise.all(
        tables.map((table) => stage.rows<{ all: string }>(`select coalesce(string_agg(t::text, ' '), '') as all from ${table} t`)),
      );
      return parts
        .map(([row]) => row?.all)
        .join(' ')
        .toLowerCase();
    };
    expect(await held()).not.toContain('secretia');
    await leaveRedis(gone);
    const detail = (await call(ada, `GET /api/v1/interactions/${gone.id}`)).body as HistoryDetail;
    expect(detail).toMatchObject({ state: 'closed', outcome: { id: 'sold' }, client: { name: '', email: '' }, note: '' });
    expect(detail.conversation.messages.map(({ isErased, from: { role } }) => [role, isErased])).toEqual([
      ['customer', true],
      ['customer', true],
      ['agent', true],
    ]);
    expect(await transcript(ada, gone.id)).toContain('(eliminato)');

    await stage.rows('delete from reader_position where partition = $1', [world.scope.partition]);
    await stage.projector.apply(world.scope.partition, stage.entries);
    expect(await held()).not.toContain('secretia');
  });
});
