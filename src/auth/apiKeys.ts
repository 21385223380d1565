/**
 * ACC-8: API keys, `ck_<prefix>_<secret>`. The prefix finds the row and is shown in lists; of the secret only a hash is stored.
 * A finder belongs to one gateway and remembers an answer for a second at most. A key that was not right here lately is counted against the address
 * that shows it before PostgreSQL is asked, and no more when it is: so whoever invents keys costs no more reads than the limit.
 */
import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import type { Engine } from '../../queues/engine.ts';
import { countedAddress } from '../base/address.ts';
import { AppError } from '../base/errors.ts';
import type { AccountId } from '../base/ids.ts';
import type { Db } from '../db/database.ts';
import type { KeyPrincipal } from './can.ts';
import { hashToken, isSameHash, randomToken } from './secrets.ts';

const KEY_PATTERN = /^ck_([0-9a-f]{12})_[A-Za-z0-9_-]{43}$/;
const REMEMBER_MS = 1_000;
const REMEMBER_MAX = 1_000;
const LAST_USE_EVERY = sql<Date>`now() - interval '1 minute'`;

/** `text` is shown once; `prefix` and `hash` are stored. */
export function newApiKey(): { text: string; prefix: string; hash: Buffer } {
  const prefix = randomBytes(6).toString('hex');
  const text = `ck_${prefix}_${randomToken()}`;
  return { text, prefix, hash: hashToken(text) };
}

/** `ip`: who shows it. @throws AppError rate_limited, account_inactive, unavailable */
export type KeyFinder = (text: string, ip: string) => Promise<KeyPrincipal | undefined>;

export interface KeyFinderDeps {
  readonly db: Db;
  readonly engine: Pick<Engine, 'rates'>;
  /** By address. */
  readonly unknownKeysPerMin: number;
}

export function createKeyFinder({ db, engine, unknownKeysPerMin }: KeyFinderDeps, now: () => number = () => performance.now()): KeyFinder {
  // The longest unused first.
  const remembered = new Map<string, { principal: KeyPrincipal | undefined; until: number }>();
  /** On their way, by key and address: what comes meanwhile waits for the same answer, and counts once. */
  const reading = new Map<string, Promise<KeyPrincipal | undefined>>();

  /** A point of the address, taken before the answer is known so that many at once do not pass together. @return gives it back */
  async function countTry(ip: string): Promise<() => Promise<unknown>> {
    const count = (points: number) => engine.rates.take(`key:${countedAddress(ip)}`, unknownKeysPerMin, 60, points);
    const { isAllowed, retryAfterSec } = await count(1);
    if (!isAllowed) throw new AppError('rate_limited', { detail: 'Too many keys that nobody has.', retryAfterSec });
    return () => count(-1);
  }

  async function find(name: string, prefix: string, hash: Buffer, ip: string): Promise<KeyPrincipal | undefined> {
    const forgive = remembered.get(name)?.principal ? undefined : await countTry(ip);
    const until = now() + REMEMBER_MS;
    const principal = await readKey(db, prefix, hash);
    if (principal) await forgive?.();
    remembered.delete(name);
    remembered.set(name, { principal, until });
    for (const oldest of remembered.keys()) {
      if (remembered.size <= REMEMBER_MAX) break;
      remembered.delete(oldest);
    }
    return principal;
  }

  return async (text, ip) => {
    const prefix = KEY_PATTERN.exec(text)?.[1];
    if (!prefix) return undefined;
    const hash = hashToken(text);
    const name = hash.toString('base64url');
    const known = remembered.get(name);
    if (known && known.until > now()) return known.principal;
    const shown = `${name} ${ip}`;
    const standing = reading.get(shown);
    if (standing) return standing;
    const begun = find(name, prefix, hash, ip).finally(() => reading.delete(shown));
    reading.set(shown, begun);
    return begun;
  };
}

async function readKey(db: Db, prefix: string, hash: Buffer): Promise<KeyPrincipal | undefined> {
  const row = await db
    .selectFrom('api_key')
    .innerJoin('account', 'account.id', 'api_key.account_id')
    .select(['api_key.id', 'api_key.account_id', 'api_key.type', 'api_key.secret_hash', 'account.status'])
    .where('prefix', '=', prefix)
    .where('revoked_at', 'is', null)
    .executeTakeFirst();
  if (!row || !isSameHash(row.secret_hash, hash)) return undefined;
  if (row.status !== 'active') throw new AppError('account_inactive');
  await db
    .updateTable('api_key')
    .set({ last_used_at: sql`now()` })
    .where('id', '=', row.id)
    .where((eb) => eb.or([eb('last_used_at', 'is', null), eb('last_used_at', '<', LAST_USE_EVERY)]))
    .execute();
  return { kind: 'key', accountId: row.account_id as AccountId, keyId: row.id, type: row.type };
}
