/**
 * Messages of a conversation for one reader: from Redis what still stands there, from PostgreSQL what came before or is long over.
 * What the reader may not see is left out where it is read.
 */
import { sql } from 'kysely';
import type { Engine, Scope } from '../../queues/engine.ts';
import type { InteractionId } from '../base/ids.ts';
import type { Db } from '../db/database.ts';
import type { Message } from '../protocol/views.ts';
import type { HistoryMessage } from './historyViews.ts';
import { monthOfInteraction } from './position.ts';
import { isVisible, STRANGER, type Viewer } from './visibility.ts';

export interface MessagesPage {
  /** Oldest first. */
  readonly messages: HistoryMessage[];
  readonly hasEarlier: boolean;
}

/** The offset above all others. */
export const END = 2 ** 31 - 1;
/** In a conversation that a client opened, the first message has this offset. */
const FIRST_OFF = 2;

/**
 * Messages with offsets below `before` from PostgreSQL, for the gateway's `chat.earlier` when the conversation has left Redis.
 * Without a viewer only what everyone may see. @throws AppError unavailable
 */
export async function earlierMessages(
  db: Db,
  scope: Scope,
  id: InteractionId,
  before: number,
  limit: number,
  viewer: Viewer = STRANGER,
): Promise<MessagesPage> {
  const rows = await selectMessages(db, scope.accountId, id, viewer)
    .where('m.off', '<', Math.min(before, END))
    .orderBy('m.off', 'desc')
    .limit(limit + 1)
    .execute();
  return { messages: rows.slice(0, limit).reverse().map(toMessage), hasEarlier: rows.length > limit };
}

function selectMessages(db: Db, accountId: string, id: InteractionId, viewer: Viewer) {
  const query = db
    .selectFrom('interaction as i')
    .innerJoin('message as m', (join) => join.onRef('m.interaction_id', '=', 'i.id').onRef('m.month', '=', 'i.month'))
    .leftJoin('file as f', (join) => join.onRef('f.id', '=', 'm.file_id').onRef('f.account_id', '=', 'i.account_id'))
    .select([
      'm.off',
      'm.at',
      'm.mid',
      'm.role',
      'm.author_id',
      'm.author_name',
      'm.visibility',
      'm.text',
      'm.file_id',
      'f.name as file_name',
      'f.type as file_type',
      'f.size as file_size',
    ])
    .where('i.id', '=', id)
    .where('i.month', '=', monthOfInteraction(id))
    .where('m.month', '=', monthOfInteraction(id))
    .where('i.account_id', '=', accountId);
  if (viewer.kind === 'staff' && viewer.seesAll) return query;
  const everyone = viewer.kind === 'staff' ? ['everyone', 'staff'] : ['everyone'];
  return query.where(
    sql<boolean>`(m.visibility = any(${everyone}) or (${viewer.id} <> '' and (m.visibility = ${viewer.id} or m.author_id = ${viewer.id})))`,
  );
}
type MessageRow = Awaited<ReturnType<ReturnType<typeof selectMessages>['execute']>>[number];

function toMessage(row: MessageRow): HistoryMessage {
  const { file_id: fileId, file_type: type, file_size: size } = row;
  const isErased = row.text === null && (fileId === null || row.file_name === null);
  return {
    off: row.off,
    at: row.at.getTime(),
    mid: row.mid,
    from: { role: row.role as Message['from']['role'], id: row.author_id, name: row.author_name ?? '' },
    visibility: row.visibility as Message['visibility'],
    ...(row.text === null ? {} : { text: row.text }),
    ...(fileId && type && size !== null && row.file_name !== null ? { file: { id: fileId, name: row.file_name, type, size } } : {}),
    ...(isErased ? { isErased } : {}),
  };
}

export interface MessageSources {
  readonly engine: Pick<Engine, 'views'>;
  readonly db: Db;
}

/** A page before an offset, from wherever it lies; `reached` is the lowest offset that was looked at. */
export async function readMessages(
  sources: MessageSources,
  scope: Scope,
  id: InteractionId,
  viewer: Viewer,
  before: number,
  limit: number,
): Promise<MessagesPage & { readonly reached: number }> {
  if (before <= FIRST_OFF) return { messages: [], hasEarlier: false, reached: before };
  const live = await sources.engine.views.earlierMessages(scope, id, before, limit);
  const first = live?.messages[0];
  // A running conversation keeps its latest few thousand events in Redis; what lies before them is in PostgreSQL alone.
  const isWhole = live !== undefined && (live.hasEarlier || (first === undefined ? before === END : first.off <= FIRST_OFF));
  if (isWhole) {
    const messages = live.messages.filter(({ visibility, from }) => isVisible({ visibility, authorId: from.id }, viewer));
    return { messages, hasEarlier: live.hasEarlier, reached: first?.off ?? before };
  }
  const past = await earlierMessages(sources.db, scope, id, before, limit, viewer);
  return { ...past, reached: past.messages[0]?.off ?? before };
}

const PAGE = 100;

/** Up to `most` latest messages, oldest first; `isCut` when there were more. */
export async function readAllMessages(
  sources: MessageSources,
  scope: Scope,
  id: InteractionId,
  viewer: Viewer,
  most: number,
): Promise<{ messages: HistoryMessage[]; isCut: boolean }> {
  const pages: HistoryMessage[][] = [];
  let count = 0;
  for (let before = END; ; ) {
    const page = await readMessages(sources, scope, id, viewer, before, PAGE);
    pages.unshift(page.messages);
    count += page.messages.length;
    if (!page.hasEarlier || count >= most) return { messages: pages.flat().slice(-most), isCut: page.hasEarlier };
    before = page.reached;
  }
}
