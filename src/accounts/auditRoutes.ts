/** ACC-11: the audit log, searched by who, what and when, and exported. The export is itself recorded. */
import { type Selectable, sql } from 'kysely';
import { z } from 'zod';
import { moment, time } from '../api/fields.ts';
import { pageAnswer, pageQuery, readCursor, toPage } from '../api/page.ts';
import { type Route, route } from '../api/route.ts';
import { accountOf } from '../auth/principal.ts';
import type { Db } from '../db/database.ts';
import type { AuditLogTable } from '../db/tables.ts';
import { actorOf, writeAudit } from './audit.ts';
import { toCsv } from './csv.ts';
import type { AccessDeps } from './deps.ts';
import { containing } from './users.ts';

const tag = 'Audit log';
/** One export; narrow the period for more. */
const EXPORT_MAX_ROWS = 50_000;
const EXPORT_CHUNK = 1_000;

const entryView = z.object({
  id: z.string(),
  at: time,
  actor: z.object({ kind: z.enum(['user', 'key', 'visitor', 'nobody', 'system']), id: z.string(), name: z.string() }),
  action: z.string(),
  target: z.object({ kind: z.string(), id: z.string() }),
  ip: z.string(),
  userAgent: z.string(),
  detail: z.record(z.string(), z.unknown()),
});

const filters = z.object({
  who: z.string().trim().max(100).optional().describe('Id of the person or key, or part of the name'),
  what: z
    .string()
    .max(60)
    .regex(/^[a-z_.]*$/, 'an action such as user.changed, or its beginning')
    .optional(),
  target: z.string().max(40).optional().describe('Id of what was changed'),
  from: moment.optional().describe('Unix milliseconds, inclusive'),
  to: moment.optional().describe('Unix milliseconds, exclusive'),
});
type Filters = z.infer<typeof filters>;

export function auditRoutes({ db }: AccessDeps): Route[] {
  return [
    route({
      method: 'GET',
      path: '/api/v1/audit',
      summary: 'The audit log, newest first',
      tag,
      action: 'audit.read',
      query: pageQuery.extend(filters.shape),
      answers: { 200: pageAnswer(entryView) },
      handler: async (request) => {
        const { limit, cursor, ...filter } = request.query;
        const rows = await readAudit(db, accountOf(request.principal), filter, readCursor(cursor, 1)?.[0], limit + 1);
        return { status: 200, body: toPage(rows, limit, (row) => [row.id], toEntryView) };
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/audit.csv',
      summary: `The audit log as a table; at most ${EXPORT_MAX_ROWS} rows`,
      tag,
      action: 'audit.read',
      perMinute: 10,
      query: filters,
      answers: { 200: { contentType: 'text/csv', description: 'UTF-8, with a heading' } },
      handler: async (request) => {
        const accountId = accountOf(request.principal);
        const lines: (string | number)[][] = [
          ['time', 'who', 'who_id', 'kind', 'what', 'target_kind', 'target_id', 'from_address', 'user_agent', 'detail'],
        ];
        for (let before: string | undefined; lines.length <= EXPORT_MAX_ROWS; ) {
          const rows = await readAudit(db, accountId, request.query, before, EXPORT_CHUNK);
          for (const row of rows) lines.push(toLine(row));
          before = rows.at(-1)?.id;
          if (rows.length < EXPORT_CHUNK) break;
        }
        await writeAudit(db, {
          accountId,
          actor: actorOf(request),
          action: 'audit.exported',
          detail: { rows: lines.length - 1, ...request.query },
        });
        const headers = { 'content-type': 'text/csv; charset=utf-8', 'content-disposition': 'attachment; filename="audit.csv"' };
        return { status: 200, headers, bytes: toCsv(lines) };
      },
    }),
  ];
}

/** Entries older than `before`, newest first. */
async function readAudit(
  db: Db,
  accountId: string,
  filter: Filters,
  before: string | undefined,
  limit: number,
): Promise<Selectable<AuditLogTable>[]> {
  const { who, what, target, from, to } = filter;
  let query = db.selectFrom('audit_log').selectAll().where('account_id', '=', accountId);
  if (who) query = query.where((eb) => eb.or([eb('actor_id', '=', who), eb('actor_name', 'ilike', containing(who))]));
  if (what) query = query.where(sql<boolean>`starts_with(action, ${what})`);
  if (target) query = query.where('target_id', '=', target);
  if (from !== undefined) query = query.where('at', '>=', new Date(from));
  if (to !== undefined) query = query.where('at', '<', new Date(to));
  if (before !== undefined) query = query.where('id', '<', before);
  return query.orderBy('id', 'desc').limit(limit).execute();
}

function toEntryView(row: Selectable<AuditLogTable>): z.infer<typeof entryView> {
  return {
    id: row.id,
    at: row.at.getTime(),
    actor: { kind: row.actor_kind, id: row.actor_id, name: row.actor_name },
    action: row.action,
    target: { kind: row.target_kind, id: row.target_id },
    ip: row.ip,
    userAgent: row.user_agent,
    detail: row.detail,
  };
}

function toLine(row: Selectable<AuditLogTable>): string[] {
  const { at, actor_name, actor_id, actor_kind, action, target_kind, target_id, ip, user_agent, detail } = row;
  return [at.toISOString(), actor_name, actor_id, actor_kind, action, target_kind, target_id, ip, user_agent, JSON.stringify(detail)];
}
