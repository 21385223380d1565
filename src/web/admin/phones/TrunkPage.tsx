/** Trunks, the ways to and from the telephone network, and what may be called out of the account (VOX-6). */
import { useEffect, useState } from 'preact/hooks';
import { Icon } from '../../ui/Icon.tsx';
import { adminApi } from '../api.ts';
import { useLoaded } from '../load.ts';
import { t } from '../texts.ts';
import type { Trunk } from '../types.ts';
import { Waiting } from '../Waiting.tsx';
import { OutboundForm } from './OutboundForm.tsx';
import { TrunkDialog } from './TrunkDialog.tsx';
import { TrunkTag } from './TrunkState.tsx';

/** How often it is looked whether a trunk registered meanwhile. */
const LOOK_MS = 3_000;

export function TrunkPage() {
  const [round, setRound] = useState(0);
  const [editing, setEditing] = useState<Trunk | 'new'>();
  const [state, change, reload] = useLoaded(() => Promise.all([adminApi.trunks(), adminApi.outbound()]), [round]);
  useEffect(() => {
    const look = () =>
      adminApi.trunks().then(
        (trunks) => change(([, rules]) => [trunks, rules]),
        // What is shown stays; the next look tells more.
        () => undefined,
      );
    const timer = setInterval(() => document.visibilityState === 'visible' && void look(), LOOK_MS);
    return () => clearInterval(timer);
  }, []);
  if (state.name !== 'ready') return <Waiting state={state} onRetry={reload} />;
  const [trunks, rules] = state.value;
  const again = () => {
    setEditing(undefined);
    setRound(round + 1);
  };
  return (
    <div class="admin-page">
      <header class="admin-head">
        <div>
          <h3>{t('page.trunks')}</h3>
          <p>{t('trunks.hint')}</p>
        </div>
        <button type="button" class="button primary" onClick={() => setEditing('new')}>
          <Icon name="plus" size={18} />
          {t('trunks.new')}
        </button>
      </header>
      {trunks.length === 0 ? (
        <p class="admin-wait">{t('trunks.none')}</p>
      ) : (
        <ul class="admin-list">
          {trunks.map((trunk) => (
            <li key={trunk.id}>
              <div class="admin-row">
                <button type="button" class="row-link" onClick={() => setEditing(trunk)}>
                  <span class="row-words">
                    <strong>{trunk.name}</strong>
                    <span>
                      {t(`trunks.type.${trunk.type}`)}
                      {placeOf(trunk) && ` · ${placeOf(trunk)}`}
                    </span>
                  </span>
                  <span class="row-facts">
                    {trunk.prefixes.length > 0 ? (
                      <em class="tag">
                        <bdi>{trunk.prefixes.slice(0, 4).join(' ')}</bdi>
                        {trunk.prefixes.length > 4 && ' …'}
                      </em>
                    ) : (
                      <em class="tag tag-quiet">{t('trunks.inboundOnly')}</em>
                    )}
                    <TrunkTag trunk={trunk} />
                    {!trunk.isActive && <em class="tag tag-warn">{t('off')}</em>}
                  </span>
                </button>
              </div>
            </li>
          ))}
        </ul>
      )}
      <OutboundForm rules={rules} />
      {editing && (
        <TrunkDialog
          trunk={editing === 'new' ? undefined : editing}
          state={editing === 'new' ? undefined : (trunks.find(({ id }) => id === editing.id) ?? editing)}
          onDone={again}
          onClose={() => setEditing(undefined)}
        />
      )}
    </div>
  );
}

const placeOf = ({ type, host, sources, username }: Trunk): string =>
  type === 'address' ? sources.join(', ') : type === 'provider' ? host : username;
