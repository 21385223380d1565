/** RTE-7: the reasons an agent may pause with. Told at the hello, and asked for again when somebody is about to choose, as they change meanwhile. */
import { signal } from '@preact/signals';
import type { DeskKey } from '../i18n/desk.en.ts';
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

/** The system's own reasons (RTE-6); the account's have the names that people gave them. */
const SYSTEM: Readonly<Record<string, DeskKey>> = { no_answer: 'status.noAnswer', connection_lost: 'status.connectionLost' };

export const isSystemReason = (reason: string): boolean => reason in SYSTEM;

/** A reason as it is shown, in the desk's language where it is the system's. */
export function reasonText(reason: string | undefined): string {
  const known = SYSTEM[reason ?? ''];
  return known ? t(known) : (reason ?? '');
}
