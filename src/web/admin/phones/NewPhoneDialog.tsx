/** Gives a person a phone; a SIP phone's password is shown then, and never again. */
import { useState } from 'preact/hooks';
import { Dialog } from '../../desk/Dialog.tsx';
import { adminApi } from '../api.ts';
import { ChoiceInput, SelectInput, TextInput } from '../form/inputs.tsx';
import { t } from '../texts.ts';
import type { Phone, SipCredentials } from '../types.ts';
import { CredentialsDialog } from './CredentialsDialog.tsx';
import { DialogFoot } from './DialogFoot.tsx';
import { useAttempt } from './useAttempt.ts';

export interface NewPhoneDialogProps {
  /** One: it is theirs; several: to choose from. */
  readonly people: readonly { readonly id: string; readonly name: string }[];
  onDone(): void;
  onClose(): void;
}

export function NewPhoneDialog({ people, onDone, onClose }: NewPhoneDialogProps) {
  const [userId, setUser] = useState(people[0]?.id ?? '');
  const [name, setName] = useState('');
  const [type, setType] = useState<Phone['type']>('sip');
  const [number, setNumber] = useState('');
  const [credentials, setCredentials] = useState<SipCredentials>();
  const attempt = useAttempt();
  if (credentials) return <CredentialsDialog credentials={credentials} onClose={onDone} />;
  const make = async (event: Event): Promise<void> => {
    event.preventDefault();
    await attempt.run(async () => {
      const made = await adminApi.makePhone({ userId, name: name.trim(), type, ...(type === 'external' && { number: number.trim() }) });
      if (made.credentials) setCredentials(made.credentials);
      else onDone();
    });
  };
  return (
    <Dialog title={t('phones.new')} onClose={onClose}>
      <form class="dialog-form" onSubmit={(event) => void make(event)} noValidate>
        {people.length > 1 && (
          <SelectInput
            label={t('phones.person')}
            value={userId}
            choices={people.map(({ id, name: person }) => ({ value: id, name: person }))}
            onChange={setUser}
          />
        )}
        <TextInput label={t('phones.name')} value={name} maxLength={100} error={attempt.problem?.fields.get('name')} onChange={setName} />
        <ChoiceInput
          label={t('phones.type')}
          value={type}
          choices={(['sip', 'external'] as const).map((value) => ({
            value,
            name: t(`phones.type.${value}`),
            hint: t(`phones.type.${value}.hint`),
          }))}
          onChange={(value) => setType(value)}
        />
        {type === 'external' && (
          <TextInput
            label={t('phones.number')}
            value={number}
            maxLength={40}
            error={attempt.problem?.fields.get('number')}
            onChange={setNumber}
          />
        )}
        <DialogFoot attempt={attempt} saveLabel={t('make')} canSave={name.trim() !== '' && userId !== ''} onClose={onClose} />
      </form>
    </Dialog>
  );
}
