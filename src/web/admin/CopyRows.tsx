/** What is shown once and has to be taken along: each with its name and a button that copies it. */
import { useState } from 'preact/hooks';
import { type AdminKey, t } from './texts.ts';

export function CopyRows({ rows }: { rows: readonly (readonly [name: AdminKey, value: string])[] }) {
  const [copied, setCopied] = useState('');
  return (
    <dl class="credentials">
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{t(name)}</dt>
          <dd>
            <code>{value}</code>
            <button
              type="button"
              class="button quiet"
              aria-label={t('phones.copy', { name: t(name) })}
              onClick={() =>
                void navigator.clipboard?.writeText(value).then(
                  () => setCopied(name),
                  () => undefined, // It can be read and typed.
                )
              }
            >
              {t(copied === name ? 'phones.copied' : 'phones.copy.short')}
            </button>
          </dd>
        </div>
      ))}
    </dl>
  );
}
