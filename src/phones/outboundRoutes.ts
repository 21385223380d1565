/** What may be called out of the account (VOX-6): countries, kinds of numbers, and how often by one agent. Shares its version with the account. */
import { type Selectable, sql } from 'kysely';
import { z } from 'zod';
import { outboundRules } from '../../queues/config.ts';
import { actorOf, differences, writeAudit } from '../accounts/audit.ts';
import type { AccessDeps } from '../accounts/deps.ts';
import { etag, requireVersion, seenVersion, seenVersionOf, version } from '../api/fields.ts';
import { type Route, route } from '../api/route.ts';
import { accountOf } from '../auth/principal.ts';
import { AppError } from '../base/errors.ts';
import type { AccountTable } from '../db/tables.ts';
import { changeConfig } from '../routing/changeConfig.ts';

const { homeCountry, countries, types, perAgentPerMinute } = outboundRules.shape;
const rules = z.object({
  homeCountry: homeCountry.unwrap().describe('ISO 3166-1 alpha-2; what a number without + belongs to. Empty: such numbers are not called'),
  countries: countries.unwrap().describe('Countries that may be called; empty: none'),
  types: types.unwrap().describe('Where neither the queue nor the agent has types of its own'),
  perAgentPerMinute: perAgentPerMinute.unwrap().describe('Calls that one agent may begin a minute; 0: none'),
});
const rulesView = rules.extend({ version });

export function outboundRoutes(deps: AccessDeps): Route[] {
  return [
    route({
      method: 'GET',
      path: '/api/v1/outbound',
      summary: 'What may be called out of the account',
      tag: 'Phones',
      action: 'phones.read',
      answers: { 200: rulesView },
      handler: async (request) => {
        const row = await deps.db.selectFrom('account').selectAll().where('id', '=', accountOf(request.principal)).executeTakeFirst();
        if (!row) throw new AppError('not_found');
        return { status: 200, headers: etag(row.version), body: toView(row) };
      },
    }),
    route({
      method: 'PATCH',
      path: '/api/v1/outbound',
      summary: 'Change what may be called',
      tag: 'Phones',
      action: 'phones.manage',
      body: z.strictObject(rules.shape).partial().extend({ version: seenVersion }),
      answers: { 200: rulesView },
      handler: async (request) => {
        const id = accountOf(request.principal);
        const seen = seenVersionOf(request);
        const { version: _, ...change } = request.body;
        const after = await changeConfig(deps, id, async (trx, changes) => {
          const before = await trx.selectFrom('account').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
          requireVersion(before.version, seen);
          const outbound = outboundRules.parse({ ...before.outbound, ...defined(change) });
          const after = await trx
            .updateTable('account')
            .set({ outbound: JSON.stringify(outbound), version: sql`version + 1`, updated_at: sql`now()` })
            .where('id', '=', id)
            .returningAll()
            .executeTakeFirstOrThrow();
          changes.touch('account', id);
          const detail = differences(outboundRules.parse(before.outbound), outbound);
          await writeAudit(trx, {
            accountId: id,
            actor: actorOf(request),
            action: 'outbound.changed',
            target: { kind: 'account', id },
            detail,
          });
          return after;
        });
        return { status: 200, headers: etag(after.version), body: toView(after) };
      },
    }),
  ];
}

function defined(change: object): object {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
}

function toView(row: Selectable<AccountTable>): z.infer<typeof rulesView> {
  return { ...outboundRules.parse(row.outbound), version: row.version };
}
