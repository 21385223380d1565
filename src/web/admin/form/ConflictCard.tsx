/** Somebody else saved the same thing meanwhile: says what they changed, and what can be done. */
import { type AdminKey, t } from '../texts.ts';
import type { Form } from './form.ts';

export function ConflictCard<Values extends object>({
  form,
  nameOf,
}: {
  form: Form<Values>;
  nameOf(field: keyof Values & string): AdminKey;
}) {
  const conflict = form.conflict.value;
  if (!conflict) return null;
  const names = (fields: readonly (keyof Values & string)[]): string => fields.map((field) => t(nameOf(field))).join(', ');
  return (
    <section class="conflict" role="alert" aria-label={t('conflict.title')}>
      <strong>{t('conflict.title')}</strong>
      <p>
        {conflict.changed.length > 0 && t('conflict.changed', { fields: names(conflict.changed) })}{' '}
        {conflict.both.length > 0 ? t('conflict.both', { fields: names(conflict.both) }) : t('conflict.apart')}
      </p>
      <div class="conflict-buttons">
        <button type="button" class="button" onClick={() => form.settle(false)}>
          {t('conflict.theirs')}
        </button>
        <button
          type="button"
          class="button primary"
          onClick={() => {
            form.settle(true);
            void form.save();
          }}
        >
          {t('conflict.mine')}
        </button>
      </div>
    </section>
  );
}
