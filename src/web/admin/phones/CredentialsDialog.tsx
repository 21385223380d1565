/** What to type into a phone or a trunk. The server keeps no password, so this is the only time it is seen. */
import { Dialog } from '../../desk/Dialog.tsx';
import { CopyRows } from '../CopyRows.tsx';
import { t } from '../texts.ts';
import type { SipCredentials } from '../types.ts';

export function CredentialsDialog({ credentials, onClose }: { credentials: SipCredentials; onClose(): void }) {
  const { server, username, password } = credentials;
  return (
    <Dialog title={t('phones.credentials')} onClose={onClose}>
      <p class="dialog-hint">{t('phones.credentials.hint')}</p>
      <CopyRows
        rows={[
          ['phones.server', server],
          ['phones.username', username],
          ['phones.password', password],
        ]}
      />
      <div class="dialog-buttons">
        <button type="button" class="button primary" onClick={onClose}>
          {t('phones.noted')}
        </button>
      </div>
    </Dialog>
  );
}
