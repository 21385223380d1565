/** The phones of one person, on their page. */
import { useState } from 'preact/hooks';
import { Icon } from '../../ui/Icon.tsx';
import { adminApi } from '../api.ts';
import { useLoaded } from '../load.ts';
import { t } from '../texts.ts';
import { Waiting } from '../Waiting.tsx';
import { NewPhoneDialog } from './NewPhoneDialog.tsx';
import { PhoneRow } from './PhoneRow.tsx';

export function AgentPhones({ user }: { user: { readonly id: string; readonly name: string } }) {
  const [round, setRound] = useState(0);
  const [isMaking, setMaking] = useState(false);
  const [state, , reload] = useLoaded(() => adminApi.phonesOf(user.id), [user.id, round]);
  const again = () => {
    setMaking(false);
    setRound(round + 1);
  };
  if (state.name !== 'ready') return <Waiting state={state} onRetry={reload} />;
  return (
    <div class="agent-phones">
      {state.value.length > 0 && (
        <ul class="admin-list">
          {state.value.map((phone) => (
            <li key={`${phone.id}/${round}`}>
              <PhoneRow phone={phone} isPersonShown={false} onChanged={again} />
            </li>
          ))}
        </ul>
      )}
      <button type="button" class="button" onClick={() => setMaking(true)}>
        <Icon name="plus" size={18} />
        {t('phones.new')}
      </button>
      {isMaking && <NewPhoneDialog people={[user]} onDone={again} onClose={() => setMaking(false)} />}
    </div>
  );
}
