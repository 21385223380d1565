/** What the routes of history are given by `main.ts`. */
import type { Engine } from '../../queues/engine.ts';
import type { Db } from '../db/database.ts';
import type { FileStore } from '../files/fileStore.ts';

export interface HistoryDeps {
  readonly db: Db;
  readonly engine: Engine;
  readonly files: FileStore;
}
