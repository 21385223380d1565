/** CHT-10: closes a conversation with an outcome, required where the queue says so. A running one is ended first. */
import { useEffect, useState } from 'preact/hooks';
import { newKey } from '../socket/socketClient.ts';
import type { InteractionView } from '../socket/wire.ts';
import { useDesk } from './context.ts';
import { Dialog } from './Dialog.tsx';
import { t } from './texts.ts';

export function CloseDialog({ view, onDone }: { view: InteractionView; onDone(): void }) {
  const desk = useDesk();
  const [outcome, setOutcome] = useState('');
  const [note, setNote] = useState('');
  const [isMissing, setMissing] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const settings = desk.queueSettings.value.get(view.queue);
  useEffect(() => void desk.loadQueue(view.queue), [view.queue]);
  const submit = async (event: Event) => {
    event.preventDefault();
    if (settings?.isOutcomeRequired && !outcome) return setMissing(true);
    setBusy(true);
    const interaction = view.id;
    const isEnded = view.state === 'ended' || (await desk.run({ t: 'interaction.end', key: newKey(), interaction }));
    const isClosed =
      isEnded &&
      (await desk.run({
        t: 'interaction.close',
        key: newKey(),
        interaction,
        ...(outcome && { outcome }),
        ...(note.trim() && { note: note.trim() }),
      }));
    setBusy(false);
    if (!isClosed) return;
    onDone();
    desk.show(undefined);
  };
  return (
    <Dialog title={t('close.title')} onClose={onDone}>
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
          <button type="button" class="button" onClick={onDone}>
            {t('cancel')}
          </button>
          <button type="submit" class="button primary" disabled={isBusy}>
            {t('close.go')}
          </button>
        </div>
      </form>
    </Dialog>
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
