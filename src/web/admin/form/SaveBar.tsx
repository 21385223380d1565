/** Stands at the foot of a form while something is not saved, and says what came of saving. Ctrl+S saves too. */
import { effect } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { isUnsaved } from '../../desk/place.ts';
import { Icon } from '../../ui/Icon.tsx';
import { problemText } from '../problems.ts';
import { type AdminKey, t } from '../texts.ts';
import { ConflictCard } from './ConflictCard.tsx';
import type { Form } from './form.ts';

export interface SaveBarProps<Values extends object> {
  readonly form: Form<Values>;
  /** The name of a field, to speak of it. */
  nameOf(field: keyof Values & string): AdminKey;
}

export function SaveBar<Values extends object>({ form, nameOf }: SaveBarProps<Values>) {
  const isDirty = form.isDirty.value;
  const problem = form.problem.value;
  // At once, not after the next painting: who undoes and leaves in one breath is not asked.
  useEffect(() => {
    const stop = effect(() => {
      isUnsaved.value = form.isDirty.value;
    });
    return () => {
      stop();
      isUnsaved.value = false;
    };
  }, [form]);
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== 's') return;
      event.preventDefault();
      if (form.isDirty.value) void save();
    };
    addEventListener('keydown', onKeyDown);
    return () => removeEventListener('keydown', onKeyDown);
  }, [form]);
  const save = async () => {
    if (!(await form.save())) requestAnimationFrame(showFirstError);
  };
  return (
    <div class={isDirty ? 'save-bar is-shown' : 'save-bar'}>
      <ConflictCard form={form} nameOf={nameOf} />
      {problem && (
        <p class="save-problem" role="alert">
          <Icon name="alert" size={18} />
          {problemText(problem)}
        </p>
      )}
      <div class="save-line">
        <p role="status">{isDirty ? t('unsaved') : form.saves.value > 0 ? t('saved') : ''}</p>
        {isDirty && !form.conflict.value && (
          <>
            <button type="button" class="button" onClick={() => form.discard()}>
              {t('undo')}
            </button>
            <button type="button" class="button primary" disabled={form.isBusy.value} onClick={() => void save()}>
              {t('save')}
            </button>
          </>
        )}
      </div>
    </div>
  );
}

/** Brings what is wrong into sight and the focus to it. */
function showFirstError(): void {
  const wrong = document.querySelector<HTMLElement>('[aria-invalid="true"]') ?? document.querySelector<HTMLElement>('.field-error');
  wrong?.scrollIntoView({ block: 'center' });
  wrong?.focus({ preventScroll: true });
}
