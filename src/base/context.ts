/** What every role of a process is started with, and what it gives back. Made by `main.ts`, one per process. */
import type { Env } from '../../config/env.ts';
import type { Logger } from './log.ts';

export interface RoleContext {
  readonly env: Env;
  readonly log: Logger;
  /** Absolute path of DATA_DIR; exists. */
  readonly dataDir: string;
  /** Names this process in leases and claims; differs from start to start. */
  readonly nodeId: string;
  /** Seals secrets at rest; the same in all processes of one installation. */
  readonly secretKey: string;
}

export interface RunningRole {
  /** What other roles of the same process need to know of this one, e.g. the address of the Redis it runs. */
  readonly provides?: Partial<Pick<Env, 'REDIS_URL' | 'DATABASE_URL'>>;
  /** Stops taking work, lets go of what it holds, resolves when nothing of it runs any more. Called once. */
  close(reason: string): Promise<void>;
}

export type StartRole = (context: RoleContext) => Promise<RunningRole>;
export type Role = RunningRole;
