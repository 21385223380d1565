/** What the flows need of the application around them. Made once by `app/application.ts`; the flows see the rest of the system only through it. */

import type { SilenceLimits } from '../../config/limits.ts';
import type { QueueVoice } from '../../queues/config.ts';
import type { Engine, Scope } from '../../queues/engine.ts';
import type { PhoneDoc } from '../../queues/phones.ts';
import type { ErrorCode } from '../../src/base/errors.ts';
import type { LegId, QueueId, UserId } from '../../src/base/ids.ts';
import type { Logger } from '../../src/base/log.ts';
import type { DialOut } from '../app/dialOut.ts';
import type { Dialog, DialogReactions, Dialogs } from '../app/dialog.ts';
import type { Link } from '../app/link.ts';
import type { Media } from '../app/media.ts';
import type { Wheel } from '../app/wheel.ts';
import type { Call } from './call.ts';
import type { Leg } from './leg.ts';

export interface Calls {
  add(call: Call): void;
  addLeg(leg: Leg, call: Call): void;
  /** Its media is being closed; the figures still come. */
  closing(leg: Leg, call: Call): void;
  /** As if it had never been. */
  discard(leg: Leg): void;
  remove(call: Call): void;
  ofLeg(id: LegId): { readonly leg: Leg; readonly call: Call } | undefined;
  ofDialog(dialog: Dialog): { readonly leg: Leg; readonly call: Call } | undefined;
}

/** What each kind of leg does with what its phone does (`reactions.ts`). */
export interface Reactions {
  customer(call: Call, leg: Leg): DialogReactions;
  agent(call: Call, leg: Leg): DialogReactions;
  /** Consulted, a guest of a conference, or who took a diverted call. */
  other(call: Call, leg: Leg): DialogReactions;
}

export interface Switchboard {
  readonly engine: Engine;
  readonly log: Logger;
  readonly media: Media;
  readonly dialogs: Dialogs;
  readonly calls: Calls;
  readonly wheel: Wheel;
  readonly dialOut: DialOut;
  readonly reactions: Reactions;
  /** Attended transfer between two calls of ours (`takeOver.ts`). */
  readonly stories: {
    takeOver(call: Call, other: Call, next: Leg): Promise<{ ok: true } | { ok: false; code: ErrorCode }>;
  };
  readonly silence: SilenceLimits;
  readonly names: { agent(scope: Scope, id: UserId): Promise<string> };
  phonesOf(scope: Scope, agentId: UserId): Promise<readonly PhoneDoc[]>;
  /** What those who wait in a queue hear and may do; read a moment ago at most. */
  voice(scope: Scope, queueId: QueueId): Promise<QueueVoice>;
  /** From then on, every event of the account's partition is told. */
  follow(scope: Scope): Promise<unknown>;
  /** Says at once that this node carries the call; it is repeated while it lasts. */
  carry(call: Call): void;
  /** A process of calls was lost lately: a caller may be one who was cut off. */
  mayRedial(): boolean;
  /** For the process that goes on with the call if this one dies. */
  save(call: Call): void;
  /** What the engine is told of calls and nobody waits for: it leaves together with other such, in order. */
  later(work: () => void): void;
  forget(call: Call): void;
  /** Of the server a phone registered at. */
  link(server: string): Link | undefined;
  /** What has to reach the engine sooner or later: tried again while it is away. Resolves when it did, or was given up. */
  owe(what: string, work: () => Promise<unknown>): Promise<void>;
}
