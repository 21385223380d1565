/**
 * Files of conversations: taken in, handed to a message, given out, cleared. Created once per gateway (routes, `chat.send`) and per worker
 * (clearing). Nothing here needs PostgreSQL for a conversation that still stands in Redis.
 */
import { createHash } from 'node:crypto';
import type { Engine, Scope } from '../../queues/engine.ts';
import { AppError } from '../base/errors.ts';
import { type InteractionId, newId } from '../base/ids.ts';
import type { FileView } from '../protocol/views.ts';
import type { FileId, FileRecord, FileStore } from './fileStore.ts';
import { safeName, typeOf } from './fileTypes.ts';

/** Per conversation and day, over all who take part. */
const FILES_PER_INTERACTION = 60;
const KILOBYTES_PER_INTERACTION = 100 * 1024;
const DAY_SEC = 86_400;

export interface LibraryDeps {
  readonly store: FileStore;
  readonly engine: Pick<Engine, 'rates'>;
}

export interface NewFile {
  readonly interaction: { readonly id: InteractionId; readonly queueId: string; readonly contactId: string };
  readonly uploaderId: string;
  /** As the sender calls it, not yet made safe. */
  readonly name: string;
  /** Content type as the sender says. */
  readonly declared: string;
  readonly content: Uint8Array;
}

export class FileLibrary {
  readonly store: FileStore;
  readonly #rates: Engine['rates'];

  constructor({ store, engine }: LibraryDeps) {
    this.store = store;
    this.#rates = engine.rates;
  }

  /** Takes a file in; nobody but the uploader sees it until it is sent. @throws AppError file_type, rate_limited, no_room, unavailable */
  async add(scope: Scope, file: NewFile): Promise<FileRecord> {
    const { interaction, content } = file;
    if (content.length === 0) throw new AppError('bad_request', { detail: 'The file is empty.' });
    const type = await typeOf(content, file.declared, file.name);
    await this.#limit(interaction.id, content.length);
    const record: FileRecord = {
      id: newId('file'),
      accountId: scope.accountId,
      interactionId: interaction.id,
      contactId: interaction.contactId,
      queueId: interaction.queueId,
      name: safeName(file.name, type),
      type,
      size: content.length,
      sha256: createHash('sha256').update(content).digest('hex'),
      uploaderId: file.uploaderId,
      createdAt: Date.now(),
      sentTo: [],
    };
    await this.store.put(record, content);
    return record;
  }

  /**
   * What a message says of the file. Marks it as sent to that visibility first, so that a sent file is never cleared and the receivers may
   * open it as soon as they see the message. @throws AppError not_found when it is not the sender's or not of this conversation
   */
  async attach(scope: Scope, file: { id: FileId; interactionId: InteractionId; senderId: string; visibility: string }): Promise<FileView> {
    const record = await this.store.find(file.id);
    const isTheirs =
      record?.accountId === scope.accountId && record.interactionId === file.interactionId && record.uploaderId === file.senderId;
    const refusal = new AppError('not_found', { detail: 'There is no such file of yours in this conversation.' });
    if (!record || !isTheirs) throw refusal;
    if (!record.sentTo.includes(file.visibility)) await this.store.update({ ...record, sentTo: [...record.sentTo, file.visibility] });
    // Cleared as never sent at this very moment.
    if (!(await this.store.open(record.id))) throw refusal;
    return { id: record.id, name: record.name, type: record.type, size: record.size };
  }

  async #limit(interactionId: string, bytes: number): Promise<void> {
    const count = await this.#rates.take(`files:${interactionId}`, FILES_PER_INTERACTION, DAY_SEC);
    const volume = await this.#rates.take(`files.kb:${interactionId}`, KILOBYTES_PER_INTERACTION, DAY_SEC, Math.ceil(bytes / 1024));
    if (count.isAllowed && volume.isAllowed) return;
    throw new AppError('rate_limited', {
      detail: `A conversation takes ${FILES_PER_INTERACTION} files and ${KILOBYTES_PER_INTERACTION / 1024} MB a day.`,
      retryAfterSec: Math.max(count.retryAfterSec, volume.retryAfterSec),
    });
  }
}
