/** What may be called out of the account (VOX-6): countries, kinds of numbers, and how often by one agent. Shares its version with the account. */
import type { Selectable } from 'kysely';
import { z } from 'zod';
import { outboundRules } from '../../queues/config.ts';
import type { AccessDeps } from '../accounts/deps.ts';
import { seenVersion, version } from '../api/fields.ts';
import { type Route, route } from '../api/route.ts';
import type { AccountTable } from '../db/tables.ts';
import { configuredAccount, updateAccount } from '../routing/configuredAccount.ts';

const { homeCountry, countries, types, perAgentPerMinute } = outboundRules.shape;
const rules = z.object({
  homeCountry: homeCountry.unwrap().describe('ISO 3166-1 alpha-2; what a number without + belongs to. Empty: such numbers are not called'),
  countries: countries.unwrap().describe('Countries that may be called; empty: none'),
  types: types.unwrap().describe('Where neither the queue nor the agent has types of its own'),
  perAgentPerMinute: perAgentPerMinute.unwrap().describe('Calls that one agent may begin a minute; 0: none'),
});
const rulesView = rules.extend({ version });

export function outboundRoutes(deps: AccessDeps): Route[] {
  const account = configuredAccount(deps, toView, (row) => outboundRules.parse(row.outbound));
  return [
    route({
      method: 'GET',
      path: '/api/v1/outbound',
      summary: 'What may be called out of the account',
      tag: 'Phones',
      action: 'phones.read',
      answers: { 200: rulesView },
      handler: (request) => account.show(request),
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
        const setRules: Parameters<typeof account.change>[1] = async ({ trx, accountId }, before) => {
          const { version: _, ...change } = request.body;
          const outbound = outboundRules.parse({ ...before.outbound, ...defined(change) });
          await updateAccount(trx, accountId, { outbound: JSON.stringify(outbound) });
        };
        return account.change(request, setRules, 'outbound.changed');
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
