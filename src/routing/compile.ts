/** From rows to the documents that scripts and sockets read from Redis. Each returns null when nothing is to be read any more. */
import type { Selectable, Transaction } from 'kysely';
import {
  type AccountDoc,
  type AgentDoc,
  type ConfigDoc,
  type GroupDoc,
  outboundRules,
  type QueueDoc,
  queueVoice,
  videoDefaults,
} from '../../queues/config.ts';
import type { PhonesConfigDoc } from '../../queues/phones.ts';
import { assertNever } from '../base/errors.ts';
import type { ChatGroupTable, QueueTable, Tables } from '../db/tables.ts';
import { compileNumber, compilePhone, compileTrunk } from '../phones/compile.ts';

/** Every document that has a copy in Redis. */
export type CopiedDoc = ConfigDoc | PhonesConfigDoc;

/** Reads the row within the transaction that changed it. */
export function compile(trx: Transaction<Tables>, kind: CopiedDoc['kind'], id: string): Promise<CopiedDoc | null> {
  switch (kind) {
    case 'account':
      return compileAccount(trx, id);
    case 'queue':
      return compileQueue(trx, id);
    case 'agent':
      return compileAgent(trx, id);
    case 'group':
      return compileGroup(trx, id);
    case 'number':
      return compileNumber(trx, id);
    case 'phone':
      return compilePhone(trx, id);
    case 'trunk':
      return compileTrunk(trx, id);
    default:
      return assertNever(kind);
  }
}

async function compileAccount(trx: Transaction<Tables>, id: string): Promise<AccountDoc | null> {
  const row = await trx.selectFrom('account').selectAll().where('id', '=', id).executeTakeFirst();
  if (!row) return null;
  const pauseReasons = await trx
    .selectFrom('pause_reason')
    .select(['id', 'name'])
    .where('account_id', '=', id)
    .where('is_enabled', '=', true)
    .orderBy('position')
    .orderBy('id')
    .execute();
  return {
    kind: 'account',
    id,
    name: row.legal_name,
    isActive: row.status === 'active',
    origins: row.origins,
    canSignInAnywhere: row.can_sign_in_anywhere,
    hasVisits: row.has_visits,
    pauseReasons,
    outbound: outboundRules.parse(row.outbound),
  };
}

async function compileQueue(trx: Transaction<Tables>, id: string): Promise<QueueDoc | null> {
  const row = await trx.selectFrom('queue').selectAll().where('id', '=', id).where('deleted_at', 'is', null).executeTakeFirst();
  return row ? { kind: 'queue', id, accountId: row.account_id, name: row.name, ...queueSettings(row) } : null;
}

/**
 * A user is an agent while there is a queue to serve, or there may be one to sign in to (ACC-5): the document must not go while a
 * temporary sign-in stands, which is not known here, so where these were ever allowed every user keeps one.
 */
async function compileAgent(trx: Transaction<Tables>, id: string): Promise<AgentDoc | null> {
  const user = await trx
    .selectFrom('app_user')
    .innerJoin('account', 'account.id', 'app_user.account_id')
    .selectAll('app_user')
    .select('account.has_visits')
    .where('app_user.id', '=', id)
    .where('app_user.status', '!=', 'deleted')
    .executeTakeFirst();
  if (!user) return null;
  const served = await trx
    .selectFrom('queue_member')
    .select(['queue_id', 'position'])
    .where('user_id', '=', id)
    .where('role', '=', 'agent')
    .orderBy('queue_id')
    .execute();
  if (served.length === 0 && !user.has_visits) return null;
  const skills = await trx.selectFrom('agent_skill').select(['skill_id', 'level']).where('user_id', '=', id).orderBy('skill_id').execute();
  const phones = await trx.selectFrom('phone').select('type').where('user_id', '=', id).where('is_active', '=', true).execute();
  return {
    kind: 'agent',
    id,
    accountId: user.account_id,
    name: user.name,
    isActive: user.status === 'active',
    capacity: user.capacity,
    voiceCapacity: user.voice_capacity,
    videoCapacity: user.video_capacity,
    interrupts: user.interrupts,
    skills: Object.fromEntries(skills.map(({ skill_id: skill, level }) => [skill, level])),
    queues: served.map((member) => member.queue_id),
    // An outside number can be rung at any time.
    hasPhone: phones.length > 0 && phones.every(({ type }) => type === 'sip'),
    outboundTypes: user.outbound_types,
    order: Object.fromEntries(served.flatMap(({ queue_id: queue, position }) => (position === null ? [] : [[queue, position]]))),
  };
}

async function compileGroup(trx: Transaction<Tables>, id: string): Promise<GroupDoc | null> {
  const row = await trx.selectFrom('chat_group').selectAll().where('id', '=', id).where('deleted_at', 'is', null).executeTakeFirst();
  return row ? { kind: 'group', ...groupFields(row) } : null;
}

/** The settings of a queue as the API and the scripts name them. */
export function queueSettings(row: Selectable<QueueTable>): Omit<QueueDoc, 'kind' | 'id' | 'accountId' | 'name'> {
  return {
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
    channel: row.channel,
    ringMax: row.ring_max,
    required: row.required,
    preferred: row.preferred,
    relaxation: row.relaxation,
    stickyWaitMs: row.sticky_wait_ms,
    stickyMemoryMs: row.sticky_memory_ms,
    recipe: row.recipe,
    serviceLevelSec: row.service_level_sec,
    voice: queueVoice.parse(row.voice),
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
    video: withVideo(videoDefaults, row.video),
  };
}

type Given<Fields> = { readonly [Name in keyof Fields]?: Fields[Name] | undefined };
type VideoChange = Omit<Given<GroupDoc['video']>, 'agent' | 'client'> & {
  readonly [Side in 'agent' | 'client']?: Given<GroupDoc['video'][Side]> | undefined;
};

/** The rules with what is given in their stead. */
export function withVideo(before: GroupDoc['video'], change: VideoChange): GroupDoc['video'] {
  const agent = { ...before.agent, ...given(change.agent) };
  const client = { ...before.client, ...given(change.client) };
  return { ...before, ...given(change), agent, client };
}

const given = <Fields extends object>(fields: Fields | undefined): object =>
  Object.fromEntries(Object.entries(fields ?? {}).filter(([, value]) => value !== undefined));
