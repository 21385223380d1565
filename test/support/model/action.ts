/** What a step becomes: a command with what is known of its answer beforehand, and what the places in steps are looked up in. */
import type { Outcome, Scope } from '../../../queues/engine.ts';
import type { ErrorCode } from '../../../src/base/errors.ts';
import type { LaneNode } from './nodes.ts';
import type { RoutingModel } from './routingModel.ts';

export type Answer = 'ok' | ErrorCode;

export interface Action {
  readonly label: string;
  run(node: LaneNode): Promise<Outcome<object>>;
  /** What may be answered; undefined: not foretold. */
  readonly expected?: readonly Answer[] | undefined;
  /** Under a key that is remembered: later repeats change nothing either. */
  readonly isKeyed?: boolean;
  /** How the name ends under which its result is kept, if it is. */
  readonly record?: string;
  /** What must be so afterwards if it was answered ok. @return complaints */
  readonly after?: (model: RoutingModel) => string[];
}

export interface SceneIds {
  readonly scope: Scope;
  readonly queues: readonly string[];
  readonly agents: readonly string[];
  readonly canSignInAnywhere: boolean;
}

export interface Memory {
  /** Interactions in the order in which they began. */
  readonly started: string[];
  /** Tokens that stood once: `interaction agent token`. */
  readonly tokens: (readonly [string, string, string])[];
  readonly connections: Map<string, readonly string[]>;
  readonly live: Set<string>;
  serial: number;
}

/** The one at a place that may lie beyond the end. */
export const at = <Item>(list: readonly Item[], place: number): Item | undefined =>
  list.length === 0 ? undefined : list[place % list.length];
/** @return the complaint, unless it is so */
export const check = (isSo: boolean | undefined, what: string): string[] => (isSo ? [] : [what]);
