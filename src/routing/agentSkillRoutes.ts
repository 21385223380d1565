/** RTE-3: what a person can. The list is replaced as a whole, under the person's version. */
import { sql } from 'kysely';
import { requireMayChange } from '../accounts/appointments.ts';
import { actorOf, differences, writeAudit } from '../accounts/audit.ts';
import type { AccessDeps } from '../accounts/deps.ts';
import { readUser, toUserView, userView } from '../accounts/users.ts';
import { etag, idParam, requireVersion, seenVersionOf } from '../api/fields.ts';
import { type Route, route } from '../api/route.ts';
import { accountOf } from '../auth/principal.ts';
import { changeConfig } from './changeConfig.ts';
import { agentSkillsBody } from './skillFields.ts';
import { replaceAgentSkills } from './skills.ts';

export function agentSkillRoutes(deps: AccessDeps): Route[] {
  return [
    route({
      method: 'PUT',
      path: '/api/v1/users/:id/skills',
      summary: 'Make these the person’s skills, and no others (RTE-3)',
      tag: 'Skills',
      action: 'users.manage',
      params: idParam,
      body: agentSkillsBody,
      answers: { 200: userView },
      handler: async (request) => {
        const accountId = accountOf(request.principal);
        const { id } = request.params;
        const seen = seenVersionOf(request);
        const view = await changeConfig(deps, accountId, async (trx, changes) => {
          const row = await readUser(trx, accountId, id);
          requireMayChange(request.principal, row);
          requireVersion(row.version, seen);
          const before = await toUserView(trx, row);
          await replaceAgentSkills(trx, accountId, id, request.body.skills);
          const after = await trx
            .updateTable('app_user')
            .set({ version: sql`version + 1`, updated_at: sql`now()` })
            .where('id', '=', id)
            .where('account_id', '=', accountId)
            .returningAll()
            .executeTakeFirstOrThrow();
          changes.touch('agent', id);
          const view = await toUserView(trx, after);
          await writeAudit(trx, {
            accountId,
            actor: actorOf(request),
            action: 'user.changed',
            target: { kind: 'user', id },
            detail: differences({ skills: before.skills }, { skills: view.skills }),
          });
          return view;
        });
        return { status: 200, headers: etag(view.version), body: view };
      },
    }),
  ];
}
