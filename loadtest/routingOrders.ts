/** What the routing benchmark and its load generator tell each other over the process channel. */

/** An account of its own on a partition of its own. */
export interface SceneShape {
  readonly name: string;
  readonly partition: number;
  readonly queues: number;
  readonly agents: number;
  /** Every agent serves five queues. */
  readonly wrapUpMs: number;
  /** Agents are at sockets of this gateway (`ws://…`); else only this process follows the log for them. */
  readonly agentsAt?: string;
  /** Whether skills are asked for, as `routingScene.ts` says. */
  readonly isSkilled: boolean;
}

export interface LivesOrder {
  readonly do: 'lives';
  readonly scene: string;
  /** 0: closed loop, as many as `connections` carry. */
  readonly perSec: number;
  /** Closed loop: lives in progress at once. */
  readonly atOnce: number;
  /** `command`: the agent ends the wrap-up at once; `timer`: it runs out. */
  readonly wrapUpEnds: 'command' | 'timer';
  /** Lasts until so much time has passed or, if given, so many lives have ended. */
  readonly lastsMs: number;
  readonly lives?: number;
}

export type RoutingOrder =
  | { readonly do: 'connect'; readonly redisUrl: string; readonly connections: number }
  | { readonly do: 'noop'; readonly lastsMs: number }
  /** Configuration, agents signed in, a socket at the gateway so that it follows the partition. */
  | { readonly do: 'build'; readonly shape: SceneShape; readonly gateway: string }
  /** Every agent serves one interaction; then `waiting` more wait. */
  | { readonly do: 'occupy'; readonly scene: string }
  | { readonly do: 'fill'; readonly scene: string; readonly waiting: number }
  | LivesOrder
  /** What is in service is closed, and nothing new comes. */
  | { readonly do: 'finish'; readonly scene: string }
  /** So many, one at a time. */
  | { readonly do: 'alone'; readonly scene: string; readonly lives: number; readonly pauseMs: number };

export interface LivesRun {
  readonly lives: number;
  /** Of them, those that ended within the window. */
  readonly livesInWindow: number;
  readonly windowMs: number;
  /** Refusals and failures by code; none in a valid run. */
  readonly troubles: Readonly<Record<string, number>>;
  /** Interactions in service before the run and after it; the same in a valid run. */
  readonly servedBefore: number;
  readonly servedAfter: number;
  /** From the command that freed an agent to its next offer at its socket or in the log. */
  readonly offerMs: readonly number[];
}

export type RoutingReport =
  | { readonly did: 'done'; readonly ms: number }
  | { readonly did: 'called'; readonly calls: number; readonly windowMs: number }
  | { readonly did: 'lived'; readonly run: LivesRun }
  | { readonly did: 'livedAlone'; readonly offerMs: readonly number[] }
  | { readonly did: 'failed'; readonly error: string };
