/**
 * The tables as Kysely sees them; names are those of the `.sql` migrations. Times come as `Date`, int8 as number.
 * A `Generated` column may be left out of an insert.
 */
import type { ColumnType, Generated, JSONColumnType } from 'kysely';
import type { AgentDoc, ConfigDoc, GroupDoc, NumberType, OutboundRules, QueueDoc, QueueVoice } from '../../queues/config.ts';
import type { PhoneDoc, PhonesConfigDoc, TrunkDoc } from '../../queues/phones.ts';
import type { HistoryTables } from './historyTables.ts';

export interface AccountTable {
  id: string;
  /** Stands where the account is named in public, e.g. the embed snippet. */
  public_id: string;
  partition: number;
  legal_name: string;
  country: Generated<string>;
  city: Generated<string>;
  address: Generated<string>;
  postcode: Generated<string>;
  vat_number: Generated<string>;
  email: Generated<string>;
  legal_representative: Generated<string>;
  status: Generated<'active' | 'inactive'>;
  origins: Generated<string[]>;
  features: JSONColumnType<Record<string, boolean>, string | undefined, string>;
  /** What is left out has its default. */
  outbound: JSONColumnType<Partial<OutboundRules>, string | undefined, string>;
  /** ACC-5. */
  can_sign_in_anywhere: Generated<boolean>;
  /** The permission was on at some time: temporary sign-ins, which outlive it, may stand. */
  has_visits: Generated<boolean>;
  version: Generated<number>;
  created_at: Generated<Date>;
  updated_at: Generated<Date>;
}

export interface AppUserTable {
  id: string;
  account_id: string;
  /** Lower case; null once deleted. */
  email: string | null;
  name: string;
  role: 'super_admin' | 'admin' | 'member';
  status: Generated<'invited' | 'active' | 'inactive' | 'deleted'>;
  /** argon2id, or null until the invitation is accepted. */
  password_hash: Generated<string | null>;
  /** Sealed with SECRET_KEY. */
  totp_secret: Generated<string | null>;
  is_totp_enabled: Generated<boolean>;
  /** Last time step a code was accepted for: a code works once. */
  totp_last_step: Generated<number>;
  /** RTE-5: chats, calls and videos at once. */
  capacity: Generated<number>;
  voice_capacity: Generated<number>;
  video_capacity: Generated<number>;
  interrupts: Generated<AgentDoc['interrupts']>;
  /** VOX-6; null: what the account lets everybody. */
  outbound_types: Generated<NumberType[] | null>;
  /** Grows with every change of what the user may do. */
  rights_version: Generated<number>;
  version: Generated<number>;
  created_at: Generated<Date>;
  updated_at: Generated<Date>;
}

/** How a user is known elsewhere (single sign-on); the password is not one. */
export interface IdentityTable {
  provider: string;
  subject: string;
  user_id: string;
  created_at: Generated<Date>;
}

export interface RecoveryCodeTable {
  user_id: string;
  code_hash: Buffer;
  used_at: Generated<Date | null>;
}

export interface InvitationTable {
  id: string;
  account_id: string;
  user_id: string;
  token_hash: Buffer;
  created_by: string;
  created_at: Generated<Date>;
  expires_at: Date;
  used_at: Generated<Date | null>;
}

export interface QueueTable {
  id: string;
  account_id: string;
  name: string;
  is_active: Generated<boolean>;
  mode: Generated<QueueDoc['mode']>;
  is_auto_accepted: Generated<boolean>;
  offer_timeout_ms: Generated<number>;
  max_missed: Generated<number>;
  wrap_up_ms: Generated<number>;
  can_end_wrap_up: Generated<boolean>;
  can_extend_wrap_up: Generated<boolean>;
  reconnect_ms: Generated<number>;
  agent_lost_ms: Generated<number>;
  limit_per_agent: Generated<number>;
  priority: Generated<number>;
  weight_sec: Generated<number>;
  outcomes: JSONColumnType<QueueDoc['outcomes'], string | undefined, string>;
  is_outcome_required: Generated<boolean>;
  auto_close_ms: Generated<number>;
  auto_close_outcome: Generated<string>;
  rating: Generated<'none' | 'thumbs' | 'stars'>;
  channel: Generated<QueueDoc['channel']>;
  ring_max: Generated<number>;
  required: JSONColumnType<QueueDoc['required'], string | undefined, string>;
  preferred: JSONColumnType<QueueDoc['preferred'], string | undefined, string>;
  relaxation: JSONColumnType<QueueDoc['relaxation'], string | undefined, string>;
  sticky_wait_ms: Generated<number>;
  sticky_memory_ms: Generated<number>;
  recipe: JSONColumnType<QueueDoc['recipe'], string | undefined, string>;
  service_level_sec: Generated<number>;
  /** What is left out has its default. */
  voice: JSONColumnType<Partial<QueueVoice>, string | undefined, string>;
  version: Generated<number>;
  created_at: Generated<Date>;
  updated_at: Generated<Date>;
  deleted_at: Generated<Date | null>;
}

export interface QueueMemberTable {
  account_id: string;
  queue_id: string;
  user_id: string;
  role: 'agent' | 'supervisor';
  /** Place in the order of linear queues; null: last. */
  position: Generated<number | null>;
  created_at: Generated<Date>;
}

/** RTE-3: what agents can, account-wide. */
export interface SkillTable {
  id: string;
  account_id: string;
  name: string;
  /** The name without regard to case; unique in the account. */
  name_key: string;
  description: Generated<string>;
  version: Generated<number>;
  created_at: Generated<Date>;
  updated_at: Generated<Date>;
}

export interface AgentSkillTable {
  account_id: string;
  user_id: string;
  skill_id: string;
  /** 1 to 10. */
  level: number;
}

/** RTE-7. */
export interface PauseReasonTable {
  id: string;
  account_id: string;
  name: string;
  /** The name without regard to case; unique in the account. */
  name_key: string;
  is_enabled: Generated<boolean>;
  position: number;
  version: Generated<number>;
  created_at: Generated<Date>;
  updated_at: Generated<Date>;
}

export interface ChatGroupTable {
  id: string;
  account_id: string;
  public_id: string;
  queue_id: string;
  is_active: Generated<boolean>;
  name: string;
  primary_language: Generated<string>;
  texts: JSONColumnType<GroupDoc['texts'], string | undefined, string>;
  appearance: JSONColumnType<GroupDoc['appearance'], string | undefined, string>;
  /** What is not in it has its default. */
  video: JSONColumnType<Partial<GroupDoc['video']>, string | undefined, string>;
  version: Generated<number>;
  created_at: Generated<Date>;
  updated_at: Generated<Date>;
  deleted_at: Generated<Date | null>;
}

/** An uploaded WAV file, as it is played to phones. */
export interface SoundTable {
  id: string;
  account_id: string;
  name: string;
  duration_ms: number;
  version: Generated<number>;
  created_at: Generated<Date>;
  updated_at: Generated<Date>;
}

/** VOX-1. */
export interface NumberTable {
  id: string;
  account_id: string;
  number: string;
  label: Generated<string>;
  queue_id: string;
  is_active: Generated<boolean>;
  version: Generated<number>;
  created_at: Generated<Date>;
  updated_at: Generated<Date>;
}

/** A phone of an agent. */
export interface PhoneTable {
  id: string;
  account_id: string;
  user_id: string;
  name: string;
  type: PhoneDoc['type'];
  /** Null for external ones. */
  username: string | null;
  sealed_ha1: Generated<string>;
  sealed_ha1_sha256: Generated<string>;
  number: Generated<string>;
  /** Colleagues dial it; null: nobody can. */
  extension: string | null;
  is_active: Generated<boolean>;
  version: Generated<number>;
  created_at: Generated<Date>;
  updated_at: Generated<Date>;
}

export interface TrunkTable {
  id: string;
  account_id: string;
  name: string;
  type: TrunkDoc['type'];
  sources: Generated<string[]>;
  host: Generated<string>;
  port: Generated<number>;
  transport: Generated<TrunkDoc['transport']>;
  username: Generated<string>;
  outbound_proxy: Generated<string>;
  auth_username: Generated<string>;
  sealed_secret: Generated<string>;
  prefixes: Generated<string[]>;
  caller_id: Generated<string>;
  max_calls: Generated<number>;
  max_calls_per_minute: Generated<number>;
  max_minutes_per_day: Generated<number>;
  is_active: Generated<boolean>;
  version: Generated<number>;
  created_at: Generated<Date>;
  updated_at: Generated<Date>;
}

export interface ApiKeyTable {
  id: string;
  account_id: string;
  name: string;
  type: 'rest' | 'chatbot';
  /** Beginning of the key, shown in lists. */
  prefix: string;
  secret_hash: Buffer;
  created_by: string;
  created_at: Generated<Date>;
  revoked_at: Generated<Date | null>;
  last_used_at: Generated<Date | null>;
}

/** Append-only: a trigger refuses change and removal. */
export interface AuditLogTable {
  id: string;
  /** Null: a failed sign-in with an e-mail that nobody has. */
  account_id: string | null;
  at: Generated<Date>;
  actor_kind: 'user' | 'key' | 'visitor' | 'nobody' | 'system';
  actor_id: Generated<string>;
  actor_name: Generated<string>;
  action: string;
  target_kind: Generated<string>;
  target_id: Generated<string>;
  ip: Generated<string>;
  user_agent: Generated<string>;
  detail: JSONColumnType<Record<string, unknown>, string | undefined, never>;
}

/** The compiled copy for Redis, written in the transaction of the change. `doc` null: deleted. */
export interface ConfigEntryTable {
  kind: ConfigDoc['kind'] | PhonesConfigDoc['kind'];
  id: string;
  account_id: string;
  version: Generated<number>;
  doc: ColumnType<ConfigDoc | PhonesConfigDoc | null, string | null, string | null>;
}

/** Whose open sessions have yet to learn of a change; a row stands until Redis has it. */
export interface RightsChangeTable {
  user_id: string;
  account_id: string;
  /** End all sessions but `except_session`, whatever the user may do now. */
  is_revoking: boolean;
  except_session: string;
  reason: string;
  changed_at: Generated<Date>;
}

export interface ConfigTables {
  account: AccountTable;
  /** `user` is a reserved word in SQL. */
  app_user: AppUserTable;
  identity: IdentityTable;
  recovery_code: RecoveryCodeTable;
  invitation: InvitationTable;
  queue: QueueTable;
  queue_member: QueueMemberTable;
  skill: SkillTable;
  agent_skill: AgentSkillTable;
  pause_reason: PauseReasonTable;
  chat_group: ChatGroupTable;
  sound: SoundTable;
  number: NumberTable;
  phone: PhoneTable;
  trunk: TrunkTable;
  api_key: ApiKeyTable;
  audit_log: AuditLogTable;
  config_entry: ConfigEntryTable;
  rights_change: RightsChangeTable;
}

export type Tables = ConfigTables & HistoryTables;
