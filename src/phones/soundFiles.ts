/**
 * Uploaded music and announcements on disk, in the one form that phone media plays: `DATA_DIR/sounds/<account>/<id>.wav`, 16-bit 8 kHz mono. Created by the
 * gateway; processes of phone media read them, so on several hosts the folder is shared.
 */
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { SOUNDS_FOLDER } from '../../sip/rtp/sounds.ts';
import { convertSound, SoundError, writeWav8k } from '../../sip/rtp/wav.ts';
import { AppError } from '../base/errors.ts';
import { orAbsent, writeUpload } from '../files/wholeFile.ts';

export class SoundFiles {
  readonly #folder: string;

  constructor(dataDir: string) {
    this.#folder = join(dataDir, SOUNDS_FOLDER);
  }

  /** Converts and stores. @returns how long it lasts @throws AppError file_type (and why), no_room, unavailable */
  async put(accountId: string, id: string, upload: Buffer): Promise<{ durationMs: number }> {
    const { pcm8k, seconds } = await convertSound(upload).catch((error: unknown) => {
      throw error instanceof SoundError ? new AppError('file_type', { detail: error.message }) : error;
    });
    await writeUpload(this.#path(accountId, id), writeWav8k(pcm8k));
    return { durationMs: Math.round(seconds * 1_000) };
  }

  async find(accountId: string, id: string): Promise<{ path: string; size: number } | undefined> {
    const path = this.#path(accountId, id);
    const found = await orAbsent(stat(path));
    return found && { path, size: found.size };
  }

  async remove(accountId: string, id: string): Promise<void> {
    await orAbsent(rm(this.#path(accountId, id), { force: true }));
  }

  /** Both ids are of rows of ours, so safe as names. */
  #path(accountId: string, id: string): string {
    return join(this.#folder, accountId, `${id}.wav`);
  }
}
