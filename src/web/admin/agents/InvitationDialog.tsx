/** The link by which a person chooses a password and signs in (ACC-2). No mail is sent: who invites passes it on, and it is shown once. */
import { Dialog } from '../../desk/Dialog.tsx';
import { CopyRows } from '../CopyRows.tsx';
import { t } from '../texts.ts';
import type { InvitationLink } from '../types.ts';

export function InvitationDialog({ name, invitation, onClose }: { name: string; invitation: InvitationLink; onClose(): void }) {
  return (
    <Dialog title={t('invite.link.title', { name })} onClose={onClose}>
      <p class="dialog-hint">{t('invite.link.hint')}</p>
      <CopyRows rows={[['invite.link', invitation.url]]} />
      <div class="dialog-buttons">
        <button type="button" class="button primary" onClick={onClose}>
          {t('invite.link.done')}
        </button>
      </div>
    </Dialog>
  );
}
