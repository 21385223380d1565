/** RTE-7: the reasons that agents choose from when they pause. With all of them off, pausing has no reason and the desk shows plain buttons. */
import { adminApi } from './api.ts';
import { useLoaded } from './load.ts';
import { NamedLines } from './NamedLines.tsx';
import { t } from './texts.ts';
import type { PauseReason } from './types.ts';
import { Waiting } from './Waiting.tsx';

const NAME_MAX = 255;

export function PauseReasonPage() {
  const [state, set, reload] = useLoaded(async () => (await adminApi.pauseReasons()).items);
  if (state.name !== 'ready') return <Waiting state={state} onRetry={reload} />;
  const reasons = state.value;
  const change = async (reason: PauseReason, fields: Partial<PauseReason>) => {
    const changed = await adminApi.changePauseReason(reason.id, fields, reason.version);
    set((now) => now.map((known) => (known.id === reason.id ? changed : known)));
  };
  return (
    <div class="admin-page">
      <header class="admin-head">
        <div>
          <h3>{t('page.pauses')}</h3>
          <p>{t('pauses.hint')}</p>
        </div>
      </header>
      <p class={reasons.some(({ isEnabled }) => isEnabled) ? 'said' : 'said is-warning'} role="status">
        {t(reasons.some(({ isEnabled }) => isEnabled) ? 'pauses.some' : 'pauses.allOff')}
      </p>
      <NamedLines
        items={reasons}
        maxLength={NAME_MAX}
        addLabel={t('pauses.new')}
        taken="pauses.taken"
        reload={reload}
        add={async (name) => {
          const made = await adminApi.makePauseReason(name);
          set((now) => [...now, made]);
        }}
        rename={(reason, name) => change(reason, { name })}
        remove={async (reason) => {
          await adminApi.deletePauseReason(reason.id);
          set((now) => now.filter(({ id }) => id !== reason.id));
        }}
        extra={(reason, attempt) => (
          <input
            type="checkbox"
            class="switch"
            aria-label={t('pauses.isOn', { name: reason.name })}
            title={t('pauses.isOn', { name: reason.name })}
            checked={reason.isEnabled}
            onChange={(event) => {
              const isEnabled = event.currentTarget.checked;
              void attempt(() => change(reason, { isEnabled }));
            }}
          />
        )}
      />
    </div>
  );
}
