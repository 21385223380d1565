/**
 * How the load generator speaks to one kind of server, so that every server gets the same load from the same client code.
 * A dialect is created by the generator for one target; it opens sockets, joins them to conversations, and says which frames are deliveries.
 */
import type { Wire } from './wire.ts';

/** One participant's place in one conversation. A socket may hold several seats. */
export interface Seat {
  readonly wire: Wire;
  /** Sends one chat message; `mid` is unique. The server answers it with an acknowledgement frame. */
  send(mid: string, text: string): void;
}

/** One message sent from `from` must reach every seat in `to`. */
export interface Talk {
  readonly from: Seat;
  readonly to: readonly Seat[];
}

export interface Dialect {
  /** An agent with `conversations` visitors, agent and visitors on different gateways. Gives both directions of each conversation. */
  openDesk(index: number, conversations: number): Promise<Talk[]>;
  /** A conversation that `audience` sockets besides the sender follow, half of them on each gateway. */
  openRoom(index: number, audience: number): Promise<Talk>;
  /** A visitor's socket that is set up and then silent. */
  openIdle(index: number): Promise<Wire>;
  /** Whether the frame brings a chat message (and not a reply, a list row, a heartbeat). */
  isDelivery(frame: Buffer): boolean;
}
