/** What every role gets from `main.ts`: settings, log, where its data lives, its name. */
import type { Env } from '../../config/env.ts';
import type { Logger } from './log.ts';

export interface RoleContext {
  readonly env: Env & { readonly REDIS_URL: string; readonly DATABASE_URL: string };
  readonly log: Logger;
  /** Absolute path of DATA_DIR. */
  readonly dataDir: string;
  readonly nodeId: string;
  /** Seals secrets at rest. */
  readonly secretKey: string;
}

/** A running role. `close` is idempotent and resolves when everything it owned is closed. */
export interface Role {
  close(reason: string): Promise<void>;
}
