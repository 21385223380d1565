/** What to type into a phone or a trunk. The server keeps no password, so this is the only time it is seen. */
import { useState } from 'preact/hooks';
import { Dialog } from '../../desk/Dialog.tsx';
import { t } from '../texts.ts';
import type { SipCredentials } from '../types.ts';

export function CredentialsDialog({ credentials, onClose }: { credentials: SipCredentials; onClose(): void }) {
  const [copied, setCopied] = useState('');
  const rows = [
    ['phones.server', credentials.server],
    ['phones.username', credentials.username],
    ['phones.password', credentials.password],
  ] as const;
  return (
    <Dialog title={t('phones.credentials')} onClose={onClose}>
      <p class="dialog-hint">{t('phones.credentials.hint')}</p>
      <dl class="credentials">
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{t(name)}</dt>
            <dd>
              <code>{value}</code>
              <button
                type="button"
                class="button quiet"
                aria-label={t('phones.copy', { name: t(name) })}
                onClick={() =>
                  void navigator.clipboard?.writeText(value).then(
                    () => setCopied(name),
                    () => undefined, // It can be read and typed.
                  )
                }
              >
                {t(copied === name ? 'phones.copied' : 'phones.copy.short')}
              </button>
            </dd>
          </div>
        ))}
      </dl>
      <div class="dialog-buttons">
        <button type="button" class="button primary" onClick={onClose}>
          {t('phones.noted')}
        </button>
      </div>
    </Dialog>
  );
}
