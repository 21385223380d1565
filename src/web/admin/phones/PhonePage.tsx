/** The phones of all agents, with those that are live (RTE-4). */
import { useState } from 'preact/hooks';
import { Icon } from '../../ui/Icon.tsx';
import { adminApi } from '../api.ts';
import { ListFrame } from '../ListFrame.tsx';
import { useLoaded } from '../load.ts';
import { useSearchList } from '../searchList.ts';
import { t } from '../texts.ts';
import type { Phone } from '../types.ts';
import { NewPhoneDialog } from './NewPhoneDialog.tsx';
import { PhoneRow } from './PhoneRow.tsx';

export function PhonePage() {
  const [round, setRound] = useState(0);
  return <PhoneList key={round} onChanged={() => setRound(round + 1)} />;
}

function PhoneList({ onChanged }: { onChanged(): void }) {
  const list = useSearchList<Phone>((query) => adminApi.phones(query));
  const [users] = useLoaded(() => adminApi.allUsers());
  const [isMaking, setMaking] = useState(false);
  const people = users.name === 'ready' ? users.value : [];
  return (
    <>
      <ListFrame
        title={t('page.phones')}
        hint={t('phones.hint')}
        searchLabel={t('phones.search')}
        list={list}
        action={
          <button type="button" class="button primary" disabled={people.length === 0} onClick={() => setMaking(true)}>
            <Icon name="plus" size={18} />
            {t('phones.new')}
          </button>
        }
      >
        {(phone) => <PhoneRow phone={phone} isPersonShown onChanged={onChanged} />}
      </ListFrame>
      {isMaking && <NewPhoneDialog people={people} onDone={onChanged} onClose={() => setMaking(false)} />}
    </>
  );
}
