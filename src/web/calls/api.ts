/** The HTTP calls of the history of calls. */
import { call } from '../desk/api.ts';

export const RESULTS = ['answered', 'abandoned', 'diverted', 'rejected', 'unanswered', 'in_progress'] as const;
export type Result = (typeof RESULTS)[number];

interface Named {
  readonly id: string;
  readonly name: string;
}
export interface CallItem {
  readonly interaction: string;
  readonly direction: 'inbound' | 'outbound';
  readonly result: Result;
  /** Absent: an agent placed the call. */
  readonly queue?: Named;
  readonly caller: Named;
  readonly number: string;
  readonly agent?: Named;
  readonly createdAt: number;
  readonly waitMs: number;
  readonly talkMs?: number;
  readonly outcome?: Named & { readonly kind: string };
  readonly legs: number;
}
export interface CallDetail extends CallItem {
  readonly note: string;
  readonly segments: readonly {
    readonly kind: 'dialling' | 'waiting' | 'offered' | 'served' | 'held' | 'wrap_up' | 'video';
    readonly agent?: Named;
    readonly startedAt: number;
    readonly endedAt?: number;
  }[];
  readonly phones: readonly {
    readonly id: string;
    readonly role: 'customer' | 'agent' | 'consult' | 'guest';
    readonly agent?: Named;
    readonly name: string;
    readonly answeredAt?: number;
    readonly endedAt: number;
    readonly cause: string;
    readonly quality: {
      readonly packetsReceived?: number;
      readonly packetsLost?: number;
      readonly jitterMs?: number;
      readonly roundTripMs?: number;
    };
  }[];
}

export const callsApi = {
  list: (filters: Readonly<Record<string, string | undefined>>) => {
    const query = new URLSearchParams(Object.entries(filters).flatMap(([name, value]) => (value ? [[name, value]] : [])));
    return call<{ items: CallItem[]; nextCursor?: string }>('GET', `/calls?${query}`);
  },
  one: (interaction: string) => call<CallDetail>('GET', `/calls/${interaction}`),
};
