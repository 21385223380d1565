/** RTE-7: the reasons an agent may pause with. Told at the hello, and asked for again when somebody is about to choose, as they change meanwhile. */
import { signal } from '@preact/signals';
import { call } from './api.ts';
import { t } from './texts.ts';

export interface PauseReason {
  readonly id: string;
  readonly name: string;
}

/** Empty: pauses have no reason. */
export const pauseReasons = signal<readonly PauseReason[]>([]);

export async function refreshPauseReasons(): Promise<void> {
  const { items } = await call<{ items: (PauseReason & { isEnabled: boolean })[] }>('GET', '/pause-reasons');
  pauseReasons.value = items.filter(({ isEnabled }) => isEnabled);
}

/** In the background: what was known before serves until the answer comes. */
export const lookForPauseReasons = (): void => void refreshPauseReasons().catch(() => undefined);

/** The system's own reason (RTE-6) in the desk's language. */
export const reasonText = (reason: string | undefined): string => (reason === 'no_answer' ? t('status.noAnswer') : (reason ?? ''));
