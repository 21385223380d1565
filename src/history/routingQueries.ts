/** The past of an account's routing as PostgreSQL has it. One function per question, every one bound to the account. */
import { sql } from 'kysely';
import type { EventType } from '../../queues/events.ts';
import type { Db } from '../db/database.ts';
import { hasMonth, monthOfInteraction } from './position.ts';
import {
  AGENT_FACTS,
  AGENT_TYPES,
  type FactBody,
  type Moment,
  type RoutingFact,
  type RoutingPast,
  type VersionedDocs,
} from './routingFacts.ts';

interface Row {
  at: Date;
  entry_ms: number;
  entry_seq: number;
  type: string;
  body: Record<string, unknown>;
}

const toFact = (row: Row): RoutingFact => ({
  at: row.at.getTime(),
  place: { ms: row.entry_ms, seq: row.entry_seq },
  type: row.type as EventType,
  body: row.body as FactBody,
});

export function routingPast(db: Db, accountId: string): RoutingPast {
  const documents = new Map<string, Promise<unknown>>();
  return {
    ofInteraction: (id) => factsOfInteraction(db, accountId, id),
    ofAgent: (id, before) => factsOfAgent(db, accountId, id, before),
    stateOfAgent: (id, before) => latestState(db, accountId, id, before),
    async document(kind, id, before) {
      const version = kind === 'skill' ? undefined : await appliedVersion(db, accountId, kind, id, before);
      // The same few documents are asked for by every step of an explanation.
      const name = `${kind}:${id}:${version ?? before.at}`;
      let reading = documents.get(name);
      if (!reading) {
        reading = version === undefined ? documentByTime(db, accountId, kind, id, before) : documentOf(db, accountId, kind, id, version);
        documents.set(name, reading);
      }
      return (await reading) as VersionedDocs[typeof kind] | null | undefined;
    },
    lastDocument: async (kind, id, before) =>
      (await documentByTime(db, accountId, kind, id, before, true)) as VersionedDocs[typeof kind] | undefined,
  };
}

/** In the order of the log. */
async function factsOfInteraction(db: Db, accountId: string, id: string): Promise<RoutingFact[]> {
  if (!hasMonth(id)) return [];
  const rows = await db
    .selectFrom('event')
    .select(['at', 'entry_ms', 'entry_seq', 'type', 'body'])
    .where('interaction_id', '=', id)
    .where('account_id', '=', accountId)
    .where('month', '>=', monthOfInteraction(id))
    .orderBy('entry_ms')
    .orderBy('entry_seq')
    .execute();
  return rows.map(toFact);
}

function beforeIn(db: Db, accountId: string, { place }: Moment) {
  return db
    .selectFrom('event')
    .select(['at', 'entry_ms', 'entry_seq', 'type', 'body'])
    .where('account_id', '=', accountId)
    .where(sql<boolean>`(entry_ms, entry_seq) < (${place.ms}::bigint, ${place.seq}::bigint)`)
    .orderBy('entry_ms', 'desc')
    .orderBy('entry_seq', 'desc');
}

/** Latest first. */
async function factsOfAgent(db: Db, accountId: string, agentId: string, before: Moment): Promise<RoutingFact[]> {
  const rows = await beforeIn(db, accountId, before)
    .where(sql<boolean>`body->>'a' = ${agentId}`)
    .where('type', 'in', [...AGENT_TYPES])
    .limit(AGENT_FACTS)
    .execute();
  return rows.map(toFact);
}

async function latestState(db: Db, accountId: string, agentId: string, before: Moment): Promise<RoutingFact | undefined> {
  const row = await beforeIn(db, accountId, before)
    .where(sql<boolean>`body->>'a' = ${agentId}`)
    .where('type', '=', 'agent.changed')
    .limit(1)
    .executeTakeFirst();
  return row && toFact(row);
}

/** The version that scripts went by; undefined when history does not reach back to its coming. */
async function appliedVersion(db: Db, accountId: string, kind: string, id: string, before: Moment): Promise<number | undefined> {
  const row = await beforeIn(db, accountId, before)
    .where('type', '=', 'config.applied')
    .where(sql<boolean>`body->>'id' = ${id}`)
    .where(sql<boolean>`body->>'kind' = ${kind}`)
    .limit(1)
    .executeTakeFirst();
  return row ? Number(row.body['version']) : undefined;
}

async function documentOf(db: Db, accountId: string, kind: string, id: string, version: number): Promise<unknown> {
  const row = await db
    .selectFrom('config_past')
    .select('doc')
    .where('kind', '=', kind)
    .where('id', '=', id)
    .where('version', '=', version)
    .where('account_id', '=', accountId)
    .executeTakeFirst();
  return row?.doc;
}

/** `isThere`: passes over deletions. */
async function documentByTime(db: Db, accountId: string, kind: string, id: string, before: Moment, isThere = false): Promise<unknown> {
  const row = await db
    .selectFrom('config_past')
    .select('doc')
    .where('kind', '=', kind)
    .where('id', '=', id)
    .where('account_id', '=', accountId)
    .where('at', '<=', new Date(before.at))
    .$if(isThere, (query) => query.where('doc', 'is not', null))
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.doc;
}
