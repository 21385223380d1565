/** A person's data, erased at their wish. */
import { z } from 'zod';
import { actorOf, writeAudit } from '../accounts/audit.ts';
import { noContent } from '../api/fields.ts';
import { type Route, route } from '../api/route.ts';
import { accountOf } from '../auth/principal.ts';
import { AppError } from '../base/errors.ts';
import { isId } from '../base/ids.ts';
import type { HistoryDeps } from './deps.ts';
import { eraseContact } from './erase.ts';

export function contactRoutes({ db, engine, files }: HistoryDeps): Route[] {
  return [
    route({
      method: 'DELETE',
      path: '/api/v1/contacts/:id',
      summary:
        'Erase what tells about a person; figures stay. Copies of closed conversations in Redis leave by themselves within 15 minutes',
      tag: 'History',
      action: 'account.manage',
      params: z.object({ id: z.string().max(40) }),
      answers: { 204: noContent },
      handler: async (request) => {
        const { id } = request.params;
        if (!isId('contact', id)) throw new AppError('not_found');
        const accountId = accountOf(request.principal);
        const scope = await engine.config.scopeOf(accountId);
        const live = scope ? await engine.views.ofContact(scope, id) : [];
        if (live.some(({ state }) => state !== 'closed'))
          throw new AppError('wrong_state', { detail: 'A conversation with this person is not closed yet.' });
        const gone = await eraseContact(db, accountId, id, (trx) =>
          writeAudit(trx, { accountId, actor: actorOf(request), action: 'contact.erased', target: { kind: 'contact', id } }),
        );
        for (const file of gone) await files.remove(file);
        return { status: 204 };
      },
    }),
  ];
}
