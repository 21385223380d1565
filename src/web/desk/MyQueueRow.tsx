/** One of the agent's queues: signed in or not, paused in it alone or not, and the buttons that change that. */
import { useState } from 'preact/hooks';
import { newKey } from '../socket/socketClient.ts';
import type { AgentView } from '../socket/wire.ts';
import { useDesk } from './context.ts';
import { pauseReasons, reasonText } from './pauseReasons.ts';
import { t } from './texts.ts';

export function MyQueueRow({ queue }: { queue: AgentView['queues'][number] }) {
  const desk = useDesk();
  const [isChoosing, setChoosing] = useState(false);
  const isPaused = queue.pauseReason !== undefined;
  const queues = [queue.id];
  const name = queue.name;
  const pause = (reason: string) => {
    setChoosing(false);
    void desk.run({ t: 'agent.pause', key: newKey(), reason, queues });
  };
  const state = !queue.isSignedIn ? t('mine.out') : isPaused ? t('mine.paused') : t('mine.in');
  const reason = reasonText(queue.pauseReason);
  return (
    <li class="my-queue">
      <span class="my-queue-words">
        <i class={`dot dot-${!queue.isSignedIn ? 'off' : isPaused ? 'pause' : 'on'}`} />
        <strong>{name}</strong>
        {queue.isTemporary && <em class="tag tag-warn">{t('mine.temporary')}</em>}
        <span class="my-queue-state">
          {state}
          {reason && ` · ${reason}`}
        </span>
      </span>
      <span class="my-queue-buttons">
        {!queue.isSignedIn ? (
          <button
            type="button"
            class="button"
            aria-label={t('status.signIn.one', { queue: name })}
            onClick={() => void desk.run({ t: 'agent.signIn', key: newKey(), queues })}
          >
            {t('status.signIn.plain')}
          </button>
        ) : (
          <>
            {isPaused ? (
              <button
                type="button"
                class="button"
                aria-label={t('mine.resumeIn', { queue: name })}
                onClick={() => void desk.run({ t: 'agent.resume', key: newKey(), queues })}
              >
                {t('status.resume')}
              </button>
            ) : (
              <button
                type="button"
                class="button"
                aria-label={t('mine.pauseIn', { queue: name })}
                aria-expanded={pauseReasons.value.length > 0 ? isChoosing : undefined}
                onClick={() => (pauseReasons.value.length > 0 ? setChoosing(!isChoosing) : pause(''))}
              >
                {t('status.pause')}
              </button>
            )}
            <button
              type="button"
              class="button quiet"
              aria-label={t('status.signOut.one', { queue: name })}
              onClick={() => void desk.run({ t: 'agent.signOut', key: newKey(), queues })}
            >
              {t('mine.signOut')}
            </button>
          </>
        )}
      </span>
      {isChoosing && !isPaused && (
        <fieldset class="reason-chips">
          <legend class="sr-only">{t('mine.pauseIn', { queue: name })}</legend>
          {pauseReasons.value.map(({ id, name: text }) => (
            <button key={id} type="button" class="reason-chip" onClick={() => pause(id)}>
              {text}
            </button>
          ))}
        </fieldset>
      )}
    </li>
  );
}
