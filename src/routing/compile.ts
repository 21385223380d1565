/** From rows to the documents that scripts and sockets read from Redis. Each returns null when nothing is to be read any more. */
import type { Selectable, Transaction } from 'kysely';
import {
  type AccountDoc,
  type AgentDoc,
  agentDefaults,
  type ConfigDoc,
  type ConfigKind,
  type GroupDoc,
  type QueueDoc,
  queueDefaults,
} from '../../queues/config.ts';
import { assertNever } from '../base/errors.ts';
import type { ChatGroupTable, QueueTable, Tables } from '../db/tables.ts';

/** Reads the row within the transaction that changed it. */
export function compile(trx: Transaction<Tables>, kind: ConfigKind, id: string): Promise<ConfigDoc | null> {
  switch (kind) {
    case 'account':
      return compileAccount(trx, id);
    case 'queue':
      return compileQueue(trx, id);
    case 'agent':
      return compileAgent(trx, id);
    case 'group':
      return compileGroup(trx, id);
    default:
      return assertNever(kind);
  }
}

async function compileAccount(trx: Transaction<Tables>, id: string): Promise<AccountDoc | null> {
  const row = await trx.selectFrom('account').select(['legal_name', 'status', 'origins']).where('id', '=', id).executeTakeFirst();
  return row
    ? {
        kind: 'account',
        id,
        name: row.legal_name,
        isActive: row.status === 'active',
        origins: row.origins,
        canSignInAnywhere: false,
        pauseReasons: [],
      }
    : null;
}

async function compileQueue(trx: Transaction<Tables>, id: string): Promise<QueueDoc | null> {
  const row = await trx.selectFrom('queue').selectAll().where('id', '=', id).where('deleted_at', 'is', null).executeTakeFirst();
  return row ? { kind: 'queue', id, accountId: row.account_id, name: row.name, ...queueSettings(row) } : null;
}

/** A user is an agent while there is a queue to serve. */
async function compileAgent(trx: Transaction<Tables>, id: string): Promise<AgentDoc | null> {
  const user = await trx
    .selectFrom('app_user')
    .select(['account_id', 'name', 'status', 'capacity'])
    .where('id', '=', id)
    .where('status', '!=', 'deleted')
    .executeTakeFirst();
  if (!user) return null;
  const served = await trx
    .selectFrom('queue_member')
    .select('queue_id')
    .where('user_id', '=', id)
    .where('role', '=', 'agent')
    .orderBy('queue_id')
    .execute();
  if (served.length === 0) return null;
  const queues = served.map((member) => member.queue_id);
  return {
    kind: 'agent',
    ...agentDefaults,
    id,
    accountId: user.account_id,
    name: user.name,
    isActive: user.status === 'active',
    capacity: user.capacity,
    queues,
  };
}

async function compileGroup(trx: Transaction<Tables>, id: string): Promise<GroupDoc | null> {
  const row = await trx.selectFrom('chat_group').selectAll().where('id', '=', id).where('deleted_at', 'is', null).executeTakeFirst();
  return row ? { kind: 'group', ...groupFields(row) } : null;
}

/** The settings of a queue as the API and the scripts name them. */
export function queueSettings(row: Selectable<QueueTable>): Omit<QueueDoc, 'kind' | 'id' | 'accountId' | 'name'> {
  return {
    ...queueDefaults,
    isActive: row.is_active,
    mode: row.mode,
    isAutoAccepted: row.is_auto_accepted,
    offerTimeoutMs: row.offer_timeout_ms,
    maxMissed: row.max_missed,
    wrapUpMs: row.wrap_up_ms,
    canEndWrapUp: row.can_end_wrap_up,
    canExtendWrapUp: row.can_extend_wrap_up,
    reconnectMs: row.reconnect_ms,
    agentLostMs: row.agent_lost_ms,
    limitPerAgent: row.limit_per_agent,
    priority: row.priority,
    weightSec: row.weight_sec,
    outcomes: row.outcomes,
    isOutcomeRequired: row.is_outcome_required,
    autoCloseMs: row.auto_close_ms,
    autoCloseOutcome: row.auto_close_outcome,
    rating: row.rating,
  };
}

export function groupFields(row: Selectable<ChatGroupTable>): Omit<GroupDoc, 'kind'> {
  return {
    id: row.id,
    accountId: row.account_id,
    publicId: row.public_id,
    queueId: row.queue_id,
    isActive: row.is_active,
    name: row.name,
    primaryLanguage: row.primary_language,
    texts: row.texts,
    appearance: row.appearance,
  };
}
