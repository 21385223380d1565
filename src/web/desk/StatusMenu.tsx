/**
 * RTE-4, RTE-7: what the agent is doing, and how to change it. While pause reasons are on, one menu signs in, pauses with a reason and signs out of
 * all queues; with all of them off, plain buttons sign in and pause, and signing out stands under three dots.
 */
import { useState } from 'preact/hooks';
import { newKey } from '../socket/socketClient.ts';
import type { AgentView } from '../socket/wire.ts';
import { Icon } from '../ui/Icon.tsx';
import { MenuButton } from '../ui/MenuButton.tsx';
import { now } from '../ui/now.ts';
import { lasting } from '../ui/time.ts';
import { useDesk } from './context.ts';
import { MoreMenu } from './MoreMenu.tsx';
import { MyQueuesDialog } from './MyQueuesDialog.tsx';
import { lookForPauseReasons, pauseReasons, reasonText } from './pauseReasons.ts';
import { language, t } from './texts.ts';

export function dotOf(status: AgentView['status']): 'on' | 'off' | 'pause' {
  if (status === 'signed_out') return 'off';
  return status === 'paused' || status === 'wrap_up' ? 'pause' : 'on';
}

export function StatusMenu() {
  const desk = useDesk();
  const agent = desk.agent.value;
  const [isInQueues, setInQueues] = useState(false);
  if (!agent) return null;
  const openQueues = () => setInQueues(true);
  return (
    <>
      {pauseReasons.value.length > 0 ? (
        <ReasonMenu agent={agent} onQueues={openQueues} />
      ) : (
        <PlainButtons agent={agent} onQueues={openQueues} />
      )}
      {isInQueues && <MyQueuesDialog onClose={() => setInQueues(false)} />}
    </>
  );
}

interface FormProps {
  readonly agent: AgentView;
  onQueues(): void;
}

function ReasonMenu({ agent, onQueues }: FormProps) {
  return (
    <MenuButton
      class="status-button"
      label={t('status.yours')}
      isFaceNamed
      menuClass="status-menu"
      onOpen={lookForPauseReasons}
      face={
        <>
          <StatusWords agent={agent} />
          <Icon name="down" size={16} />
        </>
      }
    >
      {(close) => <Items agent={agent} onDone={close} onQueues={onQueues} />}
    </MenuButton>
  );
}

function Items({ agent, onDone, onQueues }: FormProps & { onDone(): void }) {
  const desk = useDesk();
  const act = (frame: Parameters<typeof desk.run>[0]) => () => {
    onDone();
    void desk.run(frame);
  };
  const { canSignIn, isSignedIn, isPaused } = possible(agent);
  return (
    <>
      {canSignIn && (
        <button type="button" role="menuitem" onClick={act({ t: 'agent.signIn', key: newKey() })}>
          <Icon name="play" size={18} />
          {t('status.signIn')}
        </button>
      )}
      {isPaused && (
        <button type="button" role="menuitem" onClick={act({ t: 'agent.resume', key: newKey() })}>
          <Icon name="play" size={18} />
          {t('status.resume')}
        </button>
      )}
      {isSignedIn && !isPaused && (
        // biome-ignore lint/a11y/useSemanticElements: a group of menu items; a fieldset has no place in a menu
        <div role="group" aria-label={t('status.pause')}>
          <p class="menu-title" aria-hidden="true">
            {t('status.pause')}
          </p>
          {pauseReasons.value.map(({ id, name }) => (
            <button key={id} type="button" role="menuitem" onClick={act({ t: 'agent.pause', key: newKey(), reason: id })}>
              <Icon name="pause" size={18} />
              <span class="menu-name">{name}</span>
            </button>
          ))}
        </div>
      )}
      <hr class="menu-rule" />
      <button
        type="button"
        role="menuitem"
        onClick={() => {
          onDone();
          onQueues();
        }}
      >
        <Icon name="inbox" size={18} />
        {t('status.queuesAndDevices')}
      </button>
      {isSignedIn && (
        <button type="button" role="menuitem" class="is-danger" onClick={act({ t: 'agent.signOut', key: newKey() })}>
          <Icon name="end" size={18} />
          {t('status.signOut')}
        </button>
      )}
    </>
  );
}

function PlainButtons({ agent, onQueues }: FormProps) {
  const desk = useDesk();
  const { canSignIn, isSignedIn, isPaused } = possible(agent);
  return (
    <div class="status-plain">
      <p class="status-button">
        <StatusWords agent={agent} />
      </p>
      <div class="status-buttons">
        {isPaused ? (
          <button type="button" class="button primary" onClick={() => void desk.run({ t: 'agent.resume', key: newKey() })}>
            {t('status.resume')}
          </button>
        ) : (
          <>
            {canSignIn && (
              <button
                type="button"
                class={isSignedIn ? 'button' : 'button primary'}
                onClick={() => void desk.run({ t: 'agent.signIn', key: newKey() })}
              >
                {t('status.signIn.plain')}
              </button>
            )}
            {isSignedIn && (
              <button type="button" class="button" onClick={() => void desk.run({ t: 'agent.pause', key: newKey(), reason: '' })}>
                {t('status.pauseAll')}
              </button>
            )}
          </>
        )}
        <MoreMenu
          label={t('status.more')}
          onOpen={lookForPauseReasons}
          items={[
            { icon: 'inbox', text: t('status.queuesAndDevices'), act: onQueues },
            isSignedIn && { icon: 'end', text: t('status.signOut'), act: () => void desk.run({ t: 'agent.signOut', key: newKey() }) },
          ]}
        />
      </div>
    </div>
  );
}

function StatusWords({ agent }: { agent: AgentView }) {
  const reason = agent.status === 'paused' ? reasonText(agent.pauseReason) : '';
  return (
    <>
      <span class="sr-only">{t('status.yours')}</span>
      <i class={`dot dot-${dotOf(agent.status)}`} />
      <span class="status-words">
        {agent.queues.length === 0 ? t('status.noQueue') : t(`status.${agent.status}`)}
        {reason && ` · ${reason}`}
        {agent.placedCalls > 0 && ` · ${t('status.ownCall')}`}
      </span>
      {/* Who was never signed in is so since no time that says anything. */}
      {agent.since > 0 && <time>{lasting(agent.since, now.value, language.value)}</time>}
    </>
  );
}

/** What can be done now. Temporary sign-ins are not what "all queues" means (ACC-5). */
function possible(agent: AgentView) {
  return {
    canSignIn: agent.queues.some((queue) => !queue.isSignedIn && !queue.isTemporary),
    isSignedIn: agent.queues.some((queue) => queue.isSignedIn),
    isPaused: agent.status === 'paused',
  };
}
