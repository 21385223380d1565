/** The dot at a client's picture: there, away for a moment, or not there, as in a conversation that is over. */
import type { InteractionView } from '../socket/wire.ts';

export function presenceDot({ state, client }: Pick<InteractionView, 'state' | 'client'>): 'on' | 'pause' | 'off' {
  if (state === 'ended' || state === 'closed') return 'off';
  return client.presence === 'connected' ? 'on' : client.presence === 'reconnecting' ? 'pause' : 'off';
}
