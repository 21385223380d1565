/** Why a command did not happen, as the server said it, or `offline` when it could not be reached in time. */
import type { ErrorFrame } from './wire.ts';

export class CommandError extends Error {
  override name = 'CommandError';
  readonly code: string;
  readonly isRetryable: boolean;
  /** Agent who was first, for `already_taken`. */
  readonly owner: string | undefined;
  readonly retryAfterSec: number | undefined;

  constructor(error: Pick<ErrorFrame, 'code' | 'text' | 'isRetryable'> & Partial<ErrorFrame>) {
    super(error.detail ?? error.text);
    this.code = error.code;
    this.isRetryable = error.isRetryable;
    this.owner = error.owner;
    this.retryAfterSec = error.retryAfterSec;
  }
}

export const offline = (): CommandError =>
  new CommandError({ code: 'offline', text: 'The server could not be reached in time.', isRetryable: true });

/** The code of whatever was thrown, to choose a text by. */
export const codeOf = (error: unknown): string => (error instanceof CommandError ? error.code : 'internal');
