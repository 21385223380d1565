/** For somebody who was invited and has not come yet: a new link, which voids the earlier ones. */
import { useState } from 'preact/hooks';
import { adminApi } from '../api.ts';
import { useAttempt } from '../phones/useAttempt.ts';
import { problemText } from '../problems.ts';
import { t } from '../texts.ts';
import type { InvitationLink, User } from '../types.ts';
import { InvitationDialog } from './InvitationDialog.tsx';

export function RenewInvitation({ user }: { user: User }) {
  const [invitation, setInvitation] = useState<InvitationLink>();
  const { isBusy, problem, run } = useAttempt();
  return (
    <div class="editor-invited">
      <em class="tag tag-warn">{t('user.invited')}</em>
      <button
        type="button"
        class="button"
        disabled={isBusy}
        onClick={() => void run(async () => setInvitation(await adminApi.renewInvitation(user.id)))}
      >
        {t('invite.renew')}
      </button>
      {problem && (
        <p class="form-error" role="alert">
          {problemText(problem)}
        </p>
      )}
      {invitation && <InvitationDialog name={user.name} invitation={invitation} onClose={() => setInvitation(undefined)} />}
    </div>
  );
}
