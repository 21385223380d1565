/** Who hears whom, and who hears music or tones, in each state of a call. Pure: `call.ts` sends the difference to the media. */
import { assertNever } from '../../src/base/errors.ts';
import type { LegId } from '../../src/base/ids.ts';
import type { Playback } from '../rtp/protocol.ts';
import type { Leg } from './leg.ts';
import { RINGING } from './sounds.ts';
import type { CallState } from './state.ts';

export interface Sound {
  readonly hears: Record<string, string[]>;
  readonly plays: ReadonlyMap<LegId, Playback>;
}

export function soundOf(state: CallState, customer: Leg, music: Playback): Sound {
  switch (state.at) {
    case 'entering':
    case 'ended':
      return { hears: {}, plays: new Map() };
    case 'dialling': {
      const { placing, called, isEarly } = state;
      return { hears: isEarly && called ? everybody([placing, called]) : {}, plays: new Map() };
    }
    case 'waiting':
    case 'moving':
    case 'held':
      return { hears: {}, plays: new Map([[customer.id, music]]) };
    case 'talking':
      return pair(customer, state.agent, music);
    case 'consulting': {
      const { agent, consult } = state;
      const plays = new Map([[customer.id, music]]);
      if (consult.isConnected) return { hears: everybody([agent, consult]), plays };
      return { hears: {}, plays: plays.set(agent.id, RINGING) };
    }
    case 'conference':
      return { hears: everybody([customer, state.agent, ...state.guests].filter((leg) => leg.isConnected)), plays: new Map() };
    case 'diverted': {
      const { guest } = state;
      if (!guest) return { hears: {}, plays: new Map() };
      return guest.isConnected ? pair(customer, guest, music) : { hears: {}, plays: new Map([[customer.id, RINGING]]) };
    }
    default:
      return assertNever(state);
  }
}

/** Who was put on hold by the other's phone hears music. */
function pair(one: Leg, other: Leg, music: Playback): Sound {
  const plays = new Map<LegId, Playback>();
  if (one.isHoldingUs) plays.set(other.id, music);
  if (other.isHoldingUs) plays.set(one.id, music);
  return { hears: everybody([one, other]), plays };
}

function everybody(legs: readonly Leg[]): Record<string, string[]> {
  return Object.fromEntries(legs.map((leg) => [leg.id, legs.filter((other) => other !== leg).map((other) => other.id)]));
}
