/** The command that founds an account, run as a person runs it. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Center, invitationToken } from './support/center.ts';

let center: Center;
const dataDir = mkdtempSync(join(tmpdir(), 'centralino-account-'));
beforeAll(async () => {
  center = await Center.start();
});
afterAll(async () => {
  await center.close();
  rmSync(dataDir, { recursive: true });
});

function run(words: string[], env: Record<string, string>): Promise<{ code: number; out: string; err: string }> {
  const file = join(import.meta.dirname, '../../src/supervisor/newAccount.ts');
  return new Promise((resolve) => {
    execFile(process.execPath, [file, ...words], { env: { PATH: process.env.PATH, DATA_DIR: dataDir, ...env } }, (error, out, err) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, out, err }),
    );
  });
}

const words = ['Acme S.p.A.', 'ada@acme.example', 'Ada Neri'];

test('ACC-4 an account is founded by a command whose link makes its first super-admin; the same e-mail is refused', async () => {
  const servers = { DATABASE_URL: center.databaseUrl, REDIS_URL: center.redis.url, PUBLIC_HOST: 'center.example' };
  const founded = await run(words, servers);
  expect(founded).toMatchObject({ code: 0, err: '' });
  const link = /http\S+/.exec(founded.out)?.[0] ?? '';
  expect(link).toMatch(/^http:\/\/center\.example:8080\/desk\/#\/invitation\/ci_/);
  const token = await center.accept(invitationToken(link));
  expect((await center.call('GET /api/v1/auth/me', { as: token })).body).toMatchObject({
    user: { name: 'Ada Neri', role: 'super_admin' },
    account: { name: 'Acme S.p.A.' },
  });
  expect(await run(words, servers)).toMatchObject({ code: 1, err: expect.stringContaining('exists already') });
});

test('ACC-4 wrong use, and no center to speak to, are said in one line', async () => {
  expect(await run(['Acme'], {})).toMatchObject({ code: 64, err: expect.stringMatching(/^usage: [^\n]+\n$/) });
  expect(await run(words, {})).toMatchObject({ code: 1, err: expect.stringMatching(/^No center has run [^\n]+\n$/) });
});
