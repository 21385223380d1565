/** A phone that is there: its name, its number, on or off, another password, or none any more. */
import { useState } from 'preact/hooks';
import { Dialog } from '../../desk/Dialog.tsx';
import { Icon } from '../../ui/Icon.tsx';
import { adminApi } from '../api.ts';
import { SwitchInput, TextInput } from '../form/inputs.tsx';
import { t } from '../texts.ts';
import type { Phone, SipCredentials } from '../types.ts';
import { CredentialsDialog } from './CredentialsDialog.tsx';
import { DialogFoot } from './DialogFoot.tsx';
import { useAttempt } from './useAttempt.ts';

export function PhoneDialog({ phone, onDone, onClose }: { phone: Phone; onDone(): void; onClose(): void }) {
  const [name, setName] = useState(phone.name);
  const [number, setNumber] = useState(phone.number);
  const [extension, setExtension] = useState(phone.extension);
  const [isActive, setActive] = useState(phone.isActive);
  const [credentials, setCredentials] = useState<SipCredentials>();
  const attempt = useAttempt();
  if (credentials) return <CredentialsDialog credentials={credentials} onClose={onDone} />;
  const save = async (event: Event): Promise<void> => {
    event.preventDefault();
    const fields = {
      name: name.trim(),
      isActive,
      ...(phone.type === 'external' ? { number: number.trim() } : { extension: extension.trim() }),
    };
    if (await attempt.run(async () => void (await adminApi.changePhone(phone.id, fields, phone.version)))) onDone();
  };
  const renew = () =>
    attempt.run(async () => {
      setCredentials((await adminApi.newPhonePassword(phone.id, phone.version)).credentials);
    });
  return (
    <Dialog title={t('phones.edit', { name: phone.name, person: phone.userName })} onClose={onClose}>
      <form class="dialog-form" onSubmit={(event) => void save(event)} noValidate>
        <TextInput label={t('phones.name')} value={name} maxLength={100} error={attempt.problem?.fields.get('name')} onChange={setName} />
        {phone.type === 'external' ? (
          <TextInput
            label={t('phones.number')}
            value={number}
            maxLength={40}
            error={attempt.problem?.fields.get('number')}
            onChange={setNumber}
          />
        ) : (
          <div class="phone-secret">
            <p>
              {t('phones.username')}: <code>{phone.username}</code>
            </p>
            <button type="button" class="button" disabled={attempt.isBusy} onClick={() => void renew()}>
              <Icon name="lock" size={16} />
              {t('phones.newPassword')}
            </button>
          </div>
        )}
        {phone.type === 'sip' && (
          <TextInput
            label={t('phones.extension')}
            hint={t('phones.extension.hint')}
            value={extension}
            maxLength={8}
            error={attempt.problem?.fields.get('extension')}
            onChange={setExtension}
          />
        )}
        <SwitchInput label={t('phones.isActive')} hint={t('phones.isActive.hint')} value={isActive} onChange={setActive} />
        <DialogFoot
          attempt={attempt}
          saveLabel={t('save')}
          canSave={name.trim() !== ''}
          onClose={onClose}
          onDelete={() => void attempt.run(() => adminApi.deletePhone(phone.id)).then((isDone) => isDone && onDone())}
        />
      </form>
    </Dialog>
  );
}
