/** What a benchmark and its load generator tell each other over the process channel. */

/** Where a server is and how it is spoken to. */
export type Target =
  | { readonly kind: 'socketIo' | 'bareUws'; readonly name: string; readonly ports: readonly number[] }
  | {
      readonly kind: 'ours';
      readonly name: string;
      readonly ports: readonly number[];
      /** Public identifier of the group whose visitors chat. */
      readonly group: string;
      /** Sign-in tokens of agents that serve its queue, one per desk. */
      readonly agentTokens: readonly string[];
    };

export interface Shape {
  /** Agents, and conversations each holds. */
  readonly desks: number;
  readonly conversationsPerDesk: number;
  /** Conversations with a large audience, and sockets in each. */
  readonly rooms: number;
  readonly audience: number;
}

/** What a run sends: to one other participant, or to a room's audience. */
export type Load = 'pairs' | 'rooms';

export type Order =
  | { readonly do: 'openIdle'; readonly target: Target; readonly count: number }
  | { readonly do: 'closeIdle' }
  | { readonly do: 'open'; readonly target: Target; readonly shape: Shape }
  | {
      readonly do: 'run';
      readonly target: string;
      readonly load: Load;
      readonly perSec: number;
      readonly warmUpMs: number;
      readonly measureMs: number;
    };

export type Report =
  | { readonly did: 'opened'; readonly sockets: number }
  /** The measured window begins, or ended. */
  | { readonly did: 'windowBegan' }
  | { readonly did: 'windowEnded'; readonly sent: number; readonly windowMs: number }
  | { readonly did: 'ran'; readonly missing: number; readonly latenciesMs: readonly number[] }
  | { readonly did: 'failed'; readonly error: string };
