/** What a log line may hold: names and ids, never what people wrote (API-4). A process of its own, because the logger writes to standard output. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');

function logged(error: string): Record<string, unknown> {
  const script = `import { createLogger } from './src/base/log.ts';
    createLogger('test', 'info').error({ err: ${error}, userId: 'usr_1' }, 'it.failed');`;
  const args = ['--experimental-strip-types', '--input-type=module', '--eval', script];
  return JSON.parse(execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8' })) as Record<string, unknown>;
}

test('API-4 an error of a driver is logged without the data that it repeats', () => {
  const line = logged(`Object.assign(new Error('it was refused'), {
    code: '23505', table: 'app_user', detail: 'Key (email)=(eva@example.com) exists', where: 'eva@example.com',
    command: { name: 'evalsha', args: ['what Eva wrote'] }, cause: undefined })`);
  expect(JSON.stringify(line)).not.toContain('eva@example.com');
  expect(JSON.stringify(line)).not.toContain('what Eva wrote');
  expect(line).toMatchObject({
    part: 'test',
    userId: 'usr_1',
    msg: 'it.failed',
    err: { message: 'it was refused', code: '23505', table: 'app_user' },
  });
});

test('API-4 a reason that is a text is logged as it is', () => {
  expect(logged(`'the connection was lost'`)).toMatchObject({ err: 'the connection was lost' });
});
