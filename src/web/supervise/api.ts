/** The HTTP calls of overview and explanation. */
import { call, everyPage } from '../desk/api.ts';
import type { RoutingView } from './routing.ts';

interface Named {
  readonly id: string;
  readonly name: string;
}
export interface OverviewQueue extends Named {
  readonly channel: 'chat' | 'voice';
  readonly isActive: boolean;
  readonly serviceLevelSec: number;
}
/** A conversation as the history lists it. */
export interface PastItem {
  readonly id: string;
  readonly channel: 'chat' | 'voice' | 'video';
  readonly queue: Named;
  readonly state: 'waiting' | 'offered' | 'served' | 'ended' | 'closed';
  readonly client: Named;
  readonly owner?: Named;
  readonly createdAt: number;
}

const RECENT = 30;

export const superviseApi = {
  queues: () => everyPage<OverviewQueue>('/queues'),
  recent: async (queue: string) => (await call<{ items: PastItem[] }>('GET', `/interactions?queue=${queue}&limit=${RECENT}`)).items,
  interaction: (id: string) => call<PastItem>('GET', `/interactions/${id}`),
  routing: (id: string, agent: string, cursor = '') => {
    const query = new URLSearchParams({ ...(agent && { agent }), ...(cursor && { cursor }) }).toString();
    return call<RoutingView>('GET', `/interactions/${id}/routing${query && `?${query}`}`);
  },
};
