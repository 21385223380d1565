/**
 * What this person sends, or could: the devices, what the group allows of them (APP-10), and what is muted. Made by a `RoomClient`, which tells it when a call begins;
 * what is pressed in a call comes here. What is forbidden is never switched on.
 */
import { signal } from '@preact/signals';
import type { Elements, RoomView } from '../socket/wire.ts';
import type { KeptCall } from './keptCall.ts';
import { type DeviceKind, LocalMedia } from './localMedia.ts';
import type { RoomMedia } from './roomMedia.ts';

export const FORBIDDEN: Elements = { camera: 'forbidden', microphone: 'forbidden', screen: 'forbidden' };

export class OwnMedia {
  readonly local = new LocalMedia();
  readonly isMuted = signal(false);
  readonly elements = signal<Elements>(FORBIDDEN);

  /** What the room says that this side may send, on entering: what runs and may not any more is switched off. */
  allow(elements: Elements): void {
    this.elements.value = elements;
    if (elements.camera === 'forbidden') this.local.stop('camera');
    if (elements.microphone === 'forbidden') this.local.stop('microphone');
    if (elements.screen === 'forbidden') this.local.unshare();
  }

  /** The look at the devices: on is what the rules say, and no camera for a call by sound alone. */
  begin(rules: Elements, kind: RoomView['kind']): void {
    this.elements.value = rules;
    this.isMuted.value = false;
    if (rules.camera === 'on' && kind === 'video') void this.switchOn('camera');
    if (rules.microphone === 'on') void this.switchOn('microphone');
  }

  /** VID-7: after a reload, the same devices, sending what was sent. */
  resume(rules: Elements, kept: Omit<KeptCall, 'interaction' | 'peer'>): void {
    this.elements.value = rules;
    this.local.prefer('camera', kept.cameraId);
    this.local.prefer('microphone', kept.microphoneId);
    this.isMuted.value = !kept.isMicrophoneOn;
    if (kept.isCameraOn) void this.switchOn('camera');
    void this.switchOn('microphone');
  }

  kept(): Omit<KeptCall, 'interaction' | 'peer'> {
    const { camera, microphone } = this.local;
    return {
      isCameraOn: camera.value.name === 'on' || camera.value.name === 'starting',
      isMicrophoneOn: microphone.value.name === 'on' && !this.isMuted.value,
      cameraId: this.local.chosen('camera'),
      microphoneId: this.local.chosen('microphone'),
    };
  }

  async switchOn(kind: DeviceKind, deviceId?: string): Promise<void> {
    if (this.elements.value[kind] === 'forbidden') return;
    await this.local.start(kind, deviceId);
  }

  toggleCamera(): void {
    const { name } = this.local.camera.value;
    if (name === 'on' || name === 'starting') this.local.stop('camera');
    else void this.switchOn('camera');
  }

  toggleMicrophone(): void {
    if (this.local.microphone.value.name === 'on') this.isMuted.value = !this.isMuted.value;
    else {
      this.isMuted.value = false;
      void this.switchOn('microphone');
    }
  }

  toggleScreen(): void {
    if (this.local.screen.value.name === 'on') this.local.unshare();
    else if (this.elements.value.screen !== 'forbidden') void this.local.share();
  }

  /** What the devices give is what is sent; called whenever one of them, the wish, or the way changes. */
  sendBy(media: RoomMedia | undefined): void {
    const { camera, microphone, screen, screenAudio } = this.local;
    const sources = { camera, microphone, screen, screenAudio } as const;
    for (const source of ['camera', 'microphone', 'screen', 'screenAudio'] as const) {
      const capture = sources[source].value;
      // Between two devices the old one is sent.
      if (capture.name !== 'starting')
        void media?.send(source, capture.name === 'on' ? capture.track : undefined, source === 'microphone' && this.isMuted.value);
    }
  }
}
