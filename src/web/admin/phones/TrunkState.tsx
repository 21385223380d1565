/** How a trunk is registered: in short for the list, and with the provider's last answer and what to do about it where the trunk is edited. */

import { language } from '../../desk/texts.ts';
import { now } from '../../ui/now.ts';
import { clock, dayName } from '../../ui/time.ts';
import { type AdminKey, t } from '../texts.ts';
import type { Trunk } from '../types.ts';

export function TrunkTag({ trunk: { type, isActive, registration } }: { trunk: Trunk }) {
  if (!isActive || type === 'address') return null;
  if (!registration) return <em class="tag">{t('trunks.state.asking')}</em>;
  if (registration.isRegistered) return <em class="tag tag-good">{t('trunks.state.registered')}</em>;
  const tone = type === 'provider' ? 'tag tag-bad' : 'tag';
  return (
    <em class={tone}>
      {t('trunks.state.notRegistered')}
      {registration.code !== undefined && ` (${registration.code})`}
    </em>
  );
}

export function TrunkRegistration({ trunk: { type, isActive, registration } }: { trunk: Trunk }) {
  if (!isActive || !registration) return null;
  const { isRegistered, code, reason, since, at } = registration;
  const time = (when: number): string => `${dayName(when, now.value, language.value)}, ${clock(when, language.value)}`;
  const answer = code === undefined ? t('trunks.state.noAnswer') : `${code} ${reason}`.trim();
  return (
    <div class={`trunk-state ${isRegistered ? 'is-good' : 'is-bad'}`} role="status">
      <strong>{t(isRegistered ? 'trunks.state.registered' : 'trunks.state.notRegistered')}</strong>
      {since !== undefined && <span>{t('trunks.state.since', { time: time(since) })}</span>}
      {type === 'provider' ? (
        <span>
          {t('trunks.state.lastAnswer', { answer })}
          {at !== undefined && ` · ${time(at)}`}
        </span>
      ) : (
        reason !== '' && <span>{reason}</span>
      )}
      {!isRegistered && <p>{t(type === 'provider' ? remedyFor(code) : 'trunks.remedy.registers')}</p>}
    </div>
  );
}

/** What the administrator can do about a refusal of the provider (RFC 3261 21). */
function remedyFor(code: number | undefined): AdminKey {
  if (code === undefined || code === 408) return 'trunks.remedy.silent';
  if (code === 401 || code === 403 || code === 407) return 'trunks.remedy.password';
  if (code === 404 || code === 410) return 'trunks.remedy.unknown';
  if (code >= 500 && code < 600) return 'trunks.remedy.later';
  return 'trunks.remedy.ask';
}
