/**
 * BEY-2: why this agent, and why not another one. The steps of one interaction's routing in their order, each with what decided it. Agents ask
 * about themselves; who supervises asks about anybody.
 */
import { useEffect, useState } from 'preact/hooks';
import { api, Problem } from '../desk/api.ts';
import { clientName } from '../desk/clientName.ts';
import { useDesk } from '../desk/context.ts';
import { PlaceLink } from '../desk/PlaceLink.tsx';
import { maySupervise } from '../desk/rights.ts';
import { t as deskText, errorText } from '../desk/texts.ts';
import { useArrivalFocus } from '../desk/useArrivalFocus.ts';
import { Icon } from '../ui/Icon.tsx';
import { now } from '../ui/now.ts';
import { clock, dayName } from '../ui/time.ts';
import { type PastItem, superviseApi } from './api.ts';
import { RoutingLine } from './RoutingLine.tsx';
import type { RoutingView } from './routing.ts';
import './overview.css';
import './routing.css';
import { language, t } from './texts.ts';

interface Person {
  readonly id: string;
  readonly name: string;
}

export function RoutingScreen({ interaction }: { interaction: string }) {
  const { me } = useDesk();
  const arrival = useArrivalFocus(interaction);
  const isSupervisor = maySupervise(me);
  const [view, setView] = useState<RoutingView>();
  const [item, setItem] = useState<PastItem>();
  const [agents, setAgents] = useState<readonly Person[]>([]);
  const [asked, setAsked] = useState(isSupervisor ? '' : me.user.id);
  const [problem, setProblem] = useState('');
  useEffect(() => {
    superviseApi.interaction(interaction).then(setItem, () => setItem(undefined));
    if (isSupervisor)
      api.agents().then(
        (found) => setAgents(found),
        () => setAgents([]),
      );
  }, []);
  useEffect(() => {
    let isPast = false;
    superviseApi.routing(interaction, asked).then(
      (found) => {
        if (isPast) return;
        setView(found);
        setProblem('');
      },
      (error: unknown) => !isPast && tell(error),
    );
    return () => {
      isPast = true;
    };
  }, [asked]);
  const tell = (error: unknown): void => {
    if (!(error instanceof Problem)) throw error;
    setProblem(error.code === 'not_found' ? t('routing.notFound') : errorText(error.code));
  };
  const readOn = (seen: RoutingView): void => {
    superviseApi.routing(interaction, asked, seen.nextCursor).then((more) => {
      // Another agent was asked about meanwhile: what came belongs to a list that is gone.
      setView((now) => (now === seen ? { ...more, decisions: [...seen.decisions, ...more.decisions] } : now));
    }, tell);
  };
  const begun = view?.decisions[0];
  const queue = item?.queue ?? begun?.queue;
  return (
    <section class="screen overview" aria-label={t('routing.title')} ref={arrival} tabIndex={-1}>
      <div class="overview-inner routing">
        <PlaceLink to={isSupervisor ? { name: 'overview', ...(queue && { queue: queue.id }) } : { name: 'desk' }} class="overview-back">
          <Icon name="back" size={18} />
          {isSupervisor ? (queue?.name ?? t('title')) : deskText('profile.close')}
        </PlaceLink>
        <header class="overview-head">
          <h2>{t(isSupervisor ? 'routing.title' : 'routing.own')}</h2>
          {item && (
            <p class="overview-sum">
              {clientName(item.client)} · {dayName(item.createdAt, now.value, language.value)}, {clock(item.createdAt, language.value)}
              {item.owner && ` · ${item.owner.name}`}
            </p>
          )}
        </header>
        {isSupervisor && (
          <label class="why-not-pick">
            <span>{t('routing.whyNot')}</span>
            <select class="input" value={asked} onChange={(event) => setAsked(event.currentTarget.value)}>
              <option value="">{t('routing.nobody')}</option>
              {people(agents, view).map(({ id, name }) => (
                <option key={id} value={id}>
                  {name}
                </option>
              ))}
            </select>
          </label>
        )}
        {problem && (
          <p class="overview-wait" role="alert">
            {problem}
          </p>
        )}
        {view && (
          <ol class="routing-lines" aria-live="polite">
            {view.decisions.map((step) => (
              <RoutingLine key={step.seq} step={step} asked={view.agent} />
            ))}
          </ol>
        )}
        {view?.nextCursor && (
          <button type="button" class="button" onClick={() => readOn(view)}>
            {t('routing.more')}
          </button>
        )}
        {view?.decisions.length === 0 && <p class="overview-wait">{t('routing.none')}</p>}
      </div>
    </section>
  );
}

/** Who can be asked about: those who are agents now, and those of the steps, who may have left since. */
function people(agents: readonly Person[], view: RoutingView | undefined): Person[] {
  const all = new Map(agents.map(({ id, name }) => [id, name]));
  for (const { agent } of view?.decisions ?? []) if (agent && !all.has(agent.id)) all.set(agent.id, agent.name);
  if (view?.agent && !all.has(view.agent.id)) all.set(view.agent.id, view.agent.name);
  return [...all].map(([id, name]) => ({ id, name })).sort((a, b) => a.name.localeCompare(b.name));
}
