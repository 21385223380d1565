/** ACC-11: who did what, when, from where; newest first, searched by person, action and days, exported as a table. */
import { useEffect, useMemo, useState } from 'preact/hooks';
import { auditEn } from '../i18n/audit.en.ts';
import { Icon } from '../ui/Icon.tsx';
import { now } from '../ui/now.ts';
import { clock, dayName } from '../ui/time.ts';
import { adminApi, query } from './api.ts';
import { ListFrame } from './ListFrame.tsx';
import { useSearchList } from './searchList.ts';
import { type AdminKey, language, t } from './texts.ts';
import type { AuditEntry } from './types.ts';

/** Days as date fields say them (YYYY-MM-DD), of this browser's time; '' leaves that side open. */
interface Filters {
  readonly what: string;
  readonly first: string;
  readonly last: string;
}

const ACTIONS = Object.keys(auditEn).flatMap((key) => (key.startsWith('did.') ? [key.slice('did.'.length)] : []));

export function AuditPage() {
  const [filters, setFilters] = useState<Filters>({ what: '', first: '', last: '' });
  const asked = { what: filters.what, from: startOf(filters.first), to: startOf(filters.last, 1) };
  const list = useSearchList<AuditEntry>(({ search, cursor }) => adminApi.audit({ who: search, ...asked, cursor }), query(asked));
  const names = useNames();
  return (
    <ListFrame
      title={t('page.audit')}
      hint={t('audit.hint')}
      searchLabel={t('audit.search')}
      list={list}
      filters={<AuditFilters value={filters} onChange={setFilters} />}
      action={
        <a class="button" href={`/api/v1/audit.csv${query({ who: list.search.trim(), ...asked })}`} download="audit.csv">
          <Icon name="download" size={18} />
          {t('audit.export')}
        </a>
      }
    >
      {(entry) => <AuditRow entry={entry} target={names.get(entry.target.id)} />}
    </ListFrame>
  );
}

function AuditFilters({ value, onChange }: { value: Filters; onChange(value: Filters): void }) {
  const { what, first, last } = value;
  const actions = useMemo(
    () => ACTIONS.map((action) => ({ action, words: wordsOf(action) })).sort((one, other) => one.words.localeCompare(other.words)),
    [language.value],
  );
  return (
    <div class="audit-filters">
      <label>
        {t('audit.what')}
        <select class="input" value={what} onChange={(event) => onChange({ ...value, what: event.currentTarget.value })}>
          <option value="">{t('audit.what.all')}</option>
          {actions.map(({ action, words }) => (
            <option key={action} value={action}>
              {words}
            </option>
          ))}
        </select>
      </label>
      <label>
        {t('audit.first')}
        <input
          type="date"
          class="input"
          value={first}
          max={last || undefined}
          onChange={(event) => onChange({ ...value, first: event.currentTarget.value })}
        />
      </label>
      <label>
        {t('audit.last')}
        <input
          type="date"
          class="input"
          value={last}
          min={first || undefined}
          onChange={(event) => onChange({ ...value, last: event.currentTarget.value })}
        />
      </label>
    </div>
  );
}

/** When the day begins here, or one some days later: Unix milliseconds. */
function startOf(day: string, daysLater = 0): number | undefined {
  const [year, month, date] = day.split('-').map(Number);
  if (year === undefined || month === undefined || date === undefined) return undefined;
  return new Date(year, month - 1, date + daysLater).getTime();
}

function AuditRow({ entry, target }: { entry: AuditEntry; target: string | undefined }) {
  const { actor, action, at, ip, detail } = entry;
  const when = `${dayName(at, now.value, language.value)}, ${clock(at, language.value)}`;
  const concerned = target ?? nameIn(detail);
  return (
    <div class="admin-row audit-row">
      <span class="row-words">
        <strong>{concerned === undefined ? wordsOf(action) : `${wordsOf(action)}: ${concerned}`}</strong>
        <span>{[actor.name || t(`audit.who.${actor.kind}`), when, ip].filter(Boolean).join(' · ')}</span>
      </span>
    </div>
  );
}

/** Names of people and queues that are there, by their ids. */
function useNames(): ReadonlyMap<string, string> {
  const [names, setNames] = useState<ReadonlyMap<string, string>>(new Map());
  useEffect(
    () =>
      void Promise.all([adminApi.allUsers(), adminApi.allQueues()]).then(
        (lists) => setNames(new Map(lists.flat().map(({ id, name }) => [id, name]))),
        () => undefined, // The log serves without them.
      ),
    [],
  );
  return names;
}

/** What it was called when it was recorded. */
function nameIn({ name, email, number }: AuditEntry['detail']): string | undefined {
  return [name, email, number].find((value): value is string => typeof value === 'string');
}

/** A newer server may record what these pages have no words for. */
function wordsOf(action: string): string {
  const key = `did.${action}`;
  return key in auditEn ? t(key as AdminKey) : action;
}
