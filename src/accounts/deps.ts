/** What the route factories of accounts, access and routing configuration are given by `main.ts`. */
import type { Engine } from '../../queues/engine.ts';
import type { Logger } from '../base/log.ts';
import type { Db } from '../db/database.ts';

export interface AccessDeps {
  readonly db: Db;
  readonly engine: Engine;
  readonly log: Logger;
  /** Seals secrets at rest. */
  readonly secretKey: string;
  /** Scheme, host and port that people reach this server by; empty: the request says. */
  readonly publicUrl: string;
}
