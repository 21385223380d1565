/** Rule: durable readers. The log becomes rows exactly once, whatever is repeated, refused or interrupted. */
import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LogEntry } from '../../queues/engine.ts';
import { LOG_VERSION } from '../../queues/events.ts';
import { type ContactId, type InteractionId, newId, type UserId } from '../../src/base/ids.ts';
import { NewerEntryError, Projector } from '../../src/history/projector.ts';
import { createProjectorMetrics } from '../../src/history/projectorMetrics.ts';
import { testLog } from '../support/engines.ts';
import { until } from '../support/services.ts';
import { type Projected, startProjected } from './projected.ts';

let stage: Projected;
beforeAll(async () => {
  stage = await startProjected();
});
afterAll(() => stage.close());

const TABLES = [
  'interaction',
  'interaction_detail',
  'contact',
  'segment',
  'event',
  'message',
  'file',
  'reader_position',
  'rejected_entry',
] as const;

/** Everything history holds, as text. */
async function everything(): Promise<string> {
  const parts: string[] = [];
  for (const table of TABLES) {
    const rows = await stage.rows<{ row: string }>(
      `select (to_jsonb(t) - 'moved_at' - 'rejected_at')::text as row from ${table} t order by 1`,
    );
    parts.push(table, ...rows.map(({ row }) => row));
  }
  return parts.join('\n');
}

/** A whole life: asked, claimed, talked, ended by the client, closed with a note, rated. */
async function liveOnce(): Promise<{ id: InteractionId; contactId: ContactId; agentId: UserId }> {
  const { world } = stage;
  const { router } = world.engine;
  const queue = await world.addQueue({ mode: 'manual', wrapUpMs: 60_000, outcomes: [{ id: 'sold', name: 'Sold', kind: 'OK' }] });
  const agentId = await world.addAgent({ queues: [queue], name: 'Anna' });
  const { id, contactId } = await world.startChat(queue);
  await router.claimInteraction(world.scope, { interactionId: id, agentId, key: 'claim-000001' });
  for (let count = 0; count < 5; count++) {
    const from =
      count % 2 ? { role: 'agent' as const, id: agentId, name: 'Anna' } : { role: 'customer' as const, id: contactId, name: 'Eva' };
    await router.sendMessage(world.scope, {
      interactionId: id,
      mid: `message-${count}`,
      from,
      visibility: 'everyone',
      text: `Line ${count}`,
      isClaim: false,
    });
  }
  await router.endInteraction(world.scope, { interactionId: id, by: 'client', memberId: contactId, isSupervisor: false });
  await router.closeInteraction(world.scope, {
    interactionId: id,
    agentId,
    outcome: 'sold',
    note: 'Eva wants two',
    key: 'close-000001',
    isSupervisor: false,
  });
  await router.rateInteraction(world.scope, { interactionId: id, contactId, value: 5, comment: 'Quick' });
  await router.endWrapUp(world.scope, { interactionId: id, agentId, isSupervisor: false });
  return { id, contactId, agentId };
}

function entryOf(last: LogEntry, changes: Partial<LogEntry>): LogEntry {
  const [ms = '0', seq = '0'] = last.id.split('-');
  return { ...last, id: `${ms}-${Number(seq) + 1}`, feeds: [], ...changes };
}

/** A projector that writes to the same database as a reader of its own partition. */
function another(registry = new Registry()): Projector {
  return new Projector({ database: stage.database, log: testLog, metrics: createProjectorMetrics(registry) });
}

describe('projector', () => {
  test('HIS-2 APP-7 what the agent says during the wrap-up stands in history; a note that is not said anew stays', async () => {
    const { world } = stage;
    const { router } = world.engine;
    const outcomes = [
      { id: 'sold', name: 'Sold', kind: 'OK' as const },
      { id: 'lost', name: 'Lost', kind: 'KO' as const },
    ];
    const queue = await world.addQueue({ mode: 'manual', wrapUpMs: 60_000, outcomes });
    const agentId = await world.addAgent({ queues: [queue] });
    const { id } = await world.startChat(queue);
    const one = { interactionId: id, agentId };
    await router.claimInteraction(world.scope, { ...one, key: 'claim-000001' });
    await router.closeInteraction(world.scope, { ...one, outcome: '', note: '', key: 'close-000001', isSupervisor: false });
    await router.changeOutcome(world.scope, { ...one, outcome: 'lost', note: 'Asks in spring', key: 'outcome-00001' });
    await router.changeOutcome(world.scope, { ...one, outcome: 'sold', note: '', key: 'outcome-00002' });
    await stage.caughtUp();
    const [row] = await stage.rows('select state, outcome, outcome_kind from interaction where id = $1', [id]);
    expect(row).toEqual({ state: 'closed', outcome: 'sold', outcome_kind: 'OK' });
    expect(await stage.rows('select note from interaction_detail where interaction_id = $1', [id])).toEqual([{ note: 'Asks in spring' }]);
  });

  test('HIS-2 a life becomes its row, its ordered segments and its messages', async () => {
    const { id, contactId, agentId } = await liveOnce();
    await stage.caughtUp();
    const [row] = await stage.rows('select * from interaction where id = $1', [id]);
    expect(row).toMatchObject({
      account_id: stage.world.scope.accountId,
      contact_id: contactId,
      state: 'closed',
      owner_id: agentId,
      ended_by: 'client',
      close_reason: 'served',
      outcome: 'sold',
      outcome_kind: 'OK',
      rating: 5,
    });
    const segments = await stage.rows('select kind, agent_id, began, ended from segment where interaction_id = $1 order by seq', [id]);
    expect(segments).toEqual([
      { kind: 'waiting', agent_id: null, began: 'created', ended: 'taken' },
      { kind: 'served', agent_id: agentId, began: 'claim', ended: 'ended' },
      { kind: 'wrap_up', agent_id: agentId, began: 'closed', ended: expect.any(String) },
    ]);
    const messages = await stage.rows<{ text: string }>('select text from message where interaction_id = $1 order by off', [id]);
    expect(messages.map(({ text }) => text)).toEqual(['Hello, is anybody there?', 'Line 0', 'Line 1', 'Line 2', 'Line 3', 'Line 4']);
    const [detail] = await stage.rows('select name, note, rating_comment from interaction_detail where interaction_id = $1', [id]);
    expect(detail).toEqual({ name: 'Eva', note: 'Eva wants two', rating_comment: 'Quick' });
  });

  test('RTE-6 a missed offer shows as waiting, offered, waiting again, offered to the next', async () => {
    const { world } = stage;
    const queue = await world.addQueue({ mode: 'balanced' });
    const agents = [await world.addAgent({ queues: [queue] }), await world.addAgent({ queues: [queue] })];
    const { id } = await world.startChat(queue);
    const offered = async () => {
      for (const agentId of agents) {
        const [offer] = (await world.engine.views.agent(world.scope, agentId))?.offers ?? [];
        if (offer) return { agentId, token: offer.token };
      }
      throw new Error('no offer stands');
    };
    const first = await offered();
    await world.engine.router.declineOffer(world.scope, { interactionId: id, ...first });
    const second = await offered();
    await world.engine.router.acceptOffer(world.scope, { interactionId: id, ...second });
    await stage.caughtUp();
    const segments = await stage.rows('select kind, agent_id, ended from segment where interaction_id = $1 order by seq', [id]);
    expect(segments).toEqual([
      { kind: 'waiting', agent_id: null, ended: 'offered' },
      { kind: 'offered', agent_id: first.agentId, ended: 'declined' },
      { kind: 'waiting', agent_id: null, ended: 'offered' },
      { kind: 'offered', agent_id: second.agentId, ended: 'taken' },
      { kind: 'served', agent_id: second.agentId, ended: null },
    ]);
  });

  test('rule: facts hold ids only', async () => {
    await liveOnce();
    await stage.caughtUp();
    const [{ facts } = { facts: '' }] = await stage.rows<{ facts: string }>('select string_agg(body::text, $1) as facts from event', [
      '\n',
    ]);
    for (const personal of ['Eva', 'Anna', 'two', 'Quick', 'Line', 'anybody']) expect(facts).not.toContain(personal);
  });

  test('rule: replaying the whole log, with and without its position, in any batches, changes nothing', async () => {
    await liveOnce();
    await stage.caughtUp();
    const before = await everything();
    const { partition } = stage.world.scope;
    await another().apply(partition, stage.entries);
    expect(await everything()).toBe(before);
    await stage.rows('delete from reader_position where partition = $1', [partition]);
    for (let from = 0; from < stage.entries.length; from += 7) await another().apply(partition, stage.entries.slice(from, from + 7));
    expect(await everything()).toBe(before);
  });

  test('rule: a kill between the rows and the position leaves neither', async () => {
    await liveOnce();
    await stage.caughtUp();
    const last = stage.entries.at(-1) as LogEntry;
    const sent = stage.entries.findLast((entry) => entry.type === 'message.sent') as LogEntry;
    const body = { ...(JSON.parse(sent.body) as Record<string, unknown>), off: 900, text: 'said before the kill' };
    const entry = entryOf(last, { type: 'message.sent', body: JSON.stringify(body) });
    const before = await everything();
    // The commit itself fails: a deferred constraint trigger ends the transaction at its last step.
    await stage.rows(
      `create function fail_commit() returns trigger language plpgsql as $$ begin raise exception 'killed' using errcode = '57P01'; end $$`,
    );
    await stage.rows(
      'create constraint trigger fail_commit after insert or update on reader_position deferrable initially deferred for each row execute function fail_commit()',
    );
    await expect(another().apply(last.partition, [entry])).rejects.toThrow('killed');
    expect(await everything()).toBe(before);
    await stage.rows('drop trigger fail_commit on reader_position');
    await another().apply(last.partition, [entry]);
    expect(await stage.rows('select text from message where off = 900')).toEqual([{ text: 'said before the kill' }]);
    expect(await another().position(last.partition)).toBe(entry.id);
  });

  test('rule: two readers of one partition at once write everything once', async () => {
    const partition = 40;
    const id = newId('interaction');
    const all = Array.from(
      { length: 200 },
      (_, off): LogEntry => ({
        partition,
        id: `${Date.now()}-${off}`,
        version: LOG_VERSION,
        type: 'message.sent',
        at: Date.now(),
        accountId: stage.world.scope.accountId,
        feeds: [],
        body: JSON.stringify({ i: id, q: 'q', mid: `m${off}`, role: 'customer', by: 'c', n: 'Eva', vis: 'everyone', text: `${off}`, off }),
      }),
    );
    const readers = [another(), another()];
    for (let from = 0; from < all.length; from += 20) {
      await Promise.all(readers.map((reader, which) => reader.apply(partition, all.slice(Math.max(0, from - which * 10), from + 20))));
    }
    const [count] = await stage.rows('select count(*) as messages, count(distinct off) as offs from message where interaction_id = $1', [
      id,
    ]);
    expect(count).toEqual({ messages: 200, offs: 200 });
  });

  test('BEY-3 version v−1 is read; a newer one stops its partition after all before it, and is never skipped', async () => {
    await liveOnce();
    await stage.caughtUp();
    const partition = 41;
    const registry = new Registry();
    const sample = { ...(stage.entries[0] as LogEntry), partition };
    const older = entryOf(sample, { version: LOG_VERSION - 1 });
    const newer = entryOf(older, { version: LOG_VERSION + 1 });
    const after = entryOf(newer, {});
    const reader = another(registry);
    await expect(reader.apply(partition, [older, newer, after])).rejects.toThrow(NewerEntryError);
    expect(await reader.position(partition)).toBe(older.id);
    expect(await registry.metrics()).toContain('centralino_projector_stopped{partition="41"} 1');
    await expect(reader.apply(partition, [newer, after])).rejects.toThrow(NewerEntryError);
    expect(await reader.position(partition)).toBe(older.id);
    const unknownType = entryOf(older, { type: 'robot.arrived' as never });
    await expect(reader.apply(partition, [unknownType])).rejects.toThrow(NewerEntryError);
  });

  test('BEY-3 a partition that waits for a newer release does not hold up the others', async () => {
    const { engine } = stage.world;
    const { runner, prefix } = engine.core;
    await engine.config.place(newId('account'), 9);
    await runner.redis.xadd(
      `${prefix}{p9}:log`,
      '*',
      'v',
      String(LOG_VERSION + 1),
      't',
      'interaction.ended',
      'at',
      '1',
      'acc',
      'x',
      'f',
      '',
      'd',
      '{}',
    );
    await until(async () => (await stage.registry.metrics()).includes('centralino_projector_stopped{partition="9"} 1'), {
      what: 'partition 9 to stop',
    });
    for (let round = 0; round < 3; round++) {
      await stage.world.startChat(await stage.world.addQueue({ mode: 'manual' }));
      await stage.caughtUp();
    }
    expect(await stage.projector.position(9)).toBeUndefined();
  });

  test('rule: an entry that cannot be read, or that PostgreSQL refuses, is set aside whole, and the others go on', async () => {
    await liveOnce();
    await stage.caughtUp();
    const partition = 42;
    const registry = new Registry();
    const reader = another(registry);
    const id = newId('interaction');
    let place = 0;
    const message = (fields: Record<string, unknown>): LogEntry => ({
      partition,
      id: `${Date.now()}-${++place}`,
      version: LOG_VERSION,
      type: 'message.sent',
      at: Date.now(),
      accountId: stage.world.scope.accountId,
      feeds: [],
      body: JSON.stringify({
        i: id,
        q: 'q',
        mid: `m${place}`,
        role: 'customer',
        by: 'c',
        n: 'Eva',
        vis: 'everyone',
        text: `text ${place}`,
        off: place,
        ...fields,
      }),
    });
    const entries = [
      message({}),
      { ...message({}), body: '{"i":' },
      message({ off: 'five' }),
      message({ i: 'nonsense' }),
      message({ off: 3_000_000_000 }),
      message({ text: 'a\0b' }),
      message({}),
    ];
    await reader.apply(partition, entries);
    expect(await stage.rows('select text from message where interaction_id = $1 order by off', [id])).toEqual([
      { text: 'text 1' },
      { text: 'ab' },
      { text: 'text 7' },
    ]);
    const aside = await stage.rows<{ position: string; body: string }>(
      'select position, body from rejected_entry where partition = $1 order by position',
      [partition],
    );
    expect(aside).toEqual(entries.slice(1, 5).map((entry) => ({ position: entry.id, body: entry.body })));
    expect(await registry.metrics()).toContain('centralino_projector_rejected_total{type="message.sent"} 4');
    expect(await reader.position(partition)).toBe(entries.at(-1)?.id);
  });

  test('rule: a month that was dropped meanwhile is made again for a late entry', async () => {
    const partition = 43;
    const reader = another();
    const old = newId('interaction', Date.UTC(2025, 2, 3));
    const say = (off: number): LogEntry => ({
      partition,
      id: `${Date.now()}-${off}`,
      version: LOG_VERSION,
      type: 'message.sent',
      at: Date.now(),
      accountId: stage.world.scope.accountId,
      feeds: [],
      body: JSON.stringify({ i: old, q: 'q', mid: `m${off}`, role: 'customer', by: 'c', n: 'Eva', vis: 'everyone', text: 'x', off }),
    });
    await reader.apply(partition, [say(1)]);
    expect(await stage.rows(`select drop_history_before('2025-04-10')::text as month`)).toEqual([{ month: '2025-03-01' }]);
    await reader.apply(partition, [say(2)]);
    expect(await stage.rows('select off from message where interaction_id = $1', [old])).toEqual([{ off: 2 }]);
    expect(await stage.rows('select 1 from rejected_entry where partition = $1', [partition])).toEqual([]);
  });
});
