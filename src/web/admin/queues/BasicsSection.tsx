/** Name, channel, on or off, and what counts as answered in time. */
import { DurationInput } from '../form/DurationInput.tsx';
import { ChoiceInput, SwitchInput, TextInput } from '../form/inputs.tsx';
import { t } from '../texts.ts';
import type { QueueContext } from './QueueEditor.tsx';

export function BasicsSection({ form }: QueueContext) {
  // It stays what it was when the queue was made.
  const channel = form.field('channel');
  return (
    <>
      <TextInput label={t('queue.name')} maxLength={100} {...form.field('name')} />
      <ChoiceInput
        label={t('queue.channel')}
        choices={[{ value: channel.value, name: t(`channel.${channel.value}`), hint: t(`channel.${channel.value}.hint`) }]}
        {...channel}
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
