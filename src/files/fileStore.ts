/**
 * The port behind which contents lie, each with a record of what it is. Records stand beside the contents, not in PostgreSQL, so that
 * files go on working while PostgreSQL is away. Implemented by `LocalFileStore`; another host's disk or an object store fits behind it.
 */
import type { AccountId, Id, InteractionId } from '../base/ids.ts';

export type FileId = Id<'file'>;

export interface FileRecord {
  readonly id: FileId;
  readonly accountId: AccountId;
  readonly interactionId: InteractionId;
  readonly contactId: string;
  readonly queueId: string;
  readonly name: string;
  /** What the content is, found by looking at it. */
  readonly type: string;
  readonly size: number;
  readonly sha256: string;
  readonly uploaderId: string;
  readonly createdAt: number;
  /** Visibilities of the messages it was sent in; empty: not sent, seen by its uploader alone. */
  readonly sentTo: readonly string[];
}

export interface FileStore {
  /** Resolves when content and record are on disk; a failure leaves neither. @throws AppError unavailable (disk full or not writable) */
  put(record: FileRecord, content: Uint8Array): Promise<void>;
  find(id: FileId): Promise<FileRecord | undefined>;
  /** Replaces the record as a whole, or not at all. @throws AppError unavailable */
  update(record: FileRecord): Promise<void>;
  /** Where the content can be read from; undefined when there is none. */
  open(id: FileId): Promise<{ readonly path: string; readonly size: number } | undefined>;
  /** Content and record; what is not there is fine. */
  remove(id: FileId): Promise<void>;
  /** Of all records, in no order. Clears what killed writers left behind. */
  ids(): AsyncIterable<FileId>;
}
