/**
 * What a reload must not forget (VID-7): which call this tab was in, as whom, and what it was sending. Written when the page goes, taken when it comes
 * back, so that a tab that was duplicated meanwhile does not enter as the same peer.
 */
const KEY = 'centralino:call';

export interface KeptCall {
  readonly interaction: string;
  readonly peer: string;
  readonly isCameraOn: boolean;
  readonly isMicrophoneOn: boolean;
  readonly cameraId: string;
  readonly microphoneId: string;
}

export function keepCall(call: KeptCall): void {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(call));
  } catch (error) {
    console.debug('centralino: the call cannot be kept over a reload', error);
  }
}

let taken: KeptCall | undefined;
let isRead = false;

/** The call that this tab was in before it was loaded. Once: whoever asks for that conversation gets it. */
export function takeKeptCall(interaction: string): KeptCall | undefined {
  const kept = keptCall();
  if (kept?.interaction !== interaction) return undefined;
  taken = undefined;
  return kept;
}

export function keptCall(): KeptCall | undefined {
  if (isRead) return taken;
  isRead = true;
  try {
    const text = sessionStorage.getItem(KEY);
    sessionStorage.removeItem(KEY);
    taken = text === null ? undefined : (JSON.parse(text) as KeptCall);
  } catch (error) {
    console.debug('centralino: no call is kept', error);
  }
  return taken;
}
