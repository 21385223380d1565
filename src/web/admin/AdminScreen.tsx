/** Configuration: queues, agents, numbers, phones, trunks, video, skills, pause reasons, audit log, organisation. A page of its own in the desk, loaded when it is opened first. */

import { useEffect, useRef } from 'preact/hooks';
import { PlaceLink } from '../desk/PlaceLink.tsx';
import type { AdminPage } from '../desk/place.ts';
import { ADMIN_PAGES } from '../desk/place.ts';
import { useArrivalFocus } from '../desk/useArrivalFocus.ts';
import { Icon, type IconName } from '../ui/Icon.tsx';
import { AccountPage } from './AccountPage.tsx';
import './admin.css';
import { AuditPage } from './AuditPage.tsx';
import { AgentEditor } from './agents/AgentEditor.tsx';
import { AgentPage } from './agents/AgentList.tsx';
import { GroupVideoEditor } from './groups/GroupVideoEditor.tsx';
import { GroupVideoList } from './groups/GroupVideoList.tsx';
import { PauseReasonPage } from './PauseReasonPage.tsx';
import { NumberPage } from './phones/NumberPage.tsx';
import { PhonePage } from './phones/PhonePage.tsx';
import { TrunkPage } from './phones/TrunkPage.tsx';
import { QueueEditor } from './queues/QueueEditor.tsx';
import { QueueList } from './queues/QueueList.tsx';
import { SkillPage } from './SkillPage.tsx';
import { t } from './texts.ts';

const ICONS: Readonly<Record<AdminPage, IconName>> = {
  queues: 'inbox',
  agents: 'people',
  numbers: 'keypad',
  phones: 'phone',
  trunks: 'link',
  video: 'video',
  skills: 'skill',
  pauses: 'pause',
  audit: 'note',
  account: 'globe',
};

export function AdminScreen({ page, id }: { page: AdminPage; id: string | undefined }) {
  const tabs = useRef<HTMLUListElement>(null);
  // On a phone the pages stand in one row that is wider than the screen.
  useEffect(() => tabs.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' }), [page]);
  const arrival = useArrivalFocus(`${page}/${id}`);
  return (
    <section class="screen admin" aria-label={t('title')}>
      <nav class="admin-nav" aria-label={t('title')}>
        <h2>{t('title')}</h2>
        <ul ref={tabs}>
          {ADMIN_PAGES.map((name) => (
            <li key={name}>
              <PlaceLink to={{ name: 'admin', page: name }} isHere={name === page} class="admin-tab">
                <Icon name={ICONS[name]} size={18} />
                {t(`page.${name}`)}
              </PlaceLink>
            </li>
          ))}
        </ul>
      </nav>
      <section class="admin-body" key={`${page}/${id}`} aria-label={t(`page.${page}`)} ref={arrival} tabIndex={-1}>
        <AdminPagePart page={page} id={id} />
      </section>
    </section>
  );
}

function AdminPagePart({ page, id }: { page: AdminPage; id: string | undefined }) {
  switch (page) {
    case 'queues':
      return id === undefined ? <QueueList /> : <QueueEditor id={id} />;
    case 'agents':
      return id === undefined ? <AgentPage /> : <AgentEditor id={id} />;
    case 'numbers':
      return <NumberPage />;
    case 'phones':
      return <PhonePage />;
    case 'trunks':
      return <TrunkPage />;
    case 'video':
      return id === undefined ? <GroupVideoList /> : <GroupVideoEditor id={id} />;
    case 'audit':
      return <AuditPage />;
    case 'skills':
      return <SkillPage />;
    case 'pauses':
      return <PauseReasonPage />;
    case 'account':
      return <AccountPage />;
  }
}
