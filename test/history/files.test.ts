/** CHT-18 files: taken in by what they are, given only to those who take part, whatever the sender says. */
import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Principal } from '../../src/auth/can.ts';
import { type AccountId, type ContactId, type InteractionId, newId, type QueueId, type UserId } from '../../src/base/ids.ts';
import { recordFiles, removeOrphans } from '../../src/files/clearing.ts';
import { safeName, typeOf } from '../../src/files/fileTypes.ts';
import { type FileId, FileLibrary, type FileRecord, fileRoutes, LocalFileStore } from '../../src/files/index.ts';
import { testLog } from '../support/engines.ts';
import { admin, agent, callRoute, refusal, restKey, supervisor, visitor } from './calling.ts';
import { type Projected, startProjected } from './projected.ts';

/** One pixel. */
const PNG = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');
const PDF = Buffer.from('%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n');
const EXE = Buffer.concat([Buffer.from('MZ'), Buffer.alloc(200)]);
const HTML = Buffer.from('<!doctype html><script>alert(1)</script>');

let stage: Projected;
let folder: string;
let store: LocalFileStore;
let library: FileLibrary;
let queue: QueueId;
let chat: { id: InteractionId; contactId: ContactId };
let agentId: UserId;

beforeAll(async () => {
  stage = await startProjected();
  folder = mkdtempSync(join(tmpdir(), 'centralino-files-'));
  store = new LocalFileStore(folder);
  library = new FileLibrary({ store, engine: stage.world.engine });
  queue = await stage.world.addQueue({ mode: 'manual' });
  agentId = await stage.world.addAgent({ queues: [queue], name: 'Anna' });
  chat = await stage.world.startChat(queue);
  await stage.world.engine.router.claimInteraction(stage.world.scope, { interactionId: chat.id, agentId, key: 'claim-000001' });
});
afterAll(async () => {
  await stage.close();
  rmSync(folder, { recursive: true, force: true });
});

const account = (): AccountId => stage.world.scope.accountId;
const eva = () => visitor(account(), chat.contactId);
const routes = () => fileRoutes({ engine: stage.world.engine, db: stage.database.kysely, library });

function put(who: Principal, bytes: Buffer, type: string, name: string, interaction: string = chat.id) {
  return callRoute(routes(), who, 'POST /api/v1/files', {
    bytes,
    headers: { 'content-type': type, 'x-file-name': encodeURIComponent(name), 'x-interaction': interaction },
  });
}
const get = (who: Principal, id: string) => callRoute(routes(), who, `GET /api/v1/files/${id}`);
const idOf = (response: { body?: unknown }): FileId => (response.body as { id: FileId }).id;
const attach = (id: FileId, visibility: string, senderId: string) =>
  library.attach(stage.world.scope, { id, interactionId: chat.id, senderId, visibility });
/** Everything under the folder, without the subfolders' names. */
const onDisk = (): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name);

describe('taking in', () => {
  test('CHT-18 a picture is kept whole, under a safe name, with its checksum beside it', async () => {
    const response = await put(eva(), PNG, 'image/png', '../../etc/sho\u202egnp\r\n"t.png');
    expect(response).toMatchObject({ status: 201, body: { type: 'image/png', size: PNG.length, name: 'shognpt.png' } });
    const record = (await store.find(idOf(response))) as FileRecord;
    expect(record).toMatchObject({ accountId: account(), interactionId: chat.id, uploaderId: chat.contactId, sentTo: [] });
    const content = await store.open(record.id);
    expect(readFileSync(content?.path ?? '').equals(PNG)).toBe(true);
  });

  test.each([
    ['a program called a picture', EXE, 'image/png', 'me.png'],
    ['a page called a text', Buffer.concat([HTML, Buffer.from([0])]), 'text/plain', 'me.txt'],
    ['a picture called a document', PNG, 'application/pdf', 'bill.pdf'],
    ['a document whose name says picture', PDF, 'application/pdf', 'bill.png'],
    ['a page', HTML, 'text/html', 'page.html'],
    [
      'a drawing that can run scripts',
      Buffer.from('<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>'),
      'image/svg+xml',
      'a.svg',
    ],
    ['bytes of no kind', Buffer.from([1, 2, 3, 255, 0]), 'application/octet-stream', 'thing.bin'],
    ['text that is not UTF-8', Buffer.from([0x61, 0xff, 0xfe, 0x62]), 'text/plain', 'a.txt'],
  ])('CHT-18 refused: %s, and nothing of it stays', async (_, bytes, type, name) => {
    const before = onDisk();
    expect(await refusal(put(eva(), bytes, type, name))).toBe('file_type');
    expect(onDisk()).toEqual(before);
  });

  test('CHT-18 kinds are told apart by content; a sender that does not know leaves it to the name', async () => {
    expect(await typeOf(PDF, '', 'bill.PDF')).toBe('application/pdf');
    expect(await typeOf(Buffer.from('a;b\nc;d\n'), 'text/csv; charset=utf-8', 'list.csv')).toBe('text/csv');
    expect(await typeOf(Buffer.from('ciao, perché no?'), 'application/octet-stream', 'note.txt')).toBe('text/plain');
    const word = Buffer.concat([Buffer.from('d0cf11e0a1b11ae1', 'hex'), Buffer.alloc(2_000)]);
    expect(await typeOf(word, 'application/vnd.ms-excel', 'old.xls')).toBe('application/vnd.ms-excel');
  });

  test('CHT-18 names lose folders, control characters and length, not their extension', () => {
    expect(safeName('C:\\temp\\photo.JPG', 'image/jpeg')).toBe('photo.jpg');
    expect(safeName('...', 'image/png')).toBe('file.png');
    expect(safeName(`${'è'.repeat(500)}.pdf`, 'application/pdf')).toMatch(/^è{116}\.pdf$/);
    expect(safeName('', 'text/plain')).toBe('file.txt');
  });

  test('CHT-18 only who takes part may upload, only while it runs, and only so much', async () => {
    const stranger = visitor(account(), newId('contact'));
    const otherAccount = visitor(newId('account'), chat.contactId);
    expect(await refusal(put(stranger, PNG, 'image/png', 'a.png'))).toBe('not_found');
    expect(await refusal(put(otherAccount, PNG, 'image/png', 'a.png'))).toBe('not_found');
    expect(await refusal(put(agent(account(), newId('user'), [newId('queue')]), PNG, 'image/png', 'a.png'))).toBe('not_found');
    expect(await refusal(put({ kind: 'nobody' }, PNG, 'image/png', 'a.png'))).toBe('unauthenticated');
    expect(await refusal(put(eva(), PNG, 'image/png', 'a.png', 'int_nothing'))).toBe('bad_request');
    expect(await refusal(put(eva(), Buffer.alloc(0), 'image/png', 'a.png'))).toBe('bad_request');

    const over = await stage.world.startChat(queue);
    await stage.world.engine.router.claimInteraction(stage.world.scope, { interactionId: over.id, agentId, key: 'claim-000002' });
    const many = visitor(account(), over.contactId);
    const outcomes = await Promise.all(Array.from({ length: 61 }, () => refusal(put(many, PNG, 'image/png', 'a.png', over.id))));
    expect(outcomes.filter((code) => code === 'rate_limited')).toHaveLength(1);
    await stage.world.engine.router.endInteraction(stage.world.scope, {
      interactionId: over.id,
      by: 'client',
      memberId: over.contactId,
      isSupervisor: false,
    });
    expect(await refusal(put(many, PNG, 'image/png', 'a.png', over.id))).toBe('gone');
  });

  test('rule: a disk that fills up while writing gives no_room, and leaves nothing half', async () => {
    // A process that may write 64 KB into one file meets the same refusal in the middle of a write as one whose disk is full.
    const code = `
      import { LocalFileStore } from ${JSON.stringify(join(import.meta.dirname, '../../src/files/localFileStore.ts'))};
      const put = new LocalFileStore(process.argv[1]).put({ id: process.argv[2] }, Buffer.alloc(200_000));
      console.log(JSON.stringify(await put.then(() => 'stored', ({ code, message }) => ({ code, message }))));`;
    const before = onDisk();
    const run = spawnSync(
      'bash',
      ['-c', 'ulimit -f 64; exec "$@"', 'bash', process.execPath, '--input-type=module', '-e', code, folder, newId('file')],
      { encoding: 'utf8' },
    );
    expect(JSON.parse(run.stdout)).toEqual({ code: 'no_room', message: expect.stringContaining('no room left for files') });
    expect(onDisk()).toEqual(before);
  });

  test('rule: files are refused before the disk is full, and what was sent stays open to all', async () => {
    const id = idOf(await put(eva(), PNG, 'image/png', 'before.png'));
    const nearlyFull = new FileLibrary({ store: new LocalFileStore(folder, Number.MAX_SAFE_INTEGER), engine: stage.world.engine });
    const before = onDisk();
    const file = { interaction: { id: chat.id, queueId: queue, contactId: chat.contactId }, uploaderId: chat.contactId };
    const late = nearlyFull.add(stage.world.scope, { ...file, name: 'late.png', declared: 'image/png', content: PNG });
    expect(await refusal(late)).toBe('no_room');
    expect(onDisk()).toEqual(before);
    const own = { id, interactionId: chat.id, senderId: chat.contactId, visibility: 'everyone' };
    expect(await nearlyFull.attach(stage.world.scope, own)).toMatchObject({ name: 'before.png' });
  });

  test('rule: a folder that cannot be written gives unavailable', async () => {
    const blocked = join(folder, 'blocked');
    writeFileSync(blocked, 'a file where a folder belongs');
    expect(await refusal(new LocalFileStore(blocked).put({ id: newId('file') } as FileRecord, PNG))).toBe('unavailable');
    rmSync(blocked);
  });
});

describe('giving out', () => {
  test('CHT-18 before it is sent only the uploader sees it; then those the message is for', async () => {
    const id = idOf(await put(eva(), PNG, 'image/png', 'cat.png'));
    expect((await get(eva(), id)).status).toBe(200);
    const anna = agent(account(), agentId, [queue]);
    expect(await refusal(get(anna, id))).toBe('not_found');
    await attach(id, 'everyone', chat.contactId);
    const response = await get(anna, id);
    expect(response).toMatchObject({ status: 200, file: { size: PNG.length } });
    expect(response.headers).toMatchObject({
      'content-type': 'image/png',
      'content-disposition': `inline; filename="cat.png"; filename*=UTF-8''cat.png`,
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; sandbox",
    });
    for (const reader of [supervisor(account(), [queue]), admin(account()), restKey(account())])
      expect((await get(reader, id)).status).toBe(200);
  });

  test('CHT-18 other accounts, other visitors and agents of other queues find nothing', async () => {
    const id = idOf(await put(eva(), PDF, 'application/pdf', 'bill.pdf'));
    await attach(id, 'everyone', chat.contactId);
    const elsewhere = await stage.world.startChat(queue);
    const other = newId('account');
    for (const reader of [
      visitor(account(), elsewhere.contactId),
      visitor(other, chat.contactId),
      agent(other, agentId, [queue]),
      admin(other),
      agent(account(), newId('user'), [newId('queue')]),
    ]) {
      expect(await refusal(get(reader, id))).toBe('not_found');
    }
    expect(await refusal(get({ kind: 'nobody' }, id))).toBe('unauthenticated');
    expect(await refusal(get(eva(), '..'))).toBe('not_found');
  });

  test('CHT-18 a file shown to staff never reaches the visitor; everything but plain images is saved, not opened', async () => {
    const anna = agent(account(), agentId, [queue]);
    const id = idOf(await put(anna, PDF, 'application/pdf', 'così.pdf'));
    await attach(id, 'staff', agentId);
    expect(await refusal(get(eva(), id))).toBe('not_found');
    const response = await get(supervisor(account(), [queue]), id);
    expect(response.headers?.['content-disposition']).toBe(`attachment; filename="cos_.pdf"; filename*=UTF-8''cos%C3%AC.pdf`);
  });

  test('CHT-18 nobody sends a file that is not the own, or of another conversation', async () => {
    const id = idOf(await put(eva(), PNG, 'image/png', 'a.png'));
    const elsewhere = await stage.world.startChat(queue);
    expect(await refusal(attach(id, 'everyone', agentId))).toBe('not_found');
    expect(
      await refusal(
        library.attach(stage.world.scope, { id, interactionId: elsewhere.id, senderId: chat.contactId, visibility: 'everyone' }),
      ),
    ).toBe('not_found');
    expect(
      await refusal(
        library.attach(
          { ...stage.world.scope, accountId: newId('account') },
          { id, interactionId: chat.id, senderId: chat.contactId, visibility: 'everyone' },
        ),
      ),
    ).toBe('not_found');
    expect(await refusal(attach(newId('file'), 'everyone', chat.contactId))).toBe('not_found');
  });
});

describe('clearing', () => {
  test('CHT-18 a sent file reaches PostgreSQL with its checksum; one never sent leaves after a day, one sent stays', async () => {
    const sent = idOf(await put(eva(), PNG, 'image/png', 'sent.png'));
    const view = await attach(sent, 'everyone', chat.contactId);
    const from = { role: 'customer', id: chat.contactId, name: 'Eva' } as const;
    await stage.world.engine.router.sendMessage(stage.world.scope, {
      interactionId: chat.id,
      mid: 'with-file-01',
      from,
      visibility: 'everyone',
      file: view,
      isClaim: false,
    });
    const dropped = idOf(await put(eva(), PNG, 'image/png', 'dropped.png'));
    await stage.caughtUp();
    await recordFiles({ db: stage.database.kysely, store, log: testLog });
    const { sha256 } = (await store.find(sent)) as FileRecord;
    expect(await stage.rows('select interaction_id, name, type, size, sha256, uploader_id from file where id = $1', [sent])).toEqual([
      { interaction_id: chat.id, name: 'sent.png', type: 'image/png', size: PNG.length, sha256, uploader_id: chat.contactId },
    ]);
    const hour = 3_600_000;
    await removeOrphans({ store, log: testLog }, Date.now() + 23 * hour);
    expect(await store.find(dropped)).toBeDefined();
    expect(await removeOrphans({ store, log: testLog }, Date.now() + 25 * hour)).toBeGreaterThan(0);
    expect(await store.find(dropped)).toBeUndefined();
    expect(await store.open(dropped)).toBeUndefined();
    expect(await store.find(sent)).toBeDefined();
  });

  test('rule: what a killed writer left is removed, what is being written is not', async () => {
    const content = (await store.open(idOf(await put(eva(), PNG, 'image/png', 'a.png'))))?.path ?? '';
    const [old, young] = [`${content}.dead.tmp`, `${content}.live.tmp`];
    for (const path of [old, young]) appendFileSync(path, 'half');
    utimesSync(old, new Date(0), new Date(0));
    await removeOrphans({ store, log: testLog });
    expect(onDisk().filter((name) => name.endsWith('.tmp'))).toEqual([young.split('/').at(-1)]);
    rmSync(young);
  });
});
