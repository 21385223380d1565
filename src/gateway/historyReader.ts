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
      if (!viewer) return undefined;
      // A page on which nothing is for the reader would leave them without an offset to go on from.
      for (let from = before; ; ) {
        const page = await readMessages(sources, scope, interaction, viewer, from, limit);
        if (page.messages.length > 0 || !page.hasEarlier) return page;
        from = page.reached;
      }
    },
  };
}
