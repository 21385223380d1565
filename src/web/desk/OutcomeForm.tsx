/** APP-7: how a conversation ended, and a note, as the queue wants it. Shown in a dialog when it is closed, and again while its wrap-up runs. */
import { useEffect, useState } from 'preact/hooks';
import { useDesk } from './context.ts';
import { t } from './texts.ts';

export function OutcomeForm({
  queue,
  chosen = '',
  submitText,
  onSubmit,
  onCancel,
}: {
  /** Whose outcomes are offered. */
  queue: string;
  /** What was said already. */
  chosen?: string | undefined;
  submitText: string;
  onSubmit(said: { readonly outcome?: string; readonly note?: string }): Promise<void>;
  onCancel(): void;
}) {
  const desk = useDesk();
  const [outcome, setOutcome] = useState(chosen);
  const [note, setNote] = useState('');
  const [isMissing, setMissing] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const settings = desk.queueSettings.value.get(queue);
  useEffect(() => void desk.loadQueue(queue), [queue]);
  const submit = async (event: Event) => {
    event.preventDefault();
    if (settings?.isOutcomeRequired && !outcome) return setMissing(true);
    setBusy(true);
    await onSubmit({ ...(outcome && { outcome }), ...(note.trim() && { note: note.trim() }) });
    setBusy(false);
  };
  return (
    <form onSubmit={(event) => void submit(event)}>
      {settings && settings.outcomes.length > 0 && (
        <fieldset class="outcomes">
          <legend>{t('close.outcome')}</legend>
          {!settings.isOutcomeRequired && <Choice id="" name={t('close.none')} isChosen={outcome === ''} onChoose={setOutcome} />}
          {settings.outcomes.map((choice) => (
            <Choice key={choice.id} {...choice} isChosen={outcome === choice.id} onChoose={setOutcome} />
          ))}
        </fieldset>
      )}
      {isMissing && !outcome && (
        <p class="form-error" role="alert">
          {t('close.required')}
        </p>
      )}
      <label class="field">
        <span>{t('close.note')}</span>
        <textarea class="input" rows={3} maxLength={2_000} value={note} onInput={(event) => setNote(event.currentTarget.value)} />
      </label>
      <div class="dialog-buttons">
        <button type="button" class="button" onClick={onCancel}>
          {t('cancel')}
        </button>
        <button type="submit" class="button primary" disabled={isBusy}>
          {submitText}
        </button>
      </div>
    </form>
  );
}

function Choice({
  id,
  name,
  kind,
  isChosen,
  onChoose,
}: {
  id: string;
  name: string;
  kind?: 'OK' | 'KO';
  isChosen: boolean;
  onChoose(id: string): void;
}) {
  return (
    <label class={isChosen ? 'outcome is-on' : 'outcome'}>
      <input type="radio" name="outcome" value={id} checked={isChosen} onChange={() => onChoose(id)} />
      <span>{name}</span>
      {kind && <em class={`tag ${kind === 'OK' ? 'tag-good' : 'tag-bad'}`}>{kind}</em>}
    </label>
  );
}
