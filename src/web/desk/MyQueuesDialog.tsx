/** RTE-4: the agent's queues one by one, further queues where the account allows it (ACC-5), and the devices that are live. */
import { useEffect, useState } from 'preact/hooks';
import { newKey } from '../socket/socketClient.ts';
import { Icon } from '../ui/Icon.tsx';
import { api, type ServableQueue } from './api.ts';
import { useDesk } from './context.ts';
import { Dialog } from './Dialog.tsx';
import { deviceId } from './device.ts';
import { Field } from './Field.tsx';
import { MyQueueRow } from './MyQueueRow.tsx';
import { lookForPauseReasons } from './pauseReasons.ts';
import { t } from './texts.ts';

/** As many as fit; the search finds the others. */
const SHOWN = 8;

export function MyQueuesDialog({ onClose }: { onClose(): void }) {
  const desk = useDesk();
  const queues = desk.agent.value?.queues ?? [];
  useEffect(lookForPauseReasons, []);
  return (
    <Dialog title={t('mine.title')} onClose={onClose}>
      {queues.length === 0 && <p class="dialog-hint">{t('mine.none')}</p>}
      <ul class="my-queues">
        {queues.map((queue) => (
          <MyQueueRow key={queue.id} queue={queue} />
        ))}
      </ul>
      {desk.canSignInAnywhere.value && <OtherQueues />}
      <Devices />
    </Dialog>
  );
}

function OtherQueues() {
  const desk = useDesk();
  const [search, setSearch] = useState('');
  const [all, setAll] = useState<readonly ServableQueue[]>([]);
  useEffect(
    () =>
      void api.servableQueues(desk.me.user.id).then(
        ({ items }) => setAll(items),
        () => setAll([]),
      ),
    [],
  );
  const mine = new Set(desk.agent.value?.queues.map(({ id }) => id));
  const found = all.filter(({ id, name }) => !mine.has(id) && name.toLocaleLowerCase().includes(search.trim().toLocaleLowerCase()));
  if (all.every(({ id }) => mine.has(id))) return null;
  return (
    <section class="mine-part">
      <h3>{t('mine.others')}</h3>
      <p class="dialog-hint">{t('mine.others.hint')}</p>
      {all.length > SHOWN && <Field label={t('mine.search')} type="search" value={search} onInput={setSearch} />}
      <ul class="my-queues">
        {found.slice(0, SHOWN).map((queue) => (
          <li key={queue.id} class="my-queue">
            <span class="my-queue-words">
              <Icon name={queue.channel === 'voice' ? 'phone' : 'chat'} size={16} />
              <strong>{queue.name}</strong>
            </span>
            <button
              type="button"
              class="button"
              aria-label={t('status.signIn.one', { queue: queue.name })}
              onClick={() => void desk.run({ t: 'agent.signIn', key: newKey(), queues: [queue.id] })}
            >
              {t('status.signIn.plain')}
            </button>
          </li>
        ))}
      </ul>
      {found.length === 0 && (
        <p class="dialog-hint" role="status">
          {t('mine.noneFound')}
        </p>
      )}
    </section>
  );
}

function Devices() {
  const desk = useDesk();
  const devices = desk.agent.value?.devices ?? [];
  if (devices.length === 0) return null;
  return (
    <section class="mine-part">
      <h3>{t('mine.devices')}</h3>
      <ul class="devices">
        {devices.map((device) => (
          <li key={device.id}>
            <i class={`dot dot-${device.isLive ? 'on' : 'off'}`} />
            <span>{device.name}</span>
            {device.id === deviceId() && <em class="tag">{t('profile.this')}</em>}
            <span class="device-state">{t(device.isLive ? 'mine.live' : 'mine.away')}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
