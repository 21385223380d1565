/** Name, channel, on or off, and what counts as answered in time. */
import { DurationInput } from '../form/DurationInput.tsx';
import { ChoiceInput, SwitchInput, TextInput } from '../form/inputs.tsx';
import { t } from '../texts.ts';
import type { QueueContext } from './QueueEditor.tsx';

export function BasicsSection({ form }: QueueContext) {
  return (
    <>
      <TextInput label={t('queue.name')} maxLength={100} {...form.field('name')} />
      <ChoiceInput
        label={t('queue.channel')}
        choices={(['chat', 'voice'] as const).map((value) => ({ value, name: t(`channel.${value}`), hint: t(`channel.${value}.hint`) }))}
        {...form.field('channel')}
      />
      <SwitchInput label={t('queue.isActive')} hint={t('queue.isActive.hint')} {...form.field('isActive')} />
      <DurationInput
        label={t('queue.serviceLevelSec')}
        hint={t('queue.serviceLevelSec.hint')}
        in="sec"
        min={1}
        max={3_600}
        {...form.field('serviceLevelSec')}
      />
    </>
  );
}
