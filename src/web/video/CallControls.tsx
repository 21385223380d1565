/** What can be done in a call: microphone, camera, screen, devices, size, going. What the group forbids is not there (APP-10). */
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Icon, type IconName } from '../ui/Icon.tsx';
import { MenuButton } from '../ui/MenuButton.tsx';
import { DeviceFields } from './DeviceFields.tsx';
import { canShare } from './localMedia.ts';
import type { RoomClient } from './roomClient.ts';
import { useVideoTexts } from './texts.ts';

export interface CallControlsProps {
  readonly client: RoomClient;
  readonly isFull: boolean;
  /** Absent: it cannot be larger. */
  onFull?: (() => void) | undefined;
}

export function CallControls({ client, isFull, onFull }: CallControlsProps) {
  const { t } = useVideoTexts();
  const { camera, microphone, screen } = client.own.elements.value;
  const isVoiceOn = client.own.local.microphone.value.name === 'on' && !client.own.isMuted.value;
  const { name } = client.own.local.camera.value;
  const isCameraOn = name === 'on' || name === 'starting';
  const isSharing = client.own.local.screen.value.name === 'on';
  return (
    <fieldset class="call-controls" aria-label={t('do.controls')}>
      {microphone !== 'forbidden' && (
        <Control
          icon={isVoiceOn ? 'mic' : 'micOff'}
          text={t(isVoiceOn ? 'do.mute' : 'do.unmute')}
          isOff={!isVoiceOn}
          onClick={() => client.own.toggleMicrophone()}
        />
      )}
      {camera !== 'forbidden' && (
        <Control
          icon={isCameraOn ? 'video' : 'videoOff'}
          text={t(isCameraOn ? 'do.cameraOff' : 'do.cameraOn')}
          isOff={!isCameraOn}
          onClick={() => client.own.toggleCamera()}
        />
      )}
      {screen !== 'forbidden' && canShare() && (
        <Control
          icon="monitor"
          text={t(isSharing ? 'do.unshare' : 'do.share')}
          isOn={isSharing}
          onClick={() => client.own.toggleScreen()}
        />
      )}
      {(camera !== 'forbidden' || microphone !== 'forbidden') && <Devices client={client} />}
      {onFull && <Control icon={isFull ? 'shrink' : 'expand'} text={t(isFull ? 'do.box' : 'do.full')} onClick={onFull} />}
      <Going client={client} />
    </fieldset>
  );
}

function Control({ icon, text, isOff = false, isOn = false, onClick }: ControlProps) {
  return (
    <button
      type="button"
      class={`call-control${isOff ? ' is-off' : ''}${isOn ? ' is-on' : ''}`}
      aria-label={text}
      title={text}
      onClick={onClick}
    >
      <Icon name={icon} />
    </button>
  );
}

interface ControlProps {
  readonly icon: IconName;
  readonly text: string;
  readonly isOff?: boolean;
  readonly isOn?: boolean;
  onClick(): void;
}

function Devices({ client }: { client: RoomClient }) {
  const { t } = useVideoTexts();
  const [isOpen, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const panel = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (!isOpen) return;
    panel.current?.querySelector('select')?.focus();
    const root = panel.current?.getRootNode();
    const away = (event: Event) => {
      const target = event.target as Node;
      if (!panel.current?.contains(target) && !button.current?.contains(target)) setOpen(false);
    };
    root?.addEventListener('pointerdown', away);
    return () => root?.removeEventListener('pointerdown', away);
  }, [isOpen]);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Escape') return;
    event.preventDefault();
    setOpen(false);
    button.current?.focus();
  };
  return (
    <>
      <button
        type="button"
        ref={button}
        class="call-control"
        aria-label={t('do.devices')}
        title={t('do.devices')}
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
      >
        <Icon name="settings" />
      </button>
      {isOpen && (
        <div class="device-panel" role="dialog" aria-label={t('do.devices')} ref={panel} onKeyDown={onKeyDown}>
          <DeviceFields client={client} />
        </div>
      )}
    </>
  );
}

/** The visitor ends it; an agent among several may also just go. */
function Going({ client }: { client: RoomClient }) {
  const { t } = useVideoTexts();
  const agents = client.others.value.filter(({ role }) => role === 'agent').length;
  if (client.side === 'customer' || agents === 0) {
    return (
      <button
        type="button"
        class="call-control is-danger"
        aria-label={t('do.hangUp')}
        title={t('do.hangUp')}
        onClick={() => void client.hangUp()}
      >
        <Icon name="hangUp" />
      </button>
    );
  }
  return (
    <MenuButton class="call-control is-danger" label={t('do.leaveMenu')} menuClass="menu-up" face={<Icon name="hangUp" />}>
      {(close) => (
        <>
          <button
            type="button"
            role="menuitem"
            onClick={() => {
              close();
              void client.leave();
            }}
          >
            <Icon name="end" size={18} />
            {t('do.leave')}
          </button>
          <button
            type="button"
            role="menuitem"
            class="is-danger"
            onClick={() => {
              close();
              void client.hangUp();
            }}
          >
            <Icon name="hangUp" size={18} />
            {t('do.close')}
          </button>
        </>
      )}
    </MenuButton>
  );
}
