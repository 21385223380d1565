/** A trunk as the API shows and takes it; its password goes in and never comes out. */
import { isIP } from 'node:net';
import type { Selectable } from 'kysely';
import { z } from 'zod';
import { trunkDoc } from '../../queues/phones.ts';
import { displayName, seenVersion, time, version } from '../api/fields.ts';
import { AppError, type FieldError } from '../base/errors.ts';
import type { TrunkTable } from '../db/tables.ts';
import { registrationView } from './trunkRegistration.ts';

/** An address, or a CIDR prefix of at least 8 bits (IPv6: 16): a trunk is not the whole world. */
const source = z
  .string()
  .trim()
  .max(64)
  .refine((text) => {
    const [address = '', bits, ...rest] = text.split('/');
    const family = isIP(address);
    if (family === 0 || rest.length > 0) return false;
    if (bits === undefined) return true;
    const most = family === 4 ? 32 : 128;
    return /^\d{1,3}$/.test(bits) && Number(bits) >= (family === 4 ? 8 : 16) && Number(bits) <= most;
  }, 'an IP address, or a prefix such as 203.0.113.0/24');
const host = z
  .string()
  .trim()
  .max(255)
  .regex(/^([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|[0-9A-Fa-f:]+)?$/, 'a host name or an IP address');
const PROXY_FORM = 'a host name or an IP address, and a port after a colon';
const proxy = z
  .string()
  .trim()
  .max(262)
  .regex(/^((\[[0-9A-Fa-f:]+\]|[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?)(:[0-9]{1,5})?)?$/, PROXY_FORM)
  .refine((text) => {
    const port = Number(/:(\d+)$/.exec(text)?.[1] ?? 1);
    return port > 0 && port < 65_536;
  }, PROXY_FORM);

const settings = z.object({
  name: displayName,
  type: trunkDoc.shape.type.describe(
    'address: known by where it sends from; registers: signs in here like a phone; provider: we sign in there',
  ),
  sources: z.array(source).max(50).describe('Type address: where its calls come from'),
  host: host.describe('Where calls go out; empty for one that registers here, or that only brings calls'),
  port: trunkDoc.shape.port.describe('0: the usual one of the transport'),
  transport: trunkDoc.shape.transport,
  username: z.string().trim().max(64).describe('Type registers: made here when left out; type provider: what we sign in with'),
  outboundProxy: proxy.describe(
    'Where requests to the host go first, such as sbc.example.org:5070; empty: to the host itself. Not of type registers',
  ),
  authUsername: z.string().trim().max(64).describe('Type provider: the name that the password belongs to, where it is not the user name'),
  prefixes: trunkDoc.shape.prefixes.describe('Beginnings of numbers that may be called through it, with +; none: it takes no calls out'),
  callerId: z.string().trim().max(64).describe('The number that is shown to those who are called'),
  maxCalls: trunkDoc.shape.maxCalls.max(100_000).describe('At once; 0: none'),
  maxCallsPerMinute: trunkDoc.shape.maxCallsPerMinute.max(100_000).describe('New ones; 0: none'),
  maxMinutesPerDay: trunkDoc.shape.maxMinutesPerDay.max(10_000_000).describe('Talk out of the house a day (UTC); 0: no cap'),
  isActive: z.boolean(),
});
export type TrunkSettings = z.infer<typeof settings>;

const password = z.string().min(1).max(200).describe('Type provider: what we sign in with. Never shown again');
export const trunkBody = z
  .strictObject(settings.shape)
  .partial()
  .required({ name: true, type: true })
  .extend({ password: password.optional() });
export const trunkChange = z
  .strictObject(settings.shape)
  .omit({ type: true })
  .partial()
  .extend({ password: password.optional(), version: seenVersion });
export const trunkView = settings.extend({
  id: z.string(),
  hasPassword: z.boolean(),
  registration: registrationView.optional(),
  version,
  createdAt: time,
});
export type TrunkView = z.infer<typeof trunkView>;

const trunkDefaults = {
  sources: [],
  host: '',
  port: 0,
  transport: 'udp',
  username: '',
  outboundProxy: '',
  authUsername: '',
  prefixes: [],
  callerId: '',
  maxCalls: 30,
  maxCallsPerMinute: 60,
  maxMinutesPerDay: 1_000,
  isActive: true,
} satisfies Partial<TrunkSettings>;

type Given = { readonly [Name in keyof TrunkSettings]?: TrunkSettings[Name] | undefined };

/** What a new trunk gets where nothing is said. */
export function withTrunkDefaults(given: Given & Pick<TrunkSettings, 'name' | 'type'>): TrunkSettings {
  return changedTrunk({ ...trunkDefaults, name: given.name, type: given.type }, given);
}

export function changedTrunk(before: TrunkSettings, change: Given): TrunkSettings {
  return {
    ...before,
    ...(Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined)) as Partial<TrunkSettings>),
  };
}

export type TrunkRow = Selectable<TrunkTable>;

export function trunkSettings(row: TrunkRow): TrunkSettings {
  return {
    name: row.name,
    type: row.type,
    sources: row.sources,
    host: row.host,
    port: row.port,
    transport: row.transport,
    username: row.username,
    outboundProxy: row.outbound_proxy,
    authUsername: row.auth_username,
    prefixes: row.prefixes,
    callerId: row.caller_id,
    maxCalls: row.max_calls,
    maxCallsPerMinute: row.max_calls_per_minute,
    maxMinutesPerDay: row.max_minutes_per_day,
    isActive: row.is_active,
  };
}

export function toTrunkView(row: TrunkRow, registration: TrunkView['registration']): TrunkView {
  return {
    ...trunkSettings(row),
    id: row.id,
    hasPassword: row.sealed_secret !== '',
    ...(registration && { registration }),
    version: row.version,
    createdAt: row.created_at.getTime(),
  };
}

export function trunkColumns(trunk: TrunkSettings) {
  return {
    name: trunk.name,
    type: trunk.type,
    sources: trunk.sources,
    host: trunk.host,
    port: trunk.port,
    transport: trunk.transport,
    username: trunk.username,
    outbound_proxy: trunk.outboundProxy,
    auth_username: trunk.authUsername,
    prefixes: trunk.prefixes,
    caller_id: trunk.callerId,
    max_calls: trunk.maxCalls,
    max_calls_per_minute: trunk.maxCallsPerMinute,
    max_minutes_per_day: trunk.maxMinutesPerDay,
    is_active: trunk.isActive,
  };
}

/** What each type needs. @throws AppError invalid */
export function checkTrunk({ type, sources, host, username, prefixes, outboundProxy }: TrunkSettings, hasPassword: boolean): void {
  const fields: FieldError[] = [];
  const need = (path: string, message: string) => fields.push({ path, message });
  if (type === 'address' && sources.length === 0) need('sources', 'name at least one address that its calls come from');
  if (type === 'address' && (prefixes.length > 0 || outboundProxy !== '') && host === '') need('host', 'where calls out go');
  if (type === 'provider') {
    if (host === '') need('host', 'where we sign in');
    if (username === '') need('username', 'what we sign in with');
    if (!hasPassword) need('password', 'what we sign in with');
  }
  if (fields.length > 0) throw new AppError('invalid', { fields });
}
