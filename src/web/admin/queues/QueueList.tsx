/** RTE-1: the searchable list of queues, where the priority of each is typed or stepped at once. */
import { useState } from 'preact/hooks';
import { useDesk } from '../../desk/context.ts';
import { PlaceLink } from '../../desk/PlaceLink.tsx';
import { Icon } from '../../ui/Icon.tsx';
import { adminApi } from '../api.ts';
import { ListFrame } from '../ListFrame.tsx';
import { useSearchList } from '../searchList.ts';
import { t } from '../texts.ts';
import type { Queue } from '../types.ts';
import { NewQueueDialog } from './NewQueueDialog.tsx';
import { PriorityCell } from './PriorityCell.tsx';

export function QueueList() {
  const desk = useDesk();
  const list = useSearchList<Queue>((query) => adminApi.queues(query));
  const [isMaking, setMaking] = useState(false);
  return (
    <ListFrame
      title={t('page.queues')}
      hint={t('queues.hint')}
      searchLabel={t('queues.search')}
      list={list}
      action={
        <>
          <button type="button" class="button primary" onClick={() => setMaking(true)}>
            <Icon name="plus" size={18} />
            {t('queues.new')}
          </button>
          {isMaking && <NewQueueDialog onClose={() => setMaking(false)} />}
        </>
      }
    >
      {(queue) => (
        <div class="admin-row">
          <PlaceLink to={{ name: 'admin', page: 'queues', id: queue.id }} class="row-link">
            <span class="row-mark">
              <Icon name={queue.channel === 'voice' ? 'phone' : 'chat'} />
            </span>
            <span class="row-words">
              <strong>{queue.name}</strong>
              <span>
                {t(`channel.${queue.channel}`)} · {t(`mode.${queue.mode}`)}
              </span>
            </span>
            {!queue.isActive && <em class="tag tag-warn">{t('queues.off')}</em>}
          </PlaceLink>
          <PriorityCell queue={queue} onChanged={list.replace} onProblem={(text) => desk.toast(text)} />
        </div>
      )}
    </ListFrame>
  );
}
