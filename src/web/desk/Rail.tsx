/** The narrow column on the left (on a phone: the bar below): lists with what is unread in them, overview, configuration, sound, profile. */
import { Avatar } from '../ui/Avatar.tsx';
import { Icon, type IconName } from '../ui/Icon.tsx';
import { useDesk } from './context.ts';
import { BrandMark } from './EntryCard.tsx';
import { PlaceLink } from './PlaceLink.tsx';
import { go, type Place } from './place.ts';
import { mayConfigure, mayReadCalls, maySupervise } from './rights.ts';
import { type ListName, needsAnswer, rowsOf } from './rows.ts';
import { dotOf } from './StatusMenu.tsx';
import { isSoundOn, switchSound } from './sound.ts';
import { t } from './texts.ts';

const LISTS: readonly { readonly name: ListName; readonly icon: IconName }[] = [
  { name: 'mine', icon: 'inbox' },
  { name: 'waiting', icon: 'clock' },
  { name: 'all', icon: 'people' },
];

export function Rail({ here }: { here: Place }) {
  const desk = useDesk();
  const { user } = desk.me;
  const choose = (name: ListName) => {
    desk.list.value = name;
    go({ name: 'desk' });
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
          const isHere = here.name === 'desk' && desk.list.value === name;
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
        {mayReadCalls(desk.me) && <RailLink to={{ name: 'calls' }} icon="phone" label={t('calls.title')} isHere={here.name === 'calls'} />}
        {maySupervise(desk.me) && (
          <RailLink
            to={{ name: 'overview' }}
            icon="gauge"
            label={t('overview.title')}
            isHere={here.name === 'overview' || here.name === 'routing'}
          />
        )}
      </nav>
      <div class="rail-foot">
        {mayConfigure(desk.me) && (
          <RailLink
            class="rail-admin"
            to={{ name: 'admin', page: 'queues' }}
            icon="settings"
            label={t('admin.short')}
            isHere={here.name === 'admin'}
          />
        )}
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
          class={here.name === 'profile' ? 'rail-profile is-here' : 'rail-profile'}
          title={t('profile.open')}
          aria-current={here.name === 'profile' ? 'page' : undefined}
          onClick={() => go(here.name === 'profile' ? { name: 'desk' } : { name: 'profile' })}
        >
          <span class="sr-only">{t('profile.open')}</span>
          <Avatar name={user.name} id={user.id} state={dotOf(desk.agent.value?.status ?? 'signed_out')} />
        </button>
      </div>
    </header>
  );
}

function RailLink({
  to,
  icon,
  label,
  isHere,
  class: name = '',
}: {
  to: Place;
  icon: IconName;
  label: string;
  isHere: boolean;
  class?: string;
}) {
  return (
    <PlaceLink to={to} isHere={isHere} class={`rail-item ${name} ${isHere ? 'is-here' : ''}`}>
      <span class="rail-icon">
        <Icon name={icon} size={22} />
      </span>
      <span class="rail-label">{label}</span>
    </PlaceLink>
  );
}
