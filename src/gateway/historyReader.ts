/** Earlier messages for `chat.earlier`, wherever they lie, for whom the conversation is theirs. Created once per gateway. */
import type { Engine } from '../../queues/engine.ts';
import type { Db } from '../db/database.ts';
import { readMessages } from '../history/messages.ts';
import { findParty } from '../history/party.ts';
import { viewerOf } from '../history/visibility.ts';
import type { HistoryReader } from './socketServices.ts';

export function createHistoryReader(sources: { readonly engine: Engine; readonly db: Db }): HistoryReader {
  return {
    async earlier(scope, reader, interaction, before, limit) {
      const party = await findParty(sources, scope, interaction);
      const viewer = party && viewerOf(reader, party, reader.kind === 'visitor' ? 'visitor.chat' : 'conversation.read');
      return viewer && readMessages(sources, scope, interaction, viewer, before, limit);
    },
  };
}
