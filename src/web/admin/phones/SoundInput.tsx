/** A sound out of the account's: chosen, heard, uploaded (WAV), deleted. */
import { useRef } from 'preact/hooks';
import type { Problem } from '../../desk/api.ts';
import { Icon } from '../../ui/Icon.tsx';
import { adminApi } from '../api.ts';
import { FieldFrame, type FieldTexts } from '../form/FieldFrame.tsx';
import { problemText, soundText } from '../problems.ts';
import { t } from '../texts.ts';
import type { Sound } from '../types.ts';
import { useAttempt } from './useAttempt.ts';

export interface SoundInputProps extends FieldTexts {
  readonly value: string;
  /** What no sound of one's own means. */
  readonly none: string;
  readonly sounds: readonly Sound[];
  onSounds(sounds: readonly Sound[]): void;
  onChange(id: string): void;
}

export function SoundInput({ value, none, sounds, onSounds, onChange, error, ...texts }: SoundInputProps) {
  const file = useRef<HTMLInputElement>(null);
  const attempt = useAttempt();
  const upload = async (chosen: File): Promise<void> => {
    await attempt.run(async () => {
      const sound = await adminApi.uploadSound(chosen);
      onSounds([...sounds, sound].sort((a, b) => a.name.localeCompare(b.name)));
      onChange(sound.id);
    });
  };
  const remove = () =>
    attempt.run(async () => {
      await adminApi.deleteSound(value);
      onSounds(sounds.filter(({ id }) => id !== value));
      onChange('');
    });
  const shown = attempt.problem ? soundProblem(attempt.problem) : error;
  return (
    <FieldFrame {...texts} error={shown}>
      {(ties) => (
        <div class="sound-field">
          <div class="sound-line">
            <select {...ties} class="input" value={value} onChange={(event) => onChange(event.currentTarget.value)}>
              <option value="">{none}</option>
              {sounds.map(({ id, name, durationMs }) => (
                <option key={id} value={id}>
                  {name} ({Math.floor(durationMs / 60_000)}:{String(Math.round(durationMs / 1_000) % 60).padStart(2, '0')})
                </option>
              ))}
            </select>
            <input
              ref={file}
              type="file"
              accept=".wav,audio/wav,audio/x-wav"
              class="sr-only"
              tabIndex={-1}
              aria-label={`${t('voice.upload')}: ${texts.label}`}
              onChange={(event) => {
                const chosen = event.currentTarget.files?.[0];
                event.currentTarget.value = '';
                if (chosen) void upload(chosen);
              }}
            />
            <button
              type="button"
              class="button"
              aria-label={`${t('voice.upload')}: ${texts.label}`}
              disabled={attempt.isBusy}
              onClick={() => file.current?.click()}
            >
              <Icon name="attach" size={16} />
              {t(attempt.isBusy ? 'voice.uploading' : 'voice.upload')}
            </button>
            {value !== '' && (
              <button
                type="button"
                class="icon-button"
                aria-label={`${t('delete')}: ${texts.label}`}
                title={t('delete')}
                onClick={() => void remove()}
              >
                <Icon name="trash" size={18} />
              </button>
            )}
          </div>
          {value !== '' && (
            // biome-ignore lint/a11y/useMediaCaption: music, and announcements whose text its uploader knows
            <audio
              key={value}
              aria-label={`${t('voice.listen')}: ${texts.label}`}
              controls
              preload="none"
              src={`/api/v1/sounds/${value}/audio`}
            />
          )}
        </div>
      )}
    </FieldFrame>
  );
}

const soundProblem = (problem: Problem): string =>
  problem.code === 'file_type' ? t('voice.wrongFile', { detail: soundText(problem.detail) }) : problemText(problem);
