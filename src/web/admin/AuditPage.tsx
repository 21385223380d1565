/** ACC-11: who did what, when, from where; newest first, searched by person, exported as a table. */
import { useEffect, useState } from 'preact/hooks';
import { auditEn } from '../i18n/audit.en.ts';
import { Icon } from '../ui/Icon.tsx';
import { now } from '../ui/now.ts';
import { clock, dayName } from '../ui/time.ts';
import { adminApi } from './api.ts';
import { ListFrame } from './ListFrame.tsx';
import { useSearchList } from './searchList.ts';
import { type AdminKey, language, t } from './texts.ts';
import type { AuditEntry } from './types.ts';

export function AuditPage() {
  const list = useSearchList<AuditEntry>(({ search, cursor }) => adminApi.audit({ who: search, cursor }));
  const names = useNames();
  const who = list.search.trim();
  return (
    <ListFrame
      title={t('page.audit')}
      hint={t('audit.hint')}
      searchLabel={t('audit.search')}
      list={list}
      action={
        <a class="button" href={`/api/v1/audit.csv${who && `?who=${encodeURIComponent(who)}`}`} download="audit.csv">
          <Icon name="download" size={18} />
          {t('audit.export')}
        </a>
      }
    >
      {(entry) => <AuditRow entry={entry} target={names.get(entry.target.id)} />}
    </ListFrame>
  );
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
