/** Files on their way into one conversation. Checked here for what is certain (size), by the server for the rest; each failure stays visible until dismissed. */
import { signal } from '@preact/signals';
import { FILE_MAX_BYTES } from '../../protocol/limits.ts';
import { newKey } from '../socket/socketClient.ts';
import type { FileView } from '../socket/wire.ts';
import { HttpError, type RestHost, uploadFile } from './rest.ts';

export interface Upload {
  readonly id: string;
  readonly file: File;
  /** 0…1 */
  readonly part: number;
  /** Error code, when it failed. */
  readonly code?: string;
}

export class Uploads {
  readonly items = signal<readonly Upload[]>([]);
  readonly #host: RestHost;
  readonly #interaction: string;
  readonly #onDone: (file: FileView) => void;
  readonly #aborts = new Map<string, AbortController>();

  constructor(host: RestHost, interaction: string, onDone: (file: FileView) => void) {
    this.#host = host;
    this.#interaction = interaction;
    this.#onDone = onDone;
  }

  add(files: Iterable<File>): void {
    for (const file of files) {
      const code = file.size > FILE_MAX_BYTES ? 'too_large' : file.size === 0 ? 'empty' : undefined;
      const upload: Upload = { id: newKey(), file, part: 0, ...(code && { code }) };
      this.items.value = [...this.items.value, upload];
      if (!code) void this.#run(upload.id, file);
    }
  }

  retry(id: string): void {
    const upload = this.items.value.find((item) => item.id === id);
    if (!upload) return;
    const { code: _, ...rest } = upload;
    this.items.value = this.items.value.map((item) => (item.id === id ? { ...rest, part: 0 } : item));
    void this.#run(id, upload.file);
  }

  /** Cancels it, or takes a failed one away. */
  remove(id: string): void {
    this.#aborts.get(id)?.abort();
    this.items.value = this.items.value.filter((item) => item.id !== id);
  }

  async #run(id: string, file: File): Promise<void> {
    const abort = new AbortController();
    this.#aborts.set(id, abort);
    try {
      const view = await uploadFile(this.#host, this.#interaction, file, (part) => this.#change(id, { part }), abort.signal);
      this.remove(id);
      this.#onDone(view);
    } catch (error) {
      this.#change(id, { code: error instanceof HttpError ? error.code : 'internal' });
    } finally {
      this.#aborts.delete(id);
    }
  }

  #change(id: string, change: Partial<Upload>): void {
    this.items.value = this.items.value.map((item) => (item.id === id ? { ...item, ...change } : item));
  }
}

/** Whether trying the same file again may help. */
export const isRetryable = (code: string): boolean =>
  !['too_large', 'empty', 'file_type', 'unsupported_media', 'gone', 'forbidden'].includes(code);
