/**
 * Camera, microphone and screen of this browser. Created by a `RoomClient`, closed by it. Guarantees: a device is in use only while its state is `on`,
 * so the light of the camera is off when the camera is; what is asked twice at once happens in order; the last wish counts.
 */
import { signal } from '@preact/signals';

/** denied: by the person or the browser; missing: none there; busy: another program has it; insecure: the page is not served over HTTPS. */
export type Trouble = 'denied' | 'missing' | 'busy' | 'insecure';

export type Capture =
  | { readonly name: 'off' }
  | { readonly name: 'starting' }
  | { readonly name: 'on'; readonly track: MediaStreamTrack; readonly deviceId: string }
  | { readonly name: 'failed'; readonly why: Trouble };

export type DeviceKind = 'camera' | 'microphone';
const OFF: Capture = { name: 'off' };
const CAMERA = { width: { ideal: 1_280 }, height: { ideal: 720 }, frameRate: { ideal: 30, max: 30 } } as const;
const SCREEN = { frameRate: { ideal: 15, max: 30 } } as const;

export class LocalMedia {
  readonly camera = signal<Capture>(OFF);
  readonly microphone = signal<Capture>(OFF);
  readonly screen = signal<Capture>(OFF);
  /** Of what is shared, when the browser gives it. */
  readonly screenAudio = signal<Capture>(OFF);
  /** Names are empty until the person has allowed something. */
  readonly devices = signal<readonly MediaDeviceInfo[]>([]);
  /** Chosen last, or the first; survives switching off. */
  readonly #chosen: Record<DeviceKind, string> = { camera: '', microphone: '' };
  readonly #turns: Record<DeviceKind, number> = { camera: 0, microphone: 0 };
  #isClosed = false;

  constructor() {
    navigator.mediaDevices?.addEventListener('devicechange', this.#refresh);
  }

  chosen(kind: DeviceKind): string {
    return this.#chosen[kind];
  }

  /** Before anything is switched on: which device is meant. */
  prefer(kind: DeviceKind, deviceId: string): void {
    this.#chosen[kind] = deviceId;
  }

  /** Switches on, or over to another device; the old one serves until the new one does. */
  async start(kind: DeviceKind, deviceId: string = this.#chosen[kind]): Promise<void> {
    const turn = ++this.#turns[kind];
    const capture = this[kind];
    const before = capture.value;
    if (before.name !== 'on') capture.value = { name: 'starting' };
    const result = await this.#capture(kind, deviceId);
    if (turn !== this.#turns[kind] || this.#isClosed) {
      if (result.name === 'on') result.track.stop();
      return;
    }
    if (result.name === 'on') {
      this.#chosen[kind] = result.deviceId;
      result.track.onended = () => this.#ended(kind, result.track);
    }
    capture.value = result;
    if (before.name === 'on') before.track.stop();
    await this.#refresh();
  }

  stop(kind: DeviceKind): void {
    this.#turns[kind]++;
    const before = this[kind].value;
    this[kind].value = OFF;
    if (before.name === 'on') before.track.stop();
  }

  /** @returns false when the person thought better of it. */
  async share(): Promise<boolean> {
    if (!canShare()) return false;
    this.unshare();
    let stream: MediaStream;
    try {
      stream = await navigator.mediaDevices.getDisplayMedia({ video: SCREEN, audio: true });
    } catch (error) {
      console.debug('centralino: no screen is shared', error);
      return false;
    }
    const [picture] = stream.getVideoTracks();
    const [sound] = stream.getAudioTracks();
    if (!picture || this.#isClosed) {
      for (const track of stream.getTracks()) track.stop();
      return false;
    }
    picture.contentHint = 'detail';
    // The browser's own bar has a button that ends it.
    picture.onended = () => this.unshare();
    this.screen.value = { name: 'on', track: picture, deviceId: '' };
    if (sound) this.screenAudio.value = { name: 'on', track: sound, deviceId: '' };
    return true;
  }

  unshare(): void {
    for (const capture of [this.screen, this.screenAudio]) {
      const before = capture.value;
      capture.value = OFF;
      if (before.name === 'on') before.track.stop();
    }
  }

  /** Switches everything off; what is chosen stays, and it can be started again. */
  release(): void {
    this.stop('camera');
    this.stop('microphone');
    this.unshare();
  }

  close(): void {
    this.#isClosed = true;
    navigator.mediaDevices?.removeEventListener('devicechange', this.#refresh);
    this.release();
  }

  readonly #refresh = async (): Promise<void> => {
    const all = await navigator.mediaDevices?.enumerateDevices().catch(() => []);
    this.devices.value = (all ?? []).filter(({ kind, deviceId }) => deviceId !== '' && (kind === 'videoinput' || kind === 'audioinput'));
  };

  async #capture(kind: DeviceKind, deviceId: string): Promise<Capture> {
    if (!navigator.mediaDevices) return { name: 'failed', why: 'insecure' };
    const attempt = async (id: string): Promise<Capture> => {
      const which = id === '' ? {} : { deviceId: { exact: id } };
      const constraints = kind === 'camera' ? { video: { ...CAMERA, ...which } } : { audio: { ...which } };
      const [track] = (await navigator.mediaDevices.getUserMedia(constraints)).getTracks();
      if (!track) return { name: 'failed', why: 'missing' };
      return { name: 'on', track, deviceId: track.getSettings().deviceId ?? id };
    };
    try {
      return await attempt(deviceId);
    } catch (error) {
      // The device that was chosen once may be unplugged: any other is better than none.
      const isGone = error instanceof DOMException && (error.name === 'OverconstrainedError' || error.name === 'NotFoundError');
      if (deviceId === '' || !isGone) return { name: 'failed', why: troubleOf(error) };
      return attempt('').catch((second: unknown) => ({ name: 'failed', why: troubleOf(second) }));
    }
  }

  /** Unplugged, or taken away by the system. */
  #ended(kind: DeviceKind, track: MediaStreamTrack): void {
    const now = this[kind].value;
    if (now.name === 'on' && now.track === track) this[kind].value = { name: 'failed', why: 'missing' };
    void this.#refresh();
  }
}

export const canShare = (): boolean => typeof navigator.mediaDevices?.getDisplayMedia === 'function';

function troubleOf(error: unknown): Trouble {
  const name = error instanceof DOMException ? error.name : '';
  if (name === 'NotAllowedError' || name === 'SecurityError') return 'denied';
  return name === 'NotReadableError' || name === 'AbortError' ? 'busy' : 'missing';
}
