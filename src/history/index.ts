/** The routes of history, and what gateway and worker take from here. */
import type { Engine } from '../../queues/engine.ts';
import type { Route } from '../api/route.ts';
import type { Db } from '../db/database.ts';
import type { FileStore } from '../files/fileStore.ts';
import { contactRoutes } from './contactRoutes.ts';
import { interactionRoutes } from './interactionRoutes.ts';
import { transcriptRoutes } from './transcriptRoutes.ts';

export { earlierMessages } from './messages.ts';
export { isVisible, type Viewer, viewerOf } from './visibility.ts';

export interface HistoryDeps {
  readonly db: Db;
  readonly engine: Engine;
  readonly files: FileStore;
}

export function historyRoutes(deps: HistoryDeps): Route[] {
  return [...interactionRoutes(deps), ...transcriptRoutes(deps), ...contactRoutes(deps)];
}
