/** CHT-10: closes a conversation with an outcome, required where the queue says so. A running one is ended first. */
import { newKey } from '../socket/socketClient.ts';
import type { InteractionView } from '../socket/wire.ts';
import { useDesk } from './context.ts';
import { Dialog } from './Dialog.tsx';
import { OutcomeForm } from './OutcomeForm.tsx';
import { t } from './texts.ts';

export function CloseDialog({ view, onDone }: { view: InteractionView; onDone(): void }) {
  const desk = useDesk();
  const interaction = view.id;
  const close = async (said: { readonly outcome?: string; readonly note?: string }) => {
    const isEnded = view.state === 'ended' || (await desk.run({ t: 'interaction.end', key: newKey(), interaction }));
    if (!isEnded || !(await desk.run({ t: 'interaction.close', key: newKey(), interaction, ...said }))) return;
    onDone();
    desk.show(undefined);
  };
  return (
    <Dialog title={t('close.title')} onClose={onDone}>
      <OutcomeForm queue={view.queue} submitText={t('close.go')} onSubmit={close} onCancel={onDone} />
    </Dialog>
  );
}
