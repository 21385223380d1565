/** Camera and microphone: which one, and what to do when there is none. Used before a call and in it. */
import { useId } from 'preact/hooks';
import { LevelBar } from './LevelBar.tsx';
import type { DeviceKind } from './localMedia.ts';
import type { RoomClient } from './roomClient.ts';
import { useVideoTexts } from './texts.ts';

const INPUT = { camera: 'videoinput', microphone: 'audioinput' } as const;

export function DeviceFields({ client }: { client: RoomClient }) {
  const { camera, microphone } = client.own.elements.value;
  return (
    <div class="device-fields">
      {camera !== 'forbidden' && <DeviceField client={client} kind="camera" />}
      {microphone !== 'forbidden' && <DeviceField client={client} kind="microphone" />}
    </div>
  );
}

function DeviceField({ client, kind }: { client: RoomClient; kind: DeviceKind }) {
  const { t } = useVideoTexts();
  const id = useId();
  const { local } = client.own;
  const capture = local[kind].value;
  const devices = local.devices.value.filter((device) => device.kind === INPUT[kind]);
  const now = capture.name === 'on' ? capture.deviceId : local.chosen(kind);
  return (
    <div class="device-field">
      <label for={id}>{t(`check.${kind}`)}</label>
      <select
        id={id}
        class="input"
        disabled={devices.length === 0}
        value={now}
        onChange={(event) => void client.own.switchOn(kind, event.currentTarget.value)}
      >
        {!devices.some(({ deviceId }) => deviceId === now) && <option value={now}>{t('device.default')}</option>}
        {devices.map(({ deviceId, label }, index) => (
          <option key={deviceId} value={deviceId}>
            {label || t('device.nameless', { number: index + 1 })}
          </option>
        ))}
      </select>
      {capture.name === 'failed' && (
        <p class="trouble" role="alert">
          {t(`trouble.${kind}.${capture.why}`)}{' '}
          <button type="button" class="link" onClick={() => void client.own.switchOn(kind)}>
            {t('trouble.retry')}
          </button>
        </p>
      )}
      {kind === 'microphone' && capture.name === 'on' && <LevelBar track={capture.track} />}
    </div>
  );
}
