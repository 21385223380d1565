/** Invites a person into the account: who they are and what they may configure; the rest is set on their page. */
import { useState } from 'preact/hooks';
import { Dialog } from '../../desk/Dialog.tsx';
import { adminApi } from '../api.ts';
import { ChoiceInput, TextInput } from '../form/inputs.tsx';
import { DialogFoot } from '../phones/DialogFoot.tsx';
import { useAttempt } from '../phones/useAttempt.ts';
import { t } from '../texts.ts';
import type { InvitationLink } from '../types.ts';
import { InvitationDialog } from './InvitationDialog.tsx';

/** Super-administrators are appointed by the API: nobody becomes one by a wrong click. */
const ROLES = ['member', 'admin'] as const;

export function InviteDialog({ onDone, onClose }: { onDone(): void; onClose(): void }) {
  const [name, setName] = useState('');
  const [email, setEmail] = useState('');
  const [role, setRole] = useState<(typeof ROLES)[number]>('member');
  const [invitation, setInvitation] = useState<InvitationLink>();
  const attempt = useAttempt();
  if (invitation) return <InvitationDialog name={name.trim()} invitation={invitation} onClose={onDone} />;
  const invite = async (event: Event): Promise<void> => {
    event.preventDefault();
    await attempt.run(async () => setInvitation((await adminApi.invite({ name: name.trim(), email: email.trim(), role })).invitation));
  };
  const fields = attempt.problem?.fields;
  return (
    <Dialog title={t('invite.new')} onClose={onClose}>
      <form class="dialog-form" onSubmit={(event) => void invite(event)} noValidate>
        <TextInput label={t('invite.name')} value={name} maxLength={100} error={fields?.get('name')} onChange={setName} />
        <TextInput label={t('invite.email')} value={email} maxLength={200} error={fields?.get('email')} onChange={setEmail} />
        <ChoiceInput
          label={t('invite.role')}
          value={role}
          choices={ROLES.map((value) => ({ value, name: t(`invite.role.${value}`), hint: t(`invite.role.${value}.hint`) }))}
          onChange={(value) => setRole(value)}
        />
        <DialogFoot attempt={attempt} saveLabel={t('invite.make')} canSave={name.trim() !== '' && email.trim() !== ''} onClose={onClose} />
      </form>
    </Dialog>
  );
}
