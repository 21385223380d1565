/** The routes of history. */
import type { Route } from '../api/route.ts';
import { callHistoryRoutes } from './callRoutes.ts';
import { contactRoutes } from './contactRoutes.ts';
import type { HistoryDeps } from './deps.ts';
import { interactionRoutes } from './interactionRoutes.ts';
import { routingRoutes } from './routingRoutes.ts';
import { transcriptRoutes } from './transcriptRoutes.ts';

export type { HistoryDeps } from './deps.ts';

export function historyRoutes(deps: HistoryDeps): Route[] {
  return [
    ...interactionRoutes(deps),
    ...routingRoutes(deps),
    ...transcriptRoutes(deps),
    ...callHistoryRoutes(deps),
    ...contactRoutes(deps),
  ];
}
