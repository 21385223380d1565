/** Writing files so that a reader, and the next start, finds the whole content under the name or what stood there before. */
import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AppError } from '../base/errors.ts';

/** Uploads stop while there is less room than this: what is left belongs to conversations, in Redis and PostgreSQL on the same disk. */
export const LEFT_FREE_BYTES = 200_000_000;

/** Ends the names of files that are being written. */
export const TEMPORARY = '.tmp';

/** An upload under the name, or no change. @throws AppError no_room, unavailable */
export async function writeUpload(path: string, content: Uint8Array, leftFreeBytes = LEFT_FREE_BYTES): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    const { bavail, bsize } = await statfs(dirname(path));
    if (bavail * bsize - content.length < leftFreeBytes) throw new AppError('no_room');
    await writeWhole(path, content);
  } catch (error) {
    throw asRefusal(error);
  }
}

/** The whole content under the name, or no change. */
export async function writeWhole(path: string, content: Uint8Array | string): Promise<void> {
  const folder = dirname(path);
  const temporary = `${path}.${randomBytes(4).toString('hex')}${TEMPORARY}`;
  await mkdir(folder, { recursive: true });
  try {
    const handle = await open(temporary, 'wx', 0o600);
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
    await flushFolder(folder);
  } catch (error) {
    await orAbsent(rm(temporary, { force: true }));
    throw error;
  }
}

/** Makes the rename itself survive a power cut. */
async function flushFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** What is not there is undefined; every other failure stays one. */
export async function orAbsent<Value>(reading: Promise<Value>): Promise<Value | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

function errnoOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** What the caller is told when the disk refuses. */
export function asRefusal(error: unknown): unknown {
  const errno = errnoOf(error);
  if (/^E(NOSPC|DQUOT|FBIG)$/.test(errno)) return new AppError('no_room', { cause: error });
  if (/^E(ROFS|ACCES|PERM|IO|NFILE|MFILE|NOTDIR|EXIST)$/.test(errno))
    return new AppError('unavailable', { detail: 'Files cannot be stored at the moment.', cause: error });
  return error;
}
