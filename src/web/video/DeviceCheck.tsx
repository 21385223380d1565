/** Before entering: how one looks and sounds, which devices, and that it also goes without (VID-1). */
import { useId, useLayoutEffect, useRef } from 'preact/hooks';
import { Icon } from '../ui/Icon.tsx';
import { DeviceFields } from './DeviceFields.tsx';
import { OwnPicture } from './Picture.tsx';
import type { RoomClient } from './roomClient.ts';
import { useVideoTexts } from './texts.ts';

export function DeviceCheck({ client, why }: { client: RoomClient; why: string }) {
  const { t } = useVideoTexts();
  const id = useId();
  const enter = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => enter.current?.focus(), []);
  const camera = client.own.local.camera.value;
  const microphone = client.own.local.microphone.value;
  const { camera: rule, microphone: voiceRule } = client.own.elements.value;
  const isCameraOn = camera.name === 'on' || camera.name === 'starting';
  const isVoiceOn = microphone.name === 'on' || microphone.name === 'starting';
  return (
    <section class="call-check" aria-labelledby={id}>
      <div class="check-words">
        <h2 id={id}>{t('check.title')}</h2>
        <p>{t('check.hint')}</p>
      </div>
      <div class="check-picture">
        {camera.name === 'on' ? (
          <OwnPicture label={t('check.preview')} track={camera.track} />
        ) : (
          <span class="no-picture">
            <Icon name="videoOff" size={28} />
            {t('check.noCamera')}
          </span>
        )}
        <div class="check-switches">
          {voiceRule !== 'forbidden' && (
            <button
              type="button"
              class={isVoiceOn && !client.own.isMuted.value ? 'call-control' : 'call-control is-off'}
              aria-label={t(isVoiceOn && !client.own.isMuted.value ? 'do.mute' : 'do.unmute')}
              title={t(isVoiceOn && !client.own.isMuted.value ? 'do.mute' : 'do.unmute')}
              onClick={() => client.own.toggleMicrophone()}
            >
              <Icon name={isVoiceOn && !client.own.isMuted.value ? 'mic' : 'micOff'} />
            </button>
          )}
          {rule !== 'forbidden' && (
            <button
              type="button"
              class={isCameraOn ? 'call-control' : 'call-control is-off'}
              aria-label={t(isCameraOn ? 'do.cameraOff' : 'do.cameraOn')}
              title={t(isCameraOn ? 'do.cameraOff' : 'do.cameraOn')}
              onClick={() => client.own.toggleCamera()}
            >
              <Icon name={isCameraOn ? 'video' : 'videoOff'} />
            </button>
          )}
        </div>
      </div>
      {why && (
        <p class="check-note" role="alert">
          {why}
        </p>
      )}
      <DeviceFields client={client} />
      {!isVoiceOn && !isCameraOn && <p class="check-note">{t('check.none')}</p>}
      {isVoiceOn && camera.name === 'failed' && <p class="check-note">{t('check.audioOnly')}</p>}
      <div class="check-buttons">
        <button type="button" class="button" onClick={() => client.cancel()}>
          {t('check.back')}
        </button>
        <button type="button" class="button primary" ref={enter} onClick={() => void client.enter()}>
          <Icon name={client.kind.value === 'video' ? 'video' : 'phone'} size={18} />
          {t(client.isOpen.value ? 'check.enter' : 'check.start')}
        </button>
      </div>
    </section>
  );
}
