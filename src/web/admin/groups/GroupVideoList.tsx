/** Groups, searched by name, with whether each offers video; each leads to its rules. */
import { PlaceLink } from '../../desk/PlaceLink.tsx';
import { Icon } from '../../ui/Icon.tsx';
import { adminApi } from '../api.ts';
import { ListFrame } from '../ListFrame.tsx';
import { useSearchList } from '../searchList.ts';
import { t } from '../texts.ts';
import type { Group } from '../types.ts';

export function GroupVideoList() {
  const list = useSearchList<Group>((query) => adminApi.groups(query));
  return (
    <ListFrame title={t('page.video')} hint={t('video.hint')} searchLabel={t('video.search')} list={list}>
      {(group) => (
        <div class="admin-row">
          <PlaceLink to={{ name: 'admin', page: 'video', id: group.id }} class="row-link">
            <span class="row-mark">
              <Icon name="video" />
            </span>
            <span class="row-words">
              <strong>{group.name}</strong>
              <span>{t(group.video.isOn ? 'video.offered' : 'video.notOffered')}</span>
            </span>
            <span class="row-facts">
              {group.video.isOn && group.video.policy !== '' && <em class="tag">{t('video.withPolicy')}</em>}
              {!group.isActive && <em class="tag tag-warn">{t('off')}</em>}
            </span>
          </PlaceLink>
        </div>
      )}
    </ListFrame>
  );
}
