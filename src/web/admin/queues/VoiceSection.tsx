/** VOX-3, VOX-6: what those who wait in a voice queue hear and may do, and what may be called for it. */
import { useState } from 'preact/hooks';
import { DurationInput } from '../form/DurationInput.tsx';
import { SelectInput, SwitchInput, TextInput } from '../form/inputs.tsx';
import { SoundInput } from '../phones/SoundInput.tsx';
import { OwnTypes } from '../phones/TypeTicks.tsx';
import { fieldText } from '../problems.ts';
import { t } from '../texts.ts';
import { type QueueVoice, VOICE_LANGUAGES } from '../types.ts';
import type { QueueContext } from './QueueEditor.tsx';
import { fresh, Operation } from './StepCard.tsx';

const EXITS = ['close', 'queue', 'number', 'voicemail', 'callback'] as const;
const EXIT_KEYS = ['*', '#', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9'] as const;
const ANNOUNCE_MAX_SEC = 3_600;

export function VoiceSection({ form, queues, sounds: known, id }: QueueContext) {
  const [sounds, setSounds] = useState(known);
  const voice = form.draft.value.voice;
  const set = (change: Partial<QueueVoice>): void => form.set('voice', { ...voice, ...change });
  const error = (name: string): string | undefined => {
    const text = form.errors.value.get(`voice.${name}`);
    return text && fieldText(text);
  };
  const others = queues.filter((queue) => queue.channel === 'voice' && queue.id !== id);
  const shared = { sounds, onSounds: setSounds };
  return (
    <>
      <SoundInput
        label={t('voice.music')}
        hint={t('voice.music.hint')}
        none={t('voice.music.none')}
        value={voice.music}
        error={error('music')}
        onChange={(music) => set({ music })}
        {...shared}
      />
      <SoundInput
        label={t('voice.greeting')}
        hint={t('voice.greeting.hint')}
        none={t('voice.greeting.none')}
        value={voice.greeting}
        error={error('greeting')}
        onChange={(greeting) => set({ greeting })}
        {...shared}
      />
      <SelectInput
        label={t('voice.language')}
        value={voice.language}
        choices={VOICE_LANGUAGES.map((value) => ({ value, name: t(`voice.language.${value}`) }))}
        onChange={(language) => set({ language })}
      />
      <DurationInput
        label={t('voice.announceEverySec')}
        hint={t('voice.announceEverySec.hint')}
        in="sec"
        min={0}
        max={ANNOUNCE_MAX_SEC}
        value={voice.announceEverySec}
        error={error('announceEverySec')}
        onChange={(announceEverySec) => set({ announceEverySec })}
      />
      <SwitchInput label={t('voice.canExit')} value={voice.canExit} onChange={(canExit) => set({ canExit })} />
      {voice.canExit && (
        <div class="step-fields">
          <SelectInput
            label={t('voice.exitKey')}
            value={voice.exitKey}
            choices={EXIT_KEYS.map((value) => ({ value, name: value }))}
            onChange={(exitKey) => set({ exitKey })}
          />
          <SelectInput
            label={t('voice.exitTo')}
            value={voice.exitTo.op}
            error={error('exitTo.op')}
            choices={EXITS.filter((op) => op !== 'queue' || others.length > 0).map((value) => ({
              value,
              name: value === 'close' ? t('voice.hangUp') : t(`recipe.op.${value}`),
            }))}
            onChange={(op) => set({ exitTo: fresh(op, others) })}
          />
          <Operation
            operation={voice.exitTo}
            queues={others}
            errors={new Map([...form.errors.value].map(([path, text]) => [path.replace('voice.exitTo.', 'do.'), fieldText(text)]))}
            onChange={(exitTo) => set({ exitTo })}
          />
        </div>
      )}
      <TextInput
        label={t('voice.callerId')}
        hint={t('voice.callerId.hint')}
        value={voice.callerId}
        maxLength={64}
        error={error('callerId')}
        onChange={(callerId) => set({ callerId })}
      />
      <OwnTypes
        label={t('voice.outbound.own')}
        hint={t('voice.outbound.own.hint')}
        value={voice.outboundTypes}
        onChange={(outboundTypes) => set({ outboundTypes })}
      />
    </>
  );
}
