/** What commands on sockets are given. Put together by `role.ts`, once per gateway. */
import type { GatewayLimits } from '../../config/limits.ts';
import type { Engine, Scope } from '../../queues/engine.ts';
import type { Principal } from '../auth/can.ts';
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

/** Messages of conversations, from Redis or PostgreSQL, wherever they are. */
export interface HistoryReader {
  /** Messages below `before`, oldest first, as far as the reader may see them; undefined: no conversation of theirs. @throws AppError unavailable */
  earlier(
    scope: Scope,
    reader: Principal,
    interaction: InteractionId,
    before: number,
    limit: number,
  ): Promise<{ messages: Message[]; hasEarlier: boolean } | undefined>;
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
