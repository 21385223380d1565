/**
 * Contents on the local disk: `<folder>/<last two of the id>/<id>` and `<id>.json` beside it. Created by gateway and worker over one folder.
 * Everything is written to a temporary name, flushed and renamed, the record last: what has a record is whole, whenever the process dies.
 */
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../base/errors.ts';
import { isId } from '../base/ids.ts';
import type { FileId, FileRecord, FileStore } from './fileStore.ts';
import { asRefusal, LEFT_FREE_BYTES, orAbsent, TEMPORARY, writeUpload, writeWhole } from './wholeFile.ts';

/** A writer needs seconds; what is older was left by one that died. */
const ABANDONED_MS = 60 * 60_000;
const RECORD = '.json';

export class LocalFileStore implements FileStore {
  readonly #folder: string;
  readonly #leftFreeBytes: number;

  /** `leftFreeBytes`: files are taken while the disk keeps at least so much. */
  constructor(folder: string, leftFreeBytes = LEFT_FREE_BYTES) {
    this.#folder = folder;
    this.#leftFreeBytes = leftFreeBytes;
  }

  async put(record: FileRecord, content: Uint8Array): Promise<void> {
    try {
      await writeUpload(this.#content(record.id), content, this.#leftFreeBytes);
      await writeWhole(this.#record(record.id), JSON.stringify(record));
    } catch (error) {
      await this.remove(record.id);
      throw asRefusal(error);
    }
  }

  async find(id: FileId): Promise<FileRecord | undefined> {
    const text = await orAbsent(readFile(this.#record(id), 'utf8'));
    return text === undefined ? undefined : (JSON.parse(text) as FileRecord);
  }

  async update(record: FileRecord): Promise<void> {
    await writeWhole(this.#record(record.id), JSON.stringify(record)).catch((error: unknown) => Promise.reject(asRefusal(error)));
  }

  async open(id: FileId): Promise<{ path: string; size: number } | undefined> {
    const path = this.#content(id);
    const found = await orAbsent(stat(path));
    return found && { path, size: found.size };
  }

  async remove(id: FileId): Promise<void> {
    await orAbsent(rm(this.#record(id), { force: true }));
    await orAbsent(rm(this.#content(id), { force: true }));
  }

  async *ids(): AsyncIterable<FileId> {
    for (const part of (await orAbsent(readdir(this.#folder))) ?? []) {
      const folder = join(this.#folder, part);
      const names = new Set((await orAbsent(readdir(folder))) ?? []);
      for (const name of names) {
        if (name.endsWith(RECORD)) {
          const id = name.slice(0, -RECORD.length);
          if (isId('file', id)) yield id;
        } else if (name.endsWith(TEMPORARY) || !names.has(name + RECORD)) {
          await removeAbandoned(join(folder, name));
        }
      }
    }
  }

  #content(id: FileId): string {
    if (!isId('file', id)) throw new AppError('not_found');
    return join(this.#folder, id.slice(-2), id);
  }

  #record(id: FileId): string {
    return this.#content(id) + RECORD;
  }
}

async function removeAbandoned(path: string): Promise<void> {
  const found = await orAbsent(stat(path));
  if (found && Date.now() - found.mtimeMs > ABANDONED_MS) await rm(path, { force: true });
}
