/** Writing files so that a reader, and the next start, finds the whole content under the name or what stood there before. */
import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AppError } from '../base/errors.ts';

/** Ends the names of files that are being written. */
export const TEMPORARY = '.tmp';

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

export function asUnavailable(error: unknown): unknown {
  const errno = errnoOf(error);
  if (/^E(NOSPC|DQUOT|FBIG)$/.test(errno))
    return new AppError('unavailable', { detail: 'There is no room left for files on the server.', cause: error });
  if (/^E(ROFS|ACCES|PERM|IO|NFILE|MFILE|NOTDIR|EXIST)$/.test(errno))
    return new AppError('unavailable', { detail: 'Files cannot be stored at the moment.', cause: error });
  return error;
}
