/**
 * What the edge does in dialogs by itself: repeats a 2xx until its ACK, repeats the ACK of ours when a 2xx comes again, keeps session timers (RFC 4028) and the
 * time of subscriptions, and ends by BYE what cannot go on, of which it tells the owner (`unsolicited`, WIRE §7.4). Created by `createEdge`.
 */
import { type Core, passage, tellCdr } from './core.ts';
import type { Dialog } from './dialog.ts';
import type { SipMessage, SipRequest, SipResponse } from './message.ts';
import { cseqOf } from './messageParse.ts';
import { writeMessage } from './messageWrite.ts';
import { contactFor } from './nextHop.ts';
import { type SessionInterval, SessionTimer } from './sessionTimer.ts';
import type { ClientTransaction, ServerTransaction } from './types.ts';
import { Unacknowledged } from './unacknowledged.ts';
import { sipFrame } from './wireText.ts';

/** After which a subscription that nobody refreshed is forgotten, beyond its own time. */
const SUBSCRIPTION_GRACE_MS = 32_000;

/** Why a call was over, as `cdr:stop` has it. */
export type EndReason =
  | 'normal-release'
  | 'call-rejected'
  | 'call-canceled'
  | 'session-expired'
  | 'ack-timeout'
  | 'ack-bye'
  | 'application-lost'
  | 'stopped'
  | 'system-error';

/** The header `Reason` of a BYE of ours (RFC 3326). */
const REASON: Partial<Record<EndReason, string>> = {
  'session-expired': 'SIP;cause=200;text="Session timer expired"',
  'ack-timeout': 'SIP;cause=200;text="ACK timeout"',
  'ack-bye': 'SIP;cause=200;text="ACK-BYE due to cancel race condition"',
  'application-lost': 'SIP;cause=480;text="Application lost"',
  stopped: 'Q.850;cause=41;text="Server stopped"',
  'system-error': 'SIP;cause=500;text="Server error"',
};

export class DialogLife {
  readonly #core: Core;
  readonly #unacknowledged = new Map<Dialog, Unacknowledged>();
  /** The last ACK of ours of each dialog. */
  readonly #acks = new Map<Dialog, SipRequest>();
  readonly #sessions = new Map<Dialog, SessionTimer>();
  readonly #expiries = new Map<Dialog, unknown>();
  #isClosed = false;

  constructor(core: Core) {
    this.#core = core;
  }

  /** A 2xx of ours to an INVITE went out; it is sent again until its ACK comes. */
  answered(
    dialog: Dialog,
    response: SipResponse,
    transactionId: string,
    { request, flow: from }: Pick<ServerTransaction, 'request' | 'flow'>,
  ): void {
    this.#unacknowledged.get(dialog)?.close();
    const bytes = writeMessage(response);
    const flow = this.#core.transports.answering(request, from);
    const send = (): void => {
      flow.send(bytes).catch((error: unknown) => this.#core.log.debug({ dialog: dialog.id, err: error }, 'dialog.unsent'));
    };
    const about = { seq: cseqOf(response.headers)?.number ?? 0, transactionId };
    const onTimeout = (): void => {
      this.#unacknowledged.delete(dialog);
      this.hangUp(dialog, 'ack-timeout');
    };
    this.#unacknowledged.set(dialog, new Unacknowledged(about, this.#core, send, onTimeout));
  }

  /** An ACK of the network. @returns the transaction it is told by, or undefined when it was known already */
  acknowledged(dialog: Dialog, ack: SipRequest): string | undefined {
    const unacknowledged = this.#unacknowledged.get(dialog);
    if (!unacknowledged || cseqOf(ack.headers)?.number !== unacknowledged.seq) return undefined;
    this.#unacknowledged.delete(dialog);
    if (ack.body.length > 0) dialog.remoteSdp = ack.body;
    dialog.become('confirmed');
    unacknowledged.settle();
    return unacknowledged.transactionId;
  }

  /** Runs at once, or when the ACK of our 2xx has come (RFC 3261 14.1, 15.1). */
  whenAcknowledged(dialog: Dialog, work: () => void): void {
    const unacknowledged = this.#unacknowledged.get(dialog);
    if (unacknowledged) unacknowledged.whenSettled(work);
    else work();
  }

  /** An ACK of ours for a 2xx; kept, since the 2xx may come again. */
  async acknowledge(dialog: Dialog, ack: SipRequest): Promise<void> {
    this.#acks.set(dialog, ack);
    dialog.become('confirmed');
    await this.#sendAck(dialog, ack);
  }

  /** A 2xx came again. @returns false when it was never acknowledged */
  repeatAck(dialog: Dialog, seq: number): boolean {
    const ack = this.#acks.get(dialog);
    if (!ack || cseqOf(ack.headers)?.number !== seq) return false;
    void this.#sendAck(dialog, ack);
    return true;
  }

  /** Both sides agreed on an interval, or (undefined) on none, at a 2xx to INVITE or UPDATE. `isOurs`: we sent the request. */
  agreeSession(dialog: Dialog, interval: SessionInterval | undefined, isOurs: boolean): void {
    this.#sessions.get(dialog)?.close();
    this.#sessions.delete(dialog);
    if (!interval || interval.seconds === 0 || dialog.isOver) return;
    const isRefresher = interval.refresher === (isOurs ? 'uac' : 'uas');
    const on = { refresh: () => void this.#refresh(dialog, interval), expired: () => this.hangUp(dialog, 'session-expired') };
    this.#sessions.set(dialog, new SessionTimer(this.#core.clock, interval.seconds, isRefresher, on));
  }

  /** A subscription is good for so long from now. */
  subscribed(dialog: Dialog, seconds: number): void {
    const { clock } = this.#core;
    clock.clearTimeout(this.#expiries.get(dialog));
    const forget = (): void => this.over(dialog, 'normal-release');
    this.#expiries.set(dialog, clock.setTimeout(forget, seconds * 1_000 + SUBSCRIPTION_GRACE_MS));
  }

  /** Ends a call by a BYE of ours and tells its owner. A dialog that was never answered, or is no call, is only forgotten. */
  hangUp(dialog: Dialog, reason: EndReason): void {
    if (dialog.isOver) return;
    if (dialog.usage !== 'invite' || dialog.state === 'early') return this.over(dialog, reason);
    const { core, owner } = { core: this.#core, owner: dialog.owner };
    if (dialog.role === 'uac' && dialog.state === 'answered') void this.acknowledge(dialog, this.newAck(dialog));
    const bye = dialog.newRequest('BYE');
    const why = REASON[reason];
    if (why) bye.headers.append('Reason', why);
    dialog.become('ending');
    this.#drop(dialog);
    core.counts.unsolicitedByes++;
    const size = 0;
    owner?.write(
      sipFrame('application', passage(dialog.flow, size, core.clock.now()), { transactionId: 'unsolicited', dialogId: dialog.id }, bye),
    );
    const done = (): void => this.over(dialog, reason, bye);
    this.send(dialog, bye).then((transaction) => {
      transaction.onResponse((response) => {
        if (response.status >= 200) done();
      });
      transaction.onFailed(done);
    }, done);
  }

  /** It is over: nothing of it is left here. `message` is what `cdr:stop` shows. */
  over(dialog: Dialog, reason: EndReason, message?: SipMessage): void {
    const wasAnswered = dialog.state !== 'early';
    if (!dialog.become('ended')) return;
    this.#drop(dialog);
    const core = this.#core;
    core.dialogs.remove(dialog);
    if (dialog.usage !== 'invite' || !wasAnswered) return;
    core.counts.callsEnded++;
    if (message) tellCdr(core, 'stop', reason === 'normal-release' ? 'network' : 'application', reason, message);
  }

  /** Sends a request inside the dialog. @throws TransportError */
  async send(dialog: Dialog, request: SipRequest): Promise<ClientTransaction> {
    const destination = dialog.nextHop();
    if (!destination) throw new Error('the far end has no address of SIP');
    this.#core.counts.requestsOut++;
    return this.#core.transactions.send(request, this.#core.redirect(destination));
  }

  /** The ACK of the last INVITE we sent in it, without a body. */
  newAck(dialog: Dialog, seq = dialog.localSeq): SipRequest {
    return dialog.newRequest('ACK', { seq });
  }

  close(): void {
    this.#isClosed = true;
    for (const dialog of [...this.#core.dialogs.all()]) this.#drop(dialog);
  }

  get pending(): number {
    return this.#unacknowledged.size;
  }

  async #sendAck(dialog: Dialog, ack: SipRequest): Promise<void> {
    const destination = dialog.nextHop();
    if (!destination) return;
    try {
      await this.#core.transactions.sendStateless(ack, this.#core.redirect(destination));
    } catch (error) {
      this.#core.log.debug({ dialog: dialog.id, err: error }, 'dialog.unsent');
    }
  }

  /** RFC 4028 10: UPDATE without a session description where the other side takes it, else a re-INVITE with the last one. */
  async #refresh(dialog: Dialog, interval: SessionInterval): Promise<void> {
    if (dialog.isInvitingLocally || dialog.isInvitingRemotely || dialog.state !== 'confirmed') {
      // One is on its way already, and is a refresh.
      this.agreeSession(dialog, { seconds: interval.seconds, refresher: 'uac' }, true);
      return;
    }
    const method = dialog.allows('UPDATE') ? 'UPDATE' : 'INVITE';
    const request = dialog.newRequest(method);
    request.headers.append(
      'Contact',
      dialog.role === 'uas' ? (dialog.response.headers.get('contact') ?? contactFor(dialog.flow)) : contactFor(dialog.flow),
    );
    request.headers.append('Supported', 'timer');
    request.headers.append('Session-Expires', `${interval.seconds};refresher=uac`);
    if (method === 'INVITE' && dialog.localSdp.length > 0) {
      request.headers.append('Content-Type', 'application/sdp');
      request.body = dialog.localSdp;
    }
    if (method === 'INVITE') dialog.isInvitingLocally = true;
    const failed = (): void => this.hangUp(dialog, 'session-expired');
    try {
      const transaction = await this.send(dialog, request);
      transaction.onResponse((response) => {
        if (response.status < 200 || this.#isClosed) return;
        dialog.isInvitingLocally = false;
        if (response.status < 300) {
          if (method === 'INVITE') void this.acknowledge(dialog, this.newAck(dialog, cseqOf(request.headers)?.number));
          this.agreeSession(dialog, { seconds: interval.seconds, refresher: 'uac' }, true);
        } else if (response.status === 408 || response.status === 481) failed();
        // Refused for now (491, 500 …): the session still stands; tried again at half of what is left.
        else this.agreeSession(dialog, { seconds: Math.max(interval.seconds / 2, 2), refresher: 'uac' }, true);
      });
      transaction.onFailed(failed);
    } catch {
      failed();
    }
  }

  #drop(dialog: Dialog): void {
    const unacknowledged = this.#unacknowledged.get(dialog);
    this.#unacknowledged.delete(dialog);
    unacknowledged?.close();
    this.#acks.delete(dialog);
    this.#sessions.get(dialog)?.close();
    this.#sessions.delete(dialog);
    this.#core.clock.clearTimeout(this.#expiries.get(dialog));
    this.#expiries.delete(dialog);
  }
}
