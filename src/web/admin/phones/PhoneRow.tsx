/** RTE-4: one phone in a list, with a green mark while it is registered. */
import { useState } from 'preact/hooks';
import { Icon } from '../../ui/Icon.tsx';
import { t } from '../texts.ts';
import type { Phone } from '../types.ts';
import { PhoneDialog } from './PhoneDialog.tsx';

export function PhoneRow({ phone, isPersonShown, onChanged }: { phone: Phone; isPersonShown: boolean; onChanged(): void }) {
  const [isOpen, setOpen] = useState(false);
  const way = phone.type === 'sip' ? phone.username : phone.number;
  const agents = phone.registrations.map(({ userAgent }) => userAgent).filter(Boolean);
  return (
    <div class="admin-row">
      <button type="button" class="row-link" onClick={() => setOpen(true)}>
        <span class="phone-mark">
          <Icon name="phone" size={18} />
          <i class={`dot dot-${phone.isLive ? 'on' : 'off'}`} />
        </span>
        <span class="row-words">
          <strong>{phone.name}</strong>
          <span>
            {isPersonShown && `${phone.userName} · `}
            {phone.extension !== '' && `${t('phones.dialled', { number: phone.extension })} · `}
            <bdi>{way}</bdi>
            {agents.length > 0 && ` · ${agents.join(', ')}`}
          </span>
        </span>
        <span class="row-facts">
          {phone.type === 'external' && <em class="tag">{t('phones.external')}</em>}
          {!phone.isActive && <em class="tag tag-warn">{t('off')}</em>}
          {phone.type === 'sip' && phone.isActive && (
            <em class={phone.isLive ? 'tag tag-good' : 'tag'}>{t(phone.isLive ? 'phones.live' : 'phones.away')}</em>
          )}
        </span>
      </button>
      {isOpen && <PhoneDialog phone={phone} onDone={onChanged} onClose={() => setOpen(false)} />}
    </div>
  );
}
