/**
 * The demo account of an empty database: chat queues with their groups, a voice queue with its number, two agents and their supervisor with SIP phones. Run by the worker role
 * when DEMO is on. Any number of processes may run it at once: one seeds, the others find it done. The sign-ins stand in DATA_DIR/demo.json,
 * written before the commit, so that no account exists whose passwords nobody has.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sql, type Transaction } from 'kysely';
import { hashPassword, readablePassword } from '../auth/password.ts';
import { newId } from '../base/ids.ts';
import type { Tables } from '../db/tables.ts';
import { newCredentials, newUsername, sealedHa1s } from '../phones/credentials.ts';
import { nextExtension } from '../phones/numbers.ts';
import { type CopiedEntry, type EntryKind, placeAndPublish, writeConfigEntry } from '../routing/configEntries.ts';
import { nameKey } from '../routing/nameKey.ts';
import { demoGroups, demoNumbers, demoOutbound, demoPeople, demoQueues, demoSkills } from './demoContent.ts';
import type { AccessDeps } from './deps.ts';
import { insertAccount } from './foundAccount.ts';

/** Any fixed number: names the lock under which the seeding runs. */
const LOCK = 7_236_846;

/** What `writeSignIns` tells the people who try it, and the tests. */
interface DemoPhone {
  readonly name: string;
  readonly username: string;
  readonly password: string;
}
interface SignIn {
  readonly email: string;
  readonly password: string;
  readonly role: string;
  /** Of the person's SIP phone. */
  readonly phone: DemoPhone;
}

/** Whether it was seeded now. Does nothing when there is an account of any kind. */
export async function seedDemo(
  { db, engine, log, secretKey }: Pick<AccessDeps, 'db' | 'engine' | 'log' | 'secretKey'>,
  dataDir: string,
): Promise<boolean> {
  const seeded = await db.transaction().execute(async (trx) => {
    await sql`select pg_advisory_xact_lock(${LOCK})`.execute(trx);
    const anyAccount = await trx.selectFrom('account').select('id').limit(1).executeTakeFirst();
    if (anyAccount) return undefined;
    const { accountId, partition } = await insertAccount(trx, 'Demo');
    await trx
      .updateTable('account')
      .set({ outbound: JSON.stringify(demoOutbound) })
      .where('id', '=', accountId)
      .execute();
    const touched: [EntryKind, string][] = [['account', accountId]];
    const queueIds = await insertQueues(trx, accountId, touched);
    await insertGroups(trx, accountId, queueIds, touched);
    await insertNumbers(trx, accountId, queueIds, touched);
    const skillIds = await insertSkills(trx, accountId);
    const signIns = await insertPeople(trx, accountId, { queueIds, skillIds, secretKey }, touched);
    const entries: CopiedEntry[] = [];
    for (const [kind, id] of touched) entries.push(await writeConfigEntry(trx, accountId, kind, id));
    writeSignIns(dataDir, signIns);
    return { accountId, partition, entries };
  });
  if (!seeded) return false;
  await placeAndPublish({ engine, log }, seeded, seeded.entries);
  log.info({ accountId: seeded.accountId }, 'demo.seeded');
  return true;
}

async function insertQueues(trx: Transaction<Tables>, accountId: string, touched: [EntryKind, string][]): Promise<Map<string, string>> {
  const ids = new Map<string, string>();
  for (const { outcomes, ...queue } of demoQueues) {
    const id = newId('queue');
    await trx
      .insertInto('queue')
      .values({ id, account_id: accountId, ...queue, outcomes: JSON.stringify(outcomes) })
      .execute();
    ids.set(queue.name, id);
    touched.push(['queue', id]);
  }
  return ids;
}

async function insertGroups(
  trx: Transaction<Tables>,
  accountId: string,
  queueIds: ReadonlyMap<string, string>,
  touched: [EntryKind, string][],
): Promise<void> {
  for (const { publicId, name, queue, texts, appearance, video } of demoGroups) {
    const id = newId('group');
    const row = { id, account_id: accountId, public_id: publicId, queue_id: queueIds.get(queue) ?? '', name };
    await trx
      .insertInto('chat_group')
      .values({ ...row, texts: JSON.stringify(texts), appearance: JSON.stringify(appearance), video: JSON.stringify(video) })
      .execute();
    touched.push(['group', id]);
  }
}

async function insertNumbers(
  trx: Transaction<Tables>,
  accountId: string,
  queueIds: ReadonlyMap<string, string>,
  touched: [EntryKind, string][],
): Promise<void> {
  for (const { number, label, queue } of demoNumbers) {
    const id = newId('number');
    await trx
      .insertInto('number')
      .values({ id, account_id: accountId, number, label, queue_id: queueIds.get(queue) ?? '' })
      .execute();
    touched.push(['number', id]);
  }
}

async function insertSkills(trx: Transaction<Tables>, accountId: string): Promise<Map<string, string>> {
  const ids = new Map<string, string>();
  for (const { name, description } of demoSkills) {
    const id = newId('skill');
    await trx
      .insertInto('skill')
      .values({ id, account_id: accountId, name, name_key: nameKey(name), description })
      .execute();
    ids.set(name, id);
  }
  return ids;
}

async function insertPeople(
  trx: Transaction<Tables>,
  accountId: string,
  {
    queueIds,
    skillIds,
    secretKey,
  }: { readonly queueIds: ReadonlyMap<string, string>; readonly skillIds: ReadonlyMap<string, string>; readonly secretKey: string },
  touched: [EntryKind, string][],
): Promise<SignIn[]> {
  const signIns: SignIn[] = [];
  for (const { email, name, role, about, serves, supervises, skills, interrupts, phone } of demoPeople) {
    const id = newId('user');
    const password = readablePassword();
    const row = { id, account_id: accountId, email, name, role, status: 'active' as const, interrupts: [...interrupts] };
    await trx
      .insertInto('app_user')
      .values({ ...row, password_hash: await hashPassword(password) })
      .execute();
    const memberships = [
      ...serves.map((queue) => ({ queue, role: 'agent' as const })),
      ...supervises.map((queue) => ({ queue, role: 'supervisor' as const })),
    ];
    for (const { queue, role } of memberships) {
      await trx
        .insertInto('queue_member')
        .values({ account_id: accountId, queue_id: queueIds.get(queue) ?? '', user_id: id, role })
        .execute();
    }
    for (const [skill, level] of Object.entries(skills)) {
      await trx
        .insertInto('agent_skill')
        .values({ account_id: accountId, user_id: id, skill_id: skillIds.get(skill) ?? '', level })
        .execute();
    }
    const phoneId = newId('phone');
    const credentials = newCredentials(newUsername(phone));
    const { username } = credentials;
    await trx
      .insertInto('phone')
      .values({
        id: phoneId,
        account_id: accountId,
        user_id: id,
        name: phone,
        type: 'sip',
        username,
        extension: await nextExtension(trx, accountId),
        ...sealedHa1s(secretKey, phoneId, credentials),
      })
      .execute();
    touched.push(['phone', phoneId], ['agent', id]);
    signIns.push({ email, password, role: about, phone: { name: phone, username, password: credentials.password } });
  }
  return signIns;
}

function writeSignIns(dataDir: string, signIns: readonly SignIn[]): void {
  const file = join(dataDir, 'demo.json');
  writeFileSync(`${file}.new`, `${JSON.stringify({ account: 'Demo', signIns, numbers: demoNumbers }, undefined, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
