/** What commands on sockets are given. Put together by `role.ts`, once per gateway. */
import type { GatewayLimits } from '../../config/limits.ts';
import type { Engine, Scope } from '../../queues/engine.ts';
import type { InteractionId } from '../base/ids.ts';
import type { Logger } from '../base/log.ts';
import type { FileLibrary } from '../files/index.ts';
import type { Message } from '../protocol/views.ts';
import type { AccountDirectory } from './accountDirectory.ts';
import type { ResolvePrincipal } from './credentials.ts';
import type { Hub } from './hub.ts';
import type { Metrics } from './metrics.ts';
import type { Presence } from './presence.ts';
import type { SocketRegistry } from './socketRegistry.ts';

/** Conversations that have left Redis. */
export interface HistoryReader {
  /** Messages below `before`, oldest first; undefined: no such conversation of the account. @throws AppError unavailable */
  earlier(scope: Scope, interaction: InteractionId, before: number, limit: number): Promise<{ messages: Message[]; hasEarlier: boolean } | undefined>;
}

export interface SocketServices {
  readonly engine: Engine;
  readonly hub: Hub;
  readonly presence: Presence;
  readonly registry: SocketRegistry;
  readonly accounts: AccountDirectory;
  readonly resolvePrincipal: ResolvePrincipal;
  readonly history: HistoryReader;
  readonly files: Pick<FileLibrary, 'attach'>;
  readonly limits: GatewayLimits;
  readonly metrics: Metrics;
  readonly log: Logger;
}
