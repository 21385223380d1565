/** CHT-15: the dialog as .txt, for staff and for the visitor, once the visitor wrote. Works for running conversations without PostgreSQL. */
import { z } from 'zod';
import type { Scope } from '../../queues/engine.ts';
import { type Route, route } from '../api/route.ts';
import { accountOf } from '../auth/principal.ts';
import { AppError } from '../base/errors.ts';
import { type InteractionId, isId } from '../base/ids.ts';
import type { RoomView } from '../protocol/video.ts';
import type { HistoryDeps } from './deps.ts';
import { readAllMessages } from './messages.ts';
import { partyOfRow, partyOfView } from './party.ts';
import { findInteraction, listSegments } from './queries.ts';
import { type TranscriptLanguage, toTranscript, type VideoSpan } from './transcript.ts';
import { type Party, viewerOf } from './visibility.ts';

const MESSAGES_MAX = 10_000;

const query = z.object({
  language: z.enum(['en', 'it']).optional().describe('Absent: that of the conversation'),
  timeZone: z.string().max(60).refine(isTimeZone, 'an IANA time zone such as Europe/Rome').default('UTC'),
});

export function transcriptRoutes(deps: HistoryDeps): Route[] {
  return [
    route({
      method: 'GET',
      path: '/api/v1/interactions/:id/transcript.txt',
      summary: 'The conversation as plain text',
      tag: 'History',
      // The right to read its files: visitors have it for their own conversations, staff for their queues.
      action: 'file.read',
      params: z.object({ id: z.string().max(40) }),
      query,
      perMinute: 30,
      answers: { 200: { contentType: 'text/plain', description: 'UTF-8, one line a message' } },
      handler: async (request) => {
        const { id } = request.params;
        const scope = await deps.engine.config.scopeOf(accountOf(request.principal));
        if (!scope || !isId('interaction', id)) throw new AppError('not_found');
        const heading = await findHeading(deps, scope, id);
        const viewer = heading && viewerOf(request.principal, heading.party, 'file.read');
        if (!viewer) throw new AppError('not_found');
        const { messages, isCut } = await readAllMessages(deps, scope, id, viewer, MESSAGES_MAX);
        if (!isCut && !messages.some(({ from }) => from.role === 'customer'))
          throw new AppError('wrong_state', { detail: 'The visitor has not written anything yet.' });
        const { client, createdAt, endedAt } = heading;
        const calls = await videoSpans(deps, scope, id);
        const language = request.query.language ?? languageOf(heading.language);
        const name = `conversation-${new Date(createdAt).toISOString().slice(0, 10)}.txt`;
        return {
          status: 200,
          headers: {
            'content-type': 'text/plain; charset=utf-8',
            'content-disposition': `attachment; filename="${name}"`,
            'cache-control': 'no-store',
          },
          bytes: toTranscript({ client, createdAt, endedAt, messages, calls, isCut }, language, request.query.timeZone),
        };
      },
    }),
  ];
}

interface Heading {
  readonly party: Party;
  readonly client: string;
  readonly createdAt: number;
  readonly endedAt: number | undefined;
  readonly language: string;
}

async function findHeading({ engine, db }: HistoryDeps, scope: Scope, id: InteractionId): Promise<Heading | undefined> {
  const view = await engine.views.interaction(scope, id);
  if (view) {
    const { client, createdAt, language } = view;
    return { party: partyOfView(scope.accountId, view), client: client.name, createdAt, endedAt: view.endedAt ?? view.closedAt, language };
  }
  const row = await findInteraction(db, scope.accountId, id);
  if (!row) return undefined;
  const endedAt = (row.ended_at ?? row.closed_at)?.getTime();
  return { party: partyOfRow(row), client: row.client_name ?? '', createdAt: row.created_at.getTime(), endedAt, language: row.language };
}

/** Of history, and the room that stands in Redis, which history may not have yet; while PostgreSQL is away that one alone. */
async function videoSpans({ engine, db }: HistoryDeps, scope: Scope, id: InteractionId): Promise<VideoSpan[]> {
  const text = await engine.views.room(scope, id);
  const room = text === undefined ? undefined : (JSON.parse(text) as RoomView);
  const past = await listSegments(db, scope.accountId, id).catch((error: unknown) => {
    if (error instanceof AppError && error.code === 'unavailable') return [];
    throw error;
  });
  const spans = new Map<number, VideoSpan>();
  for (const { kind, began, startedAt, endedAt } of past)
    if (kind === 'video') spans.set(startedAt, { kind: began === 'audio' ? 'audio' : 'video', startedAt, ...(endedAt && { endedAt }) });
  if (room?.openedAt !== undefined) {
    const { kind, openedAt: startedAt } = room;
    const endedAt = spans.get(startedAt)?.endedAt ?? room.endedAt;
    spans.set(startedAt, { kind, startedAt, ...(endedAt && { endedAt }) });
  }
  return [...spans.values()].sort((a, b) => a.startedAt - b.startedAt);
}

function languageOf(tag: string): TranscriptLanguage {
  return tag.toLowerCase().startsWith('it') ? 'it' : 'en';
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
