/** One step: when, what happened, what decided it, who came next, who was left out and why; and why the one asked about was not the one. */
import { PlaceLink } from '../desk/PlaceLink.tsx';
import { Icon, type IconName } from '../ui/Icon.tsx';
import type { RoutingStep, Why } from './routing.ts';
import { t } from './texts.ts';
import { excludedText, runnerUpText, stepText, timeOfDay, whyNotText, whyText } from './words.ts';

const ICONS: Readonly<Record<string, IconName>> = {
  queued: 'clock',
  returned: 'retry',
  offered: 'bell',
  given: 'inbox',
  claimed: 'inbox',
  transferred: 'transfer',
  accepted: 'check',
  missed: 'bellOff',
  declined: 'close',
  withdrawn: 'close',
  taken_by_other: 'people',
  moved: 'transfer',
  relaxed: 'skill',
  priority: 'sort',
  recipe: 'route',
  closed: 'lock',
};

export interface RoutingLineProps {
  readonly step: RoutingStep;
  /** About whom it is asked why not. */
  readonly asked: { readonly name: string } | undefined;
}

export function RoutingLine({ step, asked }: RoutingLineProps) {
  const { why, whyNot, required } = step;
  return (
    <li class={`routing-line kind-${step.kind}`}>
      <span class="routing-mark">
        <Icon name={ICONS[step.kind] ?? 'route'} size={16} />
      </span>
      <div class="routing-body">
        <p class="routing-top">
          <strong>{stepText(step)}</strong>
          <time>{timeOfDay(step.at)}</time>
        </p>
        {required && required.length > 0 && (
          <p class="routing-facts">
            {t('routing.needs')}
            {required.map(({ id, name, level }) => (
              <em key={id} class="tag">
                {name} {level}
              </em>
            ))}
          </p>
        )}
        {why && <WhyCard why={why} />}
        {whyNot && asked && (
          <p class={whyNot.reason === 'chosen' ? 'why-not is-chosen' : 'why-not'}>
            <Icon name={whyNot.reason === 'chosen' ? 'check' : 'person'} size={16} />
            {whyNotText(whyNot, asked.name, step.queue.name)}
          </p>
        )}
      </div>
    </li>
  );
}

function WhyCard({ why }: { why: Why }) {
  const next = runnerUpText(why);
  return (
    <div class="why-card">
      <p>{whyText(why)}</p>
      <p class="routing-facts">
        {t(why.by === 'interaction' ? 'routing.compared' : 'routing.comparedWaiting', { count: why.compared })}
        {next && ' · '}
        {next && why.by === 'agent' && why.runnerUp ? (
          <PlaceLink to={{ name: 'routing', interaction: why.runnerUp.id }}>{next}</PlaceLink>
        ) : (
          next
        )}
      </p>
      {why.excluded.length > 0 && (
        <ul class="excluded" aria-label={t('routing.excluded')}>
          {why.excluded.map((entry) => (
            <li key={entry.reason} class="tag">
              {excludedText(why.by, entry)}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
