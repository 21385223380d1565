/** A soft two-tone ring for offers, made on the spot. Off until the agent switches it on; browsers allow sound only after a touch anyway. */
import { signal } from '@preact/signals';

const KEY = 'centralino:sound';
export const isSoundOn = signal(localStorage.getItem(KEY) === 'on');
let context: AudioContext | undefined;

export function switchSound(): void {
  isSoundOn.value = !isSoundOn.value;
  localStorage.setItem(KEY, isSoundOn.value ? 'on' : 'off');
  ring();
}

export function ring(): void {
  if (!isSoundOn.value) return;
  context ??= new AudioContext();
  for (const [at, frequency] of [
    [0, 660],
    [0.16, 880],
  ] as const) {
    const tone = context.createOscillator();
    const volume = context.createGain();
    const from = context.currentTime + at;
    tone.frequency.value = frequency;
    volume.gain.setValueAtTime(0, from);
    volume.gain.linearRampToValueAtTime(0.12, from + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.001, from + 0.4);
    tone.connect(volume).connect(context.destination);
    tone.start(from);
    tone.stop(from + 0.45);
  }
}
