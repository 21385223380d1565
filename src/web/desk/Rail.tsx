/** The narrow column on the left (on a phone: the bar below): lists with what is unread in them, sound, profile. */
import { Avatar } from '../ui/Avatar.tsx';
import { Icon, type IconName } from '../ui/Icon.tsx';
import { useDesk } from './context.ts';
import { BrandMark } from './EntryCard.tsx';
import { type ListName, needsAnswer, rowsOf } from './rows.ts';
import { dotOf } from './StatusMenu.tsx';
import { isSoundOn, switchSound } from './sound.ts';
import { t } from './texts.ts';

const LISTS: readonly { readonly name: ListName; readonly icon: IconName }[] = [
  { name: 'mine', icon: 'inbox' },
  { name: 'waiting', icon: 'clock' },
  { name: 'all', icon: 'people' },
];

export function Rail({ isProfile, onProfile }: { isProfile: boolean; onProfile(isShown: boolean): void }) {
  const desk = useDesk();
  const { user } = desk.me;
  const choose = (name: ListName) => {
    desk.list.value = name;
    onProfile(false);
    if (matchMedia('(max-width: 760px)').matches) desk.show(undefined);
  };
  return (
    <header class="rail">
      <span class="rail-brand">
        <BrandMark />
      </span>
      <nav class="rail-lists" aria-label={t('list.nav')}>
        {LISTS.map(({ name, icon }) => {
          const rows = rowsOf(name, desk.rows.all.value, user.id);
          const hot =
            name === 'mine' ? rows.reduce((sum, row) => sum + row.unread, 0) : name === 'waiting' ? rows.filter(needsAnswer).length : 0;
          const isHere = !isProfile && desk.list.value === name;
          return (
            <button
              key={name}
              type="button"
              class={isHere ? 'rail-item is-here' : 'rail-item'}
              aria-current={isHere ? 'page' : undefined}
              onClick={() => choose(name)}
            >
              <span class="rail-icon">
                <Icon name={icon} size={22} />
                {hot > 0 && (
                  <span class="count rail-count">
                    {hot > 99 ? '99+' : hot}
                    <span class="sr-only"> </span>
                  </span>
                )}
              </span>
              <span class="rail-label">{t(`list.${name}`)}</span>
            </button>
          );
        })}
      </nav>
      <div class="rail-foot">
        <button
          type="button"
          class="icon-button rail-sound"
          aria-pressed={isSoundOn.value}
          aria-label={t(isSoundOn.value ? 'sound.on' : 'sound.off')}
          title={t(isSoundOn.value ? 'sound.on' : 'sound.off')}
          onClick={switchSound}
        >
          <Icon name={isSoundOn.value ? 'bell' : 'bellOff'} />
        </button>
        <button
          type="button"
          class={isProfile ? 'rail-profile is-here' : 'rail-profile'}
          title={t('profile.open')}
          aria-current={isProfile ? 'page' : undefined}
          onClick={() => onProfile(!isProfile)}
        >
          <span class="sr-only">{t('profile.open')}</span>
          <Avatar name={user.name} id={user.id} state={dotOf(desk.agent.value?.status ?? 'signed_out')} />
        </button>
      </div>
    </header>
  );
}
