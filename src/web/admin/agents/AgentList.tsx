/** The people of the account, searched by name or e-mail, with what they do now. */
import { useEffect, useState } from 'preact/hooks';
import { api } from '../../desk/api.ts';
import { PlaceLink } from '../../desk/PlaceLink.tsx';
import { dotOf } from '../../desk/StatusMenu.tsx';
import { t as deskText } from '../../desk/texts.ts';
import type { AgentView } from '../../socket/wire.ts';
import { Avatar } from '../../ui/Avatar.tsx';
import { Icon } from '../../ui/Icon.tsx';
import { adminApi } from '../api.ts';
import { ListFrame } from '../ListFrame.tsx';
import { useSearchList } from '../searchList.ts';
import { t } from '../texts.ts';
import type { User } from '../types.ts';
import { InviteDialog } from './InviteDialog.tsx';

export function AgentPage() {
  const [round, setRound] = useState(0);
  return <AgentList key={round} onChanged={() => setRound(round + 1)} />;
}

function AgentList({ onChanged }: { onChanged(): void }) {
  const list = useSearchList<User>((query) => adminApi.users(query));
  const [isInviting, setInviting] = useState(false);
  const [live, setLive] = useState<ReadonlyMap<string, AgentView>>(new Map());
  useEffect(
    () =>
      void api.agents().then(
        (agents) => setLive(new Map(agents.map((agent) => [agent.id, agent]))),
        () => undefined, // The list serves without it.
      ),
    [],
  );
  return (
    <>
      <ListFrame
        title={t('page.agents')}
        hint={t('agents.hint')}
        searchLabel={t('agents.search')}
        list={list}
        action={
          <button type="button" class="button primary" onClick={() => setInviting(true)}>
            <Icon name="plus" size={18} />
            {t('invite.new')}
          </button>
        }
      >
        {(user) => {
          const agent = live.get(user.id);
          const serves = user.queues.filter(({ role }) => role === 'agent').length;
          const supervises = user.queues.filter(({ role }) => role === 'supervisor').length;
          return (
            <div class="admin-row">
              <PlaceLink to={{ name: 'admin', page: 'agents', id: user.id }} class="row-link">
                <Avatar name={user.name} id={user.id} state={agent && dotOf(agent.status)} />
                <span class="row-words">
                  <strong>{user.name}</strong>
                  <span>
                    {agent && `${deskText(`status.${agent.status}`)} · `}
                    {user.email}
                  </span>
                </span>
                <span class="row-facts">
                  {user.role !== 'member' && <em class="tag tag-good">{t(`role.${user.role}`)}</em>}
                  {user.status !== 'active' && <em class="tag tag-warn">{t(`user.${user.status}`)}</em>}
                  {serves > 0 && <em class="tag">{t('agents.serves', { count: serves })}</em>}
                  {supervises > 0 && <em class="tag">{t('agents.supervises', { count: supervises })}</em>}
                  {user.skills.length > 0 && <em class="tag">{t('agents.skills', { count: user.skills.length })}</em>}
                </span>
              </PlaceLink>
            </div>
          );
        }}
      </ListFrame>
      {isInviting && <InviteDialog onDone={onChanged} onClose={() => setInviting(false)} />}
    </>
  );
}
