/**
 * Responses to requests of applications (WIRE §3, §7.2, §7.3): each is told once, makes, refreshes or ends the dialog it belongs to, and what an application must
 * not see to (a second answered fork, a 2xx after a CANCEL or after the application is gone) is seen to here. Belongs to `Outbound`.
 */
import type { Application } from './application.ts';
import { type Core, passage, tellCdr } from './core.ts';
import { Dialog } from './dialog.ts';
import type { DialogLife } from './dialogLife.ts';
import { parseNumber } from './headerText.ts';
import { isTerminated } from './inboundReply.ts';
import type { SipRequest, SipResponse } from './message.ts';
import { cseqOf } from './messageParse.ts';
import { createResponse } from './messageWrite.ts';
import { tagOf } from './nameAddr.ts';
import { randomText } from './randomText.ts';
import type { ReliableOrder } from './reliable.ts';
import { readSessionExpires } from './sessionTimer.ts';
import type { ClientTransaction, Flow } from './types.ts';
import { type Passage, sipFrame } from './wireText.ts';

/** A request of an application that has no final response yet. */
export interface Outgoing {
  /** The transaction id of the wire. */
  readonly id: string;
  readonly application: Application;
  /** As it is sent. */
  request: SipRequest;
  /** In which it is sent. */
  readonly dialog: Dialog | undefined;
  transaction: ClientTransaction | undefined;
  isCancelled: boolean;
  isOver: boolean;
  /** Sends it to the next server that its name stands for; undefined: there is none. */
  next: (() => void) | undefined;
  /** Sends it once more by another connection; undefined: that was done, or is not to be. */
  again: (() => void) | undefined;
  /** The fork that was answered. */
  answered: Dialog | undefined;
  /** Dialogs that its responses made, by the far end's tag. */
  readonly forks: Map<string, Dialog>;
  readonly reliableOrder: ReliableOrder;
  readonly dialogId: () => string;
  /** Tells the application that it went out; once. @returns false when it was told before */
  readonly tellSent: (passage: Passage) => boolean;
}

const TOLD_APART_MS = 20;
/** Far ends of one request that may ring at a time; a forking proxy has some, a stranger as many as he likes. */
const MOST_FORKS = 32;
const DEFAULT_SUBSCRIPTION_SEC = 3_600;

export class OutboundResponses {
  readonly #core: Core;
  readonly #life: DialogLife;
  readonly #forget: (outgoing: Outgoing) => void;
  /** INVITEs with a 2xx whose ACK the application has not sent yet. */
  readonly #unacknowledged = new Map<Dialog, { readonly invite: SipRequest; readonly timer: unknown; readonly isCancelled: boolean }>();

  constructor(core: Core, life: DialogLife, forget: (outgoing: Outgoing) => void) {
    this.#core = core;
    this.#life = life;
    this.#forget = forget;
  }

  close(): void {
    for (const { timer } of this.#unacknowledged.values()) this.#core.clock.clearTimeout(timer);
    this.#unacknowledged.clear();
  }

  /** The INVITE that the ACK an application sends now belongs to. */
  takeUnacknowledged(dialog: Dialog): SipRequest | undefined {
    const entry = this.#unacknowledged.get(dialog);
    if (!entry) return undefined;
    this.#unacknowledged.delete(dialog);
    this.#core.clock.clearTimeout(entry.timer);
    if (entry.isCancelled) queueMicrotask(() => this.#life.hangUp(dialog, 'ack-bye'));
    return entry.invite;
  }

  /** Instead of a response that never comes. */
  answerLocally(outgoing: Outgoing, status: number, reason?: string): void {
    const where: Passage = { protocol: 'unknown', address: '', port: 0, size: 0, at: this.#core.clock.now() };
    const response = createResponse(outgoing.request, status, { toTag: randomText(), ...(reason ? { reason } : {}) });
    const answer = (): void => {
      if (outgoing.isOver) return;
      this.#tell(outgoing, response, { ...where, protocol: 'udp' });
      this.#settle(outgoing, response);
    };
    // An application that is told of the request only now listens for its response a moment later.
    if (outgoing.tellSent(where)) this.#core.clock.setTimeout(answer, TOLD_APART_MS);
    else answer();
  }

  take(outgoing: Outgoing, response: SipResponse, flow: Flow): void {
    if (outgoing.isOver || response.status === 100) return;
    const { method } = outgoing.request;
    const from = passage(flow, response.size, this.#core.clock.now());
    if (response.status < 200 && !this.#isNew(outgoing, response)) return;
    if (!outgoing.dialog && (method === 'INVITE' || method === 'SUBSCRIBE') && response.status < 300) this.#fork(outgoing, response, flow);
    if (outgoing.dialog && response.status < 300) this.#refreshed(outgoing.dialog, outgoing, response, flow);
    this.#tell(outgoing, response, from);
    if (response.status >= 200) this.#settle(outgoing, response);
  }

  /** A 2xx of an INVITE that came again, or of another fork than the one that was answered first. */
  takeStray(response: SipResponse, flow: Flow): void {
    const dialog = this.#core.dialogs.ofResponse(response);
    const seq = cseqOf(response.headers)?.number ?? 0;
    if (dialog) {
      this.#life.repeatAck(dialog, seq);
      return;
    }
    // Only for a request of ours that is known: its first dialog bears our tag.
    const first = this.#core.dialogs.ofWireId(
      `${response.headers.get('call-id') ?? ''};from-tag=${tagOf(response.headers.get('from') ?? '') ?? ''}`,
    );
    if (first?.role !== 'uac' || tagOf(response.headers.get('to') ?? '') === first.remoteTag) return;
    const at = this.#core.clock.now();
    const other = new Dialog({ role: 'uac', usage: 'invite', request: first.request, response, flow, owner: undefined, at });
    other.learnFromResponse(response, flow);
    this.#core.dialogs.add(other);
    other.become('answered');
    void this.#life.acknowledge(other, this.#life.newAck(other, seq)).then(() => this.#life.hangUp(other, 'normal-release'));
  }

  dialogOfNotify(outgoing: Outgoing, notify: SipRequest, flow: Flow): Dialog {
    // The other side's NOTIFY says of itself what its response would say, with the parties the other way round.
    const response = createResponse(outgoing.request, 200);
    response.headers.set('To', notify.headers.get('from') ?? '');
    for (const contact of notify.headers.list('contact')) response.headers.append('Contact', contact);
    for (const route of notify.headers.list('record-route').toReversed()) response.headers.append('Record-Route', route);
    this.#fork(outgoing, response, flow);
    return outgoing.forks.get(tagOf(notify.headers.get('from') ?? '') ?? '') as Dialog;
  }

  /** RFC 3262 4: a reliable response counts once and in order. */
  #isNew(outgoing: Outgoing, response: SipResponse): boolean {
    const rseq = parseNumber(response.headers.get('rseq') ?? '', 0xffff_ffff);
    return rseq === undefined || outgoing.reliableOrder.takes(tagOf(response.headers.get('to') ?? '') ?? '', rseq);
  }

  /** RFC 3261 12.1.2, 13.2.2.4: each far end that answers has a dialog of its own; the first 2xx is the call. */
  #fork(outgoing: Outgoing, response: SipResponse, flow: Flow): void {
    const tag = tagOf(response.headers.get('to') ?? '');
    // An old far end (RFC 2543) may answer without a tag; a provisional without one makes nothing.
    if (tag === undefined && response.status < 200) return;
    const { request, application, forks } = outgoing;
    let dialog = forks.get(tag ?? '');
    if (!dialog && forks.size >= MOST_FORKS && response.status < 200) return;
    if (!dialog) {
      const usage = request.method === 'INVITE' ? 'invite' : 'subscribe';
      dialog = new Dialog({ role: 'uac', usage, request, response, flow, owner: application, at: this.#core.clock.now() });
      forks.set(tag ?? '', dialog);
      this.#core.dialogs.add(dialog);
    }
    dialog.learnFromResponse(response, flow);
    if (response.status < 200) return;
    outgoing.answered = dialog;
    if (dialog.usage === 'subscribe') {
      dialog.become('confirmed');
      const asked = response.headers.get('expires') ?? request.headers.get('expires') ?? '';
      this.#life.subscribed(dialog, parseNumber(asked, 0xffff_ffff) ?? DEFAULT_SUBSCRIPTION_SEC);
      return;
    }
    dialog.become('answered');
    this.#core.counts.callsAnswered++;
    tellCdr(this.#core, 'start', 'network', 'uac', response);
    this.#awaitAck(dialog, outgoing);
    this.#life.agreeSession(dialog, readSessionExpires(response.headers), true);
  }

  /** The application acknowledges; when it does not in time, or is gone, it is done for it (RFC 3261 13.2.2.4). */
  #awaitAck(dialog: Dialog, outgoing: Outgoing): void {
    const { clock, timers } = this.#core;
    const isAlone = !outgoing.application.isKnown;
    const acknowledge = (): void => {
      const invite = this.takeUnacknowledged(dialog);
      if (invite) void this.#life.acknowledge(dialog, this.#life.newAck(dialog, cseqOf(invite.headers)?.number));
    };
    const giveUp = (): void => {
      acknowledge();
      if (!outgoing.dialog) this.#life.hangUp(dialog, 'ack-timeout');
    };
    const timer = clock.setTimeout(giveUp, 64 * timers.t1);
    const isCancelled = outgoing.isCancelled && !outgoing.dialog;
    this.#unacknowledged.set(dialog, { invite: outgoing.request, timer, isCancelled });
    if (isAlone) acknowledge();
  }

  /** A 2xx inside a dialog. */
  #refreshed(dialog: Dialog, outgoing: Outgoing, response: SipResponse, flow: Flow): void {
    const { method, body } = outgoing.request;
    if (response.status < 200) return;
    if (!flow.isClosed) dialog.flow = flow;
    if (method === 'INVITE' || method === 'UPDATE' || method === 'SUBSCRIBE') dialog.refreshTarget(response.headers);
    if (method === 'INVITE' || method === 'UPDATE') {
      if (body.length > 0) dialog.localSdp = body;
      if (response.body.length > 0) dialog.remoteSdp = response.body;
      const interval = readSessionExpires(response.headers);
      if (interval) this.#life.agreeSession(dialog, interval, true);
    }
    if (method === 'INVITE') this.#awaitAck(dialog, outgoing);
    if (method === 'SUBSCRIBE' && dialog.usage === 'subscribe')
      this.#life.subscribed(dialog, parseNumber(response.headers.get('expires') ?? '', 0xffff_ffff) ?? DEFAULT_SUBSCRIPTION_SEC);
  }

  #tell(outgoing: Outgoing, response: SipResponse, from: Passage): void {
    const isPlain = outgoing.dialogId() === '';
    const shown = isPlain ? { ...from, protocol: '' as const } : from;
    outgoing.application.write(sipFrame('network', shown, { transactionId: outgoing.id, dialogId: outgoing.dialogId() }, response));
  }

  /** It has its final response. */
  #settle(outgoing: Outgoing, response: SipResponse): void {
    outgoing.isOver = true;
    this.#forget(outgoing);
    const { dialog, request } = outgoing;
    if (dialog) return this.#settleInDialog(dialog, request, response);
    for (const fork of outgoing.forks.values()) if (fork !== outgoing.answered) this.#life.over(fork, 'call-rejected');
    if (response.status >= 300 && request.method === 'INVITE')
      tellCdr(this.#core, 'stop', 'network', response.status === 487 ? 'call-canceled' : 'call-rejected', response);
  }

  #settleInDialog(dialog: Dialog, request: SipRequest, { status }: SipResponse): void {
    if (request.method === 'INVITE') dialog.isInvitingLocally = false;
    if (request.method === 'BYE') {
      // Challenged, it is sent again with credentials, in the same dialog.
      if (status !== 401 && status !== 407) this.#life.over(dialog, 'normal-release', request);
      return;
    }
    // RFC 3261 12.2.1.2: the far end does not know of the call any more.
    if ((status === 481 || status === 408) && (request.method === 'INVITE' || request.method === 'UPDATE'))
      return this.#life.hangUp(dialog, 'system-error');
    const isLastNotify = request.method === 'NOTIFY' && isTerminated(request.headers.get('subscription-state'));
    if (dialog.usage === 'subscribe' && (isLastNotify || status === 481)) this.#life.over(dialog, 'normal-release');
  }
}
