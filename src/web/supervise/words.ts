/** Steps, reasons and figures in the words of the page's language. A code that is newer than this page falls back to the server's English. */
import { isSystemReason, reasonText } from '../desk/pauseReasons.ts';
import type { RoutingStep, Why, WhyNot } from './routing.ts';
import { language, t, tIfKnown } from './texts.ts';

export function stepText({ kind, agent, queue, text }: RoutingStep): string {
  return tIfKnown(`step.${kind}`, { agent: agent?.name ?? '', queue: queue.name }) ?? text;
}

/** What the key of a decision counts: nothing worth showing, a number, or since when. */
const COUNTED: ReadonlySet<string> = new Set(['load', 'calls', 'order', 'skill', 'preferred']);

export function whyText({ by, key, value, text }: Why): string {
  if (key === 'idle' && value === 0) return t('key.idle.never');
  const known = by === 'agent' && key === 'only' ? 'key.only.agent' : `key.${key}`;
  return tIfKnown(known, { value: key === 'idle' ? timeOfDay(value) : value }) ?? text;
}

export function runnerUpText({ key, runnerUp, by }: Why): string {
  if (!runnerUp) return '';
  if (by === 'agent') return t('next.interaction');
  if (key === 'idle' && runnerUp.value === 0) return t('next.never', { name: runnerUp.name });
  if (key === 'idle') return t('next.since', { name: runnerUp.name, time: timeOfDay(runnerUp.value) });
  return COUNTED.has(key) ? t('next.value', { name: runnerUp.name, value: runnerUp.value }) : t('next.name', { name: runnerUp.name });
}

export function excludedText(by: Why['by'], { reason, count, text }: Why['excluded'][number]): string {
  return tIfKnown(`excluded.${by}.${reason}`, { count }) ?? text;
}

export function whyNotText(answer: WhyNot, agent: string, queue: string): string {
  const facts = { agent, queue };
  switch (answer.reason) {
    case 'paused':
      return answer.pauseReason ? t('not.pausedFor', { ...facts, reason: pausedFor(answer.pauseReason) }) : t('not.paused', facts);
    case 'at_capacity':
      return answer.blockedBy
        ? t('not.blocked', { ...facts, held: heldText(answer.held), medium: t(`held.${answer.blockedBy}.many`) })
        : t('not.at_capacity', { ...facts, held: heldText(answer.held) });
    case 'lacks_skill':
      return answer.skill
        ? t('not.lacks_skill', { ...facts, skill: answer.skill.name, needed: answer.skill.needed, held: answer.skill.held })
        : t('not.lacksSome', facts);
    default:
      return tIfKnown(`not.${answer.reason}`, facts) ?? answer.text;
  }
}

/** The account's reasons are kept under their names, the system's under their codes. */
const pausedFor = ({ id, name }: NonNullable<WhyNot['pauseReason']>): string => reasonText(isSystemReason(id) ? id : name || id);

function heldText(held: WhyNot['held']): string {
  const parts = (['chat', 'voice', 'video'] as const).flatMap((medium) => {
    const count = held?.[medium] ?? 0;
    return count === 0 ? [] : [`${count} ${t(count === 1 ? `held.${medium}` : `held.${medium}.many`)}`];
  });
  return parts.join(', ') || t('held.none');
}

export function timeOfDay(at: number): string {
  return new Intl.DateTimeFormat(language.value, { hour: 'numeric', minute: '2-digit', second: '2-digit' }).format(at);
}

export function share(part: number): string {
  return new Intl.NumberFormat(language.value, { style: 'percent', maximumFractionDigits: 0 }).format(part);
}

/** Minutes and seconds: "0:07", "12:30"; hours when there are any. */
export function stopwatch(ms: number): string {
  const sec = Math.max(0, Math.round(ms / 1_000));
  const two = (value: number): string => String(value).padStart(2, '0');
  const [hours, minutes, seconds] = [Math.floor(sec / 3_600), Math.floor(sec / 60) % 60, sec % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds)}` : `${minutes}:${two(seconds)}`;
}
