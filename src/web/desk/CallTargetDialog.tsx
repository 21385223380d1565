/** VOX-4: whom a call goes to, or who is asked first: a colleague, a queue, or a number. */
import { useEffect, useState } from 'preact/hooks';
import type { AgentView, CallTarget } from '../socket/wire.ts';
import { Avatar } from '../ui/Avatar.tsx';
import { Icon } from '../ui/Icon.tsx';
import { api } from './api.ts';
import { useDesk } from './context.ts';
import { Dialog } from './Dialog.tsx';
import { Field } from './Field.tsx';
import { dotOf } from './StatusMenu.tsx';
import { t } from './texts.ts';

type Kind = 'transfer' | 'consult';
/** As people write it; what is meant is sent. */
const numberOf = (typed: string): string | undefined => /^\+?[0-9*#]{1,32}$/.exec(typed.replace(/[\s().\-/]/g, ''))?.[0];

export function CallTargetDialog({ kind, onChoose, onClose }: { kind: Kind; onChoose(to: CallTarget): Promise<unknown>; onClose(): void }) {
  const desk = useDesk();
  const [agents, setAgents] = useState<readonly AgentView[]>();
  const [queues, setQueues] = useState<readonly { id: string; name: string }[]>([]);
  const [typed, setTyped] = useState('');
  const [isBusy, setBusy] = useState(false);
  useEffect(() => {
    void api.agents().then(
      (found) => setAgents(found),
      () => setAgents([]),
    );
    void api.voiceQueues().then(setQueues, () => undefined);
  }, []);
  const matches = (name: string): boolean => name.toLocaleLowerCase().includes(typed.trim().toLocaleLowerCase());
  const colleagues = (agents ?? []).filter(({ id, name, status }) => id !== desk.me.user.id && status !== 'signed_out' && matches(name));
  const others = kind === 'transfer' ? queues.filter(({ name }) => matches(name)) : [];
  const number = numberOf(typed);
  const choose = async (to: CallTarget): Promise<void> => {
    setBusy(true);
    await onChoose(to);
    setBusy(false);
  };
  return (
    <Dialog title={t(kind === 'transfer' ? 'call.transfer.to' : 'call.consult.with')} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (number) void choose({ kind: 'number', number });
        }}
      >
        <Field label={t('call.target')} type="search" value={typed} onInput={setTyped} isFocused />
      </form>
      <ul class="agents" aria-busy={isBusy}>
        {number && (
          <li>
            <button type="button" class="agent" disabled={isBusy} onClick={() => void choose({ kind: 'number', number })}>
              <span class="target-mark">
                <Icon name="phone" size={18} />
              </span>
              <span class="row-words">
                <strong>{t('call.target.number', { number })}</strong>
              </span>
            </button>
          </li>
        )}
        {colleagues.map((agent) => (
          <li key={agent.id}>
            <button type="button" class="agent" disabled={isBusy} onClick={() => void choose({ kind: 'agent', userId: agent.id })}>
              <Avatar name={agent.name} id={agent.id} state={dotOf(agent.status)} />
              <span class="row-words">
                <strong>{agent.name}</strong>
                <span>{t(`status.${agent.status}`)}</span>
              </span>
            </button>
          </li>
        ))}
        {others.map(({ id, name }) => (
          <li key={id}>
            <button type="button" class="agent" disabled={isBusy} onClick={() => void choose({ kind: 'queue', queueId: id })}>
              <span class="target-mark">
                <Icon name="inbox" size={18} />
              </span>
              <span class="row-words">
                <strong>{name}</strong>
                <span>{t('card.queue')}</span>
              </span>
            </button>
          </li>
        ))}
      </ul>
      {agents && !number && colleagues.length + others.length === 0 && (
        <p class="dialog-hint" role="status">
          {t('call.target.none')}
        </p>
      )}
    </Dialog>
  );
}
