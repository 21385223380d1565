/** The routes of history, and what gateway and worker take from here. */
import type { Route } from '../api/route.ts';
import { contactRoutes } from './contactRoutes.ts';
import type { HistoryDeps } from './deps.ts';
import { interactionRoutes } from './interactionRoutes.ts';
import { transcriptRoutes } from './transcriptRoutes.ts';

export { earlierMessages } from './messages.ts';
export { isVisible, type Viewer, viewerOf } from './visibility.ts';

export type { HistoryDeps } from './deps.ts';

export function historyRoutes(deps: HistoryDeps): Route[] {
  return [...interactionRoutes(deps), ...transcriptRoutes(deps), ...contactRoutes(deps)];
}
