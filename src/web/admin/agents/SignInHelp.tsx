/** For somebody who cannot get in (ACC-2): a link to choose a password, which voids the earlier ones; the second factor off, when its device is lost. */
import { useState } from 'preact/hooks';
import { Dialog } from '../../desk/Dialog.tsx';
import { adminApi } from '../api.ts';
import { DialogFoot } from '../phones/DialogFoot.tsx';
import { useAttempt } from '../phones/useAttempt.ts';
import { problemText } from '../problems.ts';
import { t } from '../texts.ts';
import type { InvitationLink, User } from '../types.ts';
import { InvitationDialog } from './InvitationDialog.tsx';

export function SignInHelp({ user }: { user: User }) {
  const [invitation, setInvitation] = useState<InvitationLink>();
  const [isTotpOn, setTotpOn] = useState(user.isTotpEnabled);
  const [isAsking, setAsking] = useState(false);
  const { isBusy, problem, run } = useAttempt();
  const isInvited = user.status === 'invited';
  return (
    <div class="editor-sign-in">
      {isInvited && <em class="tag tag-warn">{t('user.invited')}</em>}
      <button
        type="button"
        class="button"
        disabled={isBusy}
        onClick={() => void run(async () => setInvitation(await adminApi.renewInvitation(user.id)))}
      >
        {t(isInvited ? 'invite.renew' : 'user.newPassword')}
      </button>
      {isTotpOn && (
        <button type="button" class="button" onClick={() => setAsking(true)}>
          {t('user.totpOff')}
        </button>
      )}
      {problem && (
        <p class="form-error" role="alert">
          {problemText(problem)}
        </p>
      )}
      {invitation && <InvitationDialog name={user.name} invitation={invitation} onClose={() => setInvitation(undefined)} />}
      {isAsking && <SecondFactorDialog user={user} onClose={() => setAsking(false)} onDone={() => setTotpOn(false)} />}
    </div>
  );
}

function SecondFactorDialog({ user, onClose, onDone }: { user: User; onClose(): void; onDone(): void }) {
  const attempt = useAttempt();
  const submit = async (event: Event) => {
    event.preventDefault();
    if (!(await attempt.run(() => adminApi.switchSecondFactorOff(user.id)))) return;
    onClose();
    onDone();
  };
  return (
    <Dialog title={t('user.totpOff.sure', { name: user.name })} onClose={onClose}>
      <form onSubmit={(event) => void submit(event)}>
        <p class="dialog-hint">{t('user.totpOff.hint')}</p>
        <DialogFoot attempt={attempt} saveLabel={t('user.totpOff')} canSave onClose={onClose} />
      </form>
    </Dialog>
  );
}
