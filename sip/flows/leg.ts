/**
 * One phone in a call: its dialog, its end of the media, and how the two agree. Made by the flows through `Call`; closed once, whoever begins (`close`): the
 * dialog is hung up, the media closed, and the record of the leg written with the last figures.
 */
import { isIPv6 } from 'node:net';
import type { LegId, UserId } from '../../src/base/ids.ts';
import type { LegView } from '../../src/protocol/calls.ts';
import type { Dialog } from '../app/dialog.ts';
import type { Codec } from '../rtp/protocol.ts';
import { type LocalMedia, Negotiation, type SavedNegotiation } from '../sdp/negotiate.ts';
import type { Silence } from './silence.ts';

export type LegRole = LegView['role'];

export interface LegIdentity {
  readonly id: LegId;
  readonly role: LegRole;
  /** A number, an extension or a person's name, for display. */
  readonly name: string;
  readonly userId?: UserId | undefined;
}

/** What another process needs to go on with it. */
export interface SavedLeg extends LegIdentity {
  readonly startedAt: number;
  readonly answeredAt: number;
  readonly isHoldingUs: boolean;
  readonly isMuted: boolean;
  readonly dialog:
    | {
        readonly id: string;
        readonly server: string;
        readonly isCaller: boolean;
        readonly knowsOptions: boolean;
        readonly trunk?: string | undefined;
        readonly place?: string | undefined;
      }
    | undefined;
  readonly negotiation: SavedNegotiation;
}

export class Leg {
  readonly id: LegId;
  readonly userId: UserId | undefined;
  readonly negotiation: Negotiation;
  /** Who was consulted may become the agent, or a guest. */
  role: LegRole;
  name: string;
  startedAt = Date.now();
  answeredAt = 0;
  endedAt = 0;
  dialog: Dialog | undefined;
  /** Its own phone put us on hold. */
  isHoldingUs = false;
  isMuted = false;
  /** Its media know where the phone's are. */
  isReached = false;
  /** It rings with a description of an end that was lost meanwhile (`moveMedia.ts`). */
  isMisled = false;
  /** Set while nothing is received from it (`silence.ts`). */
  silence: Silence | undefined;
  /** Why it ended: a SIP status, or a word of ours. */
  cause = '';
  readonly #onClose: (() => void)[] = [];

  /** In another process, from what that one saved. */
  static restored(saved: SavedLeg): Leg {
    const leg = new Leg(saved, saved.negotiation.local, Negotiation.restored(saved.negotiation));
    leg.startedAt = saved.startedAt;
    leg.answeredAt = saved.answeredAt;
    leg.isHoldingUs = saved.isHoldingUs;
    leg.isMuted = saved.isMuted;
    leg.isReached = true;
    return leg;
  }

  get saved(): SavedLeg {
    const { id, role, name, userId, startedAt, answeredAt, isHoldingUs, isMuted, dialog } = this;
    const at = dialog && {
      id: dialog.id,
      server: dialog.link.server.name,
      isCaller: dialog.isCaller,
      knowsOptions: dialog.knowsOptions,
      trunk: dialog.trunk,
      place: dialog.place,
    };
    return { id, role, name, userId, startedAt, answeredAt, isHoldingUs, isMuted, dialog: at, negotiation: this.negotiation.saved };
  }

  constructor(identity: LegIdentity, local: LocalMedia, negotiation = new Negotiation(local)) {
    this.id = identity.id;
    this.role = identity.role;
    this.name = identity.name;
    this.userId = identity.userId;
    this.negotiation = negotiation;
  }

  /** Called when it closes, whoever begins; at once when it is over. */
  onClose(work: () => void): void {
    if (this.isOver) work();
    else this.#onClose.push(work);
  }
  /** By `Call.closeLeg` alone. */
  closed(): void {
    this.endedAt = Date.now();
    this.silence?.over();
    for (const work of this.#onClose.splice(0)) work();
  }

  get isOver(): boolean {
    return this.endedAt !== 0;
  }
  get isConnected(): boolean {
    return this.answeredAt !== 0 && this.endedAt === 0;
  }
  get codec(): Codec | undefined {
    return this.negotiation.codec;
  }

  /** Of its media. */
  get family(): 'IPv4' | 'IPv6' {
    return isIPv6(this.negotiation.saved.local.address) ? 'IPv6' : 'IPv4';
  }

  view(state: 'ringing' | 'talking' | 'held'): LegView {
    const { id, role, name, userId, isMuted, isHoldingUs } = this;
    const now = this.isOver ? 'gone' : this.answeredAt === 0 ? 'ringing' : isHoldingUs ? 'held' : state;
    return {
      id,
      role,
      name,
      ...(userId ? { userId } : {}),
      state: now,
      ...(now === 'held' ? { heldBy: isHoldingUs ? ('phone' as const) : ('desk' as const) } : {}),
      isMuted,
    };
  }
}
