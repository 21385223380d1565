/** Transfer to a colleague, or invite one into the conversation: only who is signed in and not away. */
import { useEffect, useState } from 'preact/hooks';
import { newKey } from '../socket/socketClient.ts';
import type { AgentView, InteractionView } from '../socket/wire.ts';
import { Avatar } from '../ui/Avatar.tsx';
import { api } from './api.ts';
import { useDesk } from './context.ts';
import { Dialog } from './Dialog.tsx';
import { Field } from './Field.tsx';
import { dotOf } from './StatusMenu.tsx';
import { t } from './texts.ts';

export function PickAgentDialog({ kind, view, onDone }: { kind: 'transfer' | 'invite'; view: InteractionView; onDone(): void }) {
  const desk = useDesk();
  const [agents, setAgents] = useState<readonly AgentView[]>();
  const [search, setSearch] = useState('');
  useEffect(() => {
    void api.agents().then(
      (found) => setAgents(found),
      () => setAgents([]),
    );
  }, []);
  const inside = new Set([desk.me.user.id, view.owner?.id, ...view.participants.map((agent) => agent.id)]);
  const found = (agents ?? []).filter(
    (agent) =>
      !inside.has(agent.id) &&
      agent.status !== 'signed_out' &&
      agent.status !== 'paused' &&
      agent.name.toLocaleLowerCase().includes(search.trim().toLocaleLowerCase()),
  );
  const choose = async (agent: AgentView) => {
    const interaction = view.id;
    const isDone = await desk.run(
      kind === 'transfer'
        ? { t: 'interaction.transfer', key: newKey(), interaction, to: agent.id }
        : { t: 'participant.invite', key: newKey(), interaction, agent: agent.id },
    );
    if (isDone) onDone();
  };
  return (
    <Dialog title={t(kind === 'transfer' ? 'pick.transfer' : 'pick.invite')} onClose={onDone}>
      <Field label={t('pick.search')} type="search" value={search} onInput={setSearch} isFocused />
      <ul class="agents">
        {found.map((agent) => (
          <li key={agent.id}>
            <button type="button" class="agent" onClick={() => void choose(agent)}>
              <Avatar name={agent.name} id={agent.id} state={dotOf(agent.status)} />
              <span class="row-words">
                <strong>{agent.name}</strong>
                <span>
                  {t(`status.${agent.status}`)} ·{' '}
                  {agent.queues
                    .filter((queue) => queue.isSignedIn)
                    .map((queue) => queue.name)
                    .join(', ')}
                </span>
              </span>
              <span class="tag">{t('pick.load', { load: agent.load, capacity: agent.capacity })}</span>
            </button>
          </li>
        ))}
      </ul>
      {agents && found.length === 0 && (
        <p class="dialog-hint" role="status">
          {t('pick.none')}
        </p>
      )}
    </Dialog>
  );
}
