/** CHT-11, the basics: who the client is and where they come from. */
import type { ComponentChildren } from 'preact';
import type { InteractionView } from '../socket/wire.ts';
import { Avatar } from '../ui/Avatar.tsx';
import { Icon, type IconName } from '../ui/Icon.tsx';
import { now } from '../ui/now.ts';
import { clock, dayName } from '../ui/time.ts';
import { clientName } from './clientName.ts';
import { useDesk } from './context.ts';
import { deviceName } from './device.ts';
import { language, t } from './texts.ts';

export function ClientCard({ view, onClose }: { view: InteractionView; onClose(): void }) {
  const desk = useDesk();
  const { client, page } = view;
  const queue = desk.agent.value?.queues.find(({ id }) => id === view.queue)?.name;
  const outcome = desk.queueSettings.value.get(view.queue)?.outcomes.find(({ id }) => id === view.outcome)?.name ?? view.outcome;
  const agents = [view.owner, ...view.participants].filter((agent) => agent !== undefined);
  return (
    <aside class="client-card" aria-label={t('card.title')}>
      <button type="button" class="icon-button card-close" aria-label={t('dismiss')} onClick={onClose}>
        <Icon name="close" />
      </button>
      <div class="card-top">
        <Avatar name={clientName(client)} id={client.id} size="lg" />
        <h3>{clientName(client)}</h3>
      </div>
      <dl>
        <Fact icon="clock" name={t('card.since')}>
          {dayName(view.createdAt, now.value, language.value)}, {clock(view.createdAt, language.value)}
        </Fact>
        {page && (
          <Fact icon="monitor" name={t('card.page')}>
            <Address url={page.url} text={page.title || page.url} />
          </Fact>
        )}
        {page?.referrer && (
          <Fact icon="link" name={t('card.referrer')}>
            <Address url={page.referrer} text={page.referrer} />
          </Fact>
        )}
        {view.language && (
          <Fact icon="globe" name={t('card.language')}>
            {languageName(view.language)}
          </Fact>
        )}
        {view.userAgent &&
          (view.medium === 'voice' ? (
            <Fact icon="phone" name={t('card.dialled')}>
              {view.userAgent}
            </Fact>
          ) : (
            <Fact icon="settings" name={t('card.device')}>
              {deviceName(view.userAgent)}
            </Fact>
          ))}
        {queue && (
          <Fact icon="inbox" name={t('card.queue')}>
            {queue}
          </Fact>
        )}
        {agents.length > 0 && (
          <Fact icon="people" name={t('card.agents')}>
            {agents.map((agent) => agent.name).join(', ')}
          </Fact>
        )}
        {view.rating !== undefined && (
          <Fact icon="star" name={t('card.rating')}>
            {t('card.rated', { value: view.rating })}
          </Fact>
        )}
        {outcome && (
          <Fact icon="check" name={t('card.outcome')}>
            {outcome}
          </Fact>
        )}
      </dl>
    </aside>
  );
}

function Fact({ icon, name, children }: { icon: IconName; name: string; children: ComponentChildren }) {
  return (
    <div class="fact">
      <dt>
        <Icon name={icon} size={16} />
        {name}
      </dt>
      <dd dir="auto">{children}</dd>
    </div>
  );
}

/** The client's browser said it, so it is a link only when it is a web address. */
function Address({ url, text }: { url: string; text: string }) {
  return /^https?:\/\//.test(url) ? (
    <a href={url} target="_blank" rel="noopener noreferrer nofollow">
      {text}
    </a>
  ) : (
    <span>{text}</span>
  );
}

function languageName(code: string): string {
  try {
    return new Intl.DisplayNames([language.value], { type: 'language' }).of(code) ?? code;
  } catch (error) {
    if (error instanceof RangeError) return code;
    throw error;
  }
}
