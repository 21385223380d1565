/**
 * Requests of the network (WIRE §3, §7.1): each is matched to its dialog or to an application whose turn it is, told to it, and kept until the application
 * has answered or the transaction is over. What the edge must answer by itself is answered here. Created by `createEdge`.
 */
import { randomUUID } from 'node:crypto';
import type { Application } from './application.ts';
import { type Core, passage, tellCdr } from './core.ts';
import { type Dialog, wireDialogId } from './dialog.ts';
import type { DialogLife } from './dialogLife.ts';
import type { SipRequest } from './message.ts';
import { cseqOf } from './messageParse.ts';
import { tagOf } from './nameAddr.ts';
import { randomText } from './randomText.ts';
import { ReliableResponses } from './reliable.ts';
import { refusal, replyTo } from './replies.ts';
import { asksTooLittle, MIN_SESSION_SEC } from './sessionTimer.ts';
import type { Flow, ServerTransaction } from './types.ts';
import { sipFrame } from './wireText.ts';

/** Methods that may be told as new although they name a dialog nobody knows (WIRE §7.1). */
const NEW_IN_SPITE_OF_TAG: ReadonlySet<string> = new Set(['OPTIONS', 'MESSAGE', 'NOTIFY', 'INFO', 'PUBLISH', 'SUBSCRIBE', 'REFER']);
/** 64*T1: what an application does not answer in this time is answered for it. */
const ANSWER_WITHIN_T1 = 64;
/** The same of an INVITE that not even rings; its transaction ends at 128. */
const RING_WITHIN_T1 = 120;

/** A request an application has been told of. */
export interface Incoming {
  /** The transaction id of the wire. */
  readonly id: string;
  readonly transaction: ServerTransaction;
  readonly request: SipRequest;
  /** Told of it; undefined while it waits for one that adopts the dialog. */
  application: Application | undefined;
  /** In which it came, or which our response has made. */
  dialog: Dialog | undefined;
  readonly isInDialog: boolean;
  /** Ours, in every response to it. */
  localTag: string;
  /** An application has answered provisionally. */
  isProceeding: boolean;
  reliable: ReliableResponses | undefined;
  timer: unknown;
}

export interface InboundOptions {
  readonly life: DialogLife;
  /** Forwards what belongs to a call that was proxied with our Record-Route. @returns whether it did */
  readonly forward: (transaction: ServerTransaction) => boolean;
  readonly forwardAck: (ack: SipRequest, flow: Flow) => boolean;
  /** A NOTIFY of a subscription of ours whose SUBSCRIBE is not answered yet (RFC 6665 4.1.2.4). */
  readonly dialogOfNotify: (request: SipRequest, flow: Flow) => Dialog | undefined;
  /** An INVITE of ours has this id of the wire, and no final response yet. */
  readonly isInviting: (dialogId: string) => boolean;
}

/** Of SIP and its extensions: an application may yet come for them. Any other is nobody's (RFC 3261 21.5.2), unless an application asks for it. */
const METHODS: ReadonlySet<string> = new Set(
  'INVITE ACK CANCEL BYE OPTIONS REGISTER PRACK UPDATE INFO REFER SUBSCRIBE NOTIFY MESSAGE PUBLISH'.split(' '),
);

export class Inbound {
  readonly #core: Core;
  readonly #options: InboundOptions;
  readonly #incoming = new Map<string, Incoming>();
  /** Requests that made no dialog yet, by Call-ID, From tag and CSeq: RFC 3261 8.2.2.2. */
  readonly #initial = new Set<string>();
  /** Ids, as the wire has them, of calls that ring here. */
  readonly #ringing = new Set<string>();

  constructor(core: Core, options: InboundOptions) {
    this.#core = core;
    this.#options = options;
    core.transactions.onRequest((transaction) => this.#guarded(() => this.#take(transaction), transaction));
    core.transactions.onAck((ack, flow) => this.#guarded(() => this.#takeAck(ack, flow)));
  }

  find(transactionId: string): Incoming | undefined {
    return this.#incoming.get(transactionId);
  }

  get count(): number {
    return this.#incoming.size;
  }

  /** It has its final response, or never will have one. */
  forget(incoming: Incoming): void {
    if (!this.#incoming.delete(incoming.id)) return;
    this.#core.clock.clearTimeout(incoming.timer);
    incoming.reliable?.close();
    if (!incoming.isInDialog && incoming.request.method === 'INVITE') this.#ringing.delete(wireDialogId(incoming.request));
    if (incoming.isInDialog && incoming.request.method === 'INVITE' && incoming.dialog) incoming.dialog.isInvitingRemotely = false;
  }

  /** Answers for the application. */
  answer(incoming: Incoming, status: number, more: readonly (readonly [string, string])[] = []): void {
    const response = replyTo(incoming.request, status, incoming.localTag);
    for (const [name, value] of more) response.headers.append(name, value);
    this.forget(incoming);
    this.#respond(incoming.transaction, response);
    if (status < 300) return;
    const early = incoming.dialog;
    if (!incoming.isInDialog && early) this.#options.life.over(early, 'call-rejected');
  }

  /** The application is gone: what it has not answered is refused, what is inside a call waits for who adopts it. */
  abandon(application: Application): void {
    for (const incoming of [...this.#incoming.values()].filter((other) => other.application === application)) {
      if (incoming.isInDialog && incoming.dialog && !incoming.dialog.isOver) incoming.application = undefined;
      else if (incoming.request.method === 'BYE') this.answer(incoming, 200);
      else this.answer(incoming, 503);
    }
  }

  /** Its dialog belongs to this application now: what waited is told to it. */
  adopted(dialog: Dialog, application: Application): void {
    for (const incoming of [...this.#incoming.values()]) {
      if (incoming.dialog !== dialog || incoming.application) continue;
      incoming.application = application;
      this.#tell(incoming, dialog.id);
    }
  }

  /** Nobody adopted it, or it is over: what it left unanswered is answered (RFC 3261 15.1.2). */
  dialogOver(dialog: Dialog): void {
    for (const incoming of [...this.#incoming.values()]) {
      if (incoming.dialog === dialog && incoming.isInDialog && incoming.request.method !== 'BYE') this.answer(incoming, 487);
    }
  }

  close(): void {
    for (const incoming of [...this.#incoming.values()]) this.answer(incoming, 503);
  }

  /** Whatever a stranger sends, a fault of ours ends his request, not the process. */
  #guarded(work: () => void, transaction?: ServerTransaction): void {
    try {
      work();
    } catch (error) {
      this.#core.log.error({ transaction: transaction?.id, err: error }, 'inbound.fault');
      if (transaction && !transaction.isCompleted) this.#respond(transaction, refusal(transaction.request, 500));
    }
  }

  #take(transaction: ServerTransaction): void {
    this.#core.counts.requestsIn++;
    if (this.#options.forward(transaction)) return;
    const { request } = transaction;
    if (tagOf(request.headers.get('to') ?? '') === undefined) return this.#takeNew(transaction);
    const dialog = this.#core.dialogs.ofRequest(request) ?? this.#ofEarlyNotify(transaction);
    if (dialog) return this.#takeInDialog(transaction, dialog);
    if (NEW_IN_SPITE_OF_TAG.has(request.method) && this.#core.applications.next(request.method.toLowerCase()))
      return this.#takeNew(transaction);
    this.#respond(transaction, refusal(request, 481));
  }

  #ofEarlyNotify({ request, flow }: ServerTransaction): Dialog | undefined {
    return request.method === 'NOTIFY' ? this.#options.dialogOfNotify(request, flow) : undefined;
  }

  #takeNew(transaction: ServerTransaction): void {
    const { request } = transaction;
    const isInvite = request.method === 'INVITE';
    const initial = [request.headers.get('call-id'), tagOf(request.headers.get('from') ?? ''), request.headers.get('cseq')].join(' ');
    if (this.#initial.has(initial) || (isInvite && this.#isKnownCall(wireDialogId(request))))
      return this.#respond(transaction, refusal(request, 482));
    if (isInvite && asksTooLittle(request)) return this.#respond(transaction, refusal(request, 422, [['Min-SE', String(MIN_SESSION_SEC)]]));
    const application = this.#core.applications.next(request.method.toLowerCase());
    if (!application) {
      this.#core.counts.refusedNoApplication++;
      return this.#respond(transaction, refusal(request, METHODS.has(request.method) ? 503 : 501));
    }
    this.#initial.add(initial);
    transaction.onEnded(() => this.#initial.delete(initial));
    const incoming = this.#keep(transaction, application, undefined);
    if (isInvite) {
      this.#ringing.add(wireDialogId(request));
      transaction.onCancel((cancel) => this.#cancelled(incoming, cancel));
      tellCdr(this.#core, 'attempt', 'network', '', request);
    }
    this.#tell(incoming, '');
  }

  /**
   * A call of ours that came back, or a caller who begins a second one under the names of his first (RFC 3261 16.3: Loop Detected). To an application both would be one
   * dialog, and what it does to one would happen to the other.
   */
  #isKnownCall(id: string): boolean {
    const dialog = this.#core.dialogs.ofWireId(id);
    return (dialog?.usage === 'invite' && !dialog.isOver) || this.#ringing.has(id) || this.#options.isInviting(id);
  }

  #takeInDialog(transaction: ServerTransaction, dialog: Dialog): void {
    const { request, flow } = transaction;
    const { method } = request;
    if (!dialog.takeRemoteSeq(cseqOf(request.headers)?.number ?? 0)) return this.#respond(transaction, refusal(request, 500));
    if (dialog.isOver) return this.#respond(transaction, refusal(request, method === 'BYE' ? 200 : 481));
    if (method === 'BYE') return this.#takeBye(transaction, dialog);
    if (method === 'PRACK' && !this.#takePrack(request, dialog)) return this.#respond(transaction, refusal(request, 481));
    const trouble = this.#reinviteTrouble(request, dialog);
    if (trouble) return this.#respond(transaction, trouble);
    dialog.flow = flow;
    if (method === 'INVITE' || method === 'UPDATE' || method === 'SUBSCRIBE' || method === 'NOTIFY') dialog.refreshTarget(request.headers);
    if (method === 'INVITE') dialog.isInvitingRemotely = true;
    const incoming = this.#keep(transaction, dialog.owner, dialog);
    if (method === 'INVITE') transaction.onCancel((cancel) => this.#cancelled(incoming, cancel));
    // Nobody carries the call at the moment: it is told to the one who adopts it.
    if (dialog.owner) this.#tell(incoming, dialog.id);
  }

  /** RFC 3261 14.2, RFC 3311 5.2, RFC 4028 9. */
  #reinviteTrouble(request: SipRequest, dialog: Dialog) {
    const { method } = request;
    if (method !== 'INVITE' && method !== 'UPDATE') return undefined;
    if (asksTooLittle(request)) return refusal(request, 422, [['Min-SE', String(MIN_SESSION_SEC)]]);
    const later: [string, string][] = [['Retry-After', String(1 + Math.floor(Math.random() * 9))]];
    if (method === 'INVITE') {
      const isFirstPending = dialog.state === 'early' && dialog.role === 'uas';
      if (dialog.isInvitingRemotely || isFirstPending) return refusal(request, 500, later);
      return dialog.isInvitingLocally ? refusal(request, 491) : undefined;
    }
    if (dialog.isInvitingLocally && request.body.length > 0 && dialog.state !== 'early') return refusal(request, 491);
    const isSecond = [...this.#incoming.values()].some((other) => other.dialog === dialog && other.request.method === 'UPDATE');
    return isSecond ? refusal(request, 500, later) : undefined;
  }

  #takePrack(request: SipRequest, dialog: Dialog): boolean {
    const invite = [...this.#incoming.values()].find((other) => other.dialog === dialog && other.reliable !== undefined);
    return invite?.reliable?.acknowledge(request.headers.get('rack')) ?? false;
  }

  #takeBye(transaction: ServerTransaction, dialog: Dialog): void {
    const { request } = transaction;
    if (dialog.state === 'early') return this.#takeEarlyBye(transaction, dialog);
    const { owner } = dialog;
    this.dialogOver(dialog);
    this.#options.life.over(dialog, 'normal-release', request);
    if (!owner) return this.#respond(transaction, refusal(request, 200));
    const incoming = this.#keep(transaction, owner, dialog);
    this.#tell(incoming, dialog.id);
  }

  /** A caller may give up by BYE as well (RFC 3261 15): it gets the 487 of its INVITE, and the application is told as of a CANCEL. */
  #takeEarlyBye(transaction: ServerTransaction, dialog: Dialog): void {
    const { request } = transaction;
    const invite = [...this.#incoming.values()].find((other) => other.dialog === dialog && !other.isInDialog);
    if (!invite) return this.#respond(transaction, refusal(request, 481));
    this.#respond(transaction, refusal(request, 200));
    const cancel: SipRequest = { ...request, method: 'CANCEL', headers: request.headers.clone() };
    cancel.headers.set('CSeq', `${cseqOf(invite.request.headers)?.number ?? 1} CANCEL`);
    this.#cancelled(invite, cancel);
  }

  #cancelled(incoming: Incoming, cancel: SipRequest): void {
    if (!this.#incoming.has(incoming.id)) return;
    const { dialog, isProceeding, application, transaction } = incoming;
    this.answer(incoming, 487);
    const dialogId = isProceeding && dialog ? dialog.id : '';
    const ids = { transactionId: incoming.id, dialogId };
    application?.write(sipFrame('network', passage(transaction.flow, cancel.size, this.#core.clock.now()), ids, cancel));
    if (!incoming.isInDialog) tellCdr(this.#core, 'stop', 'network', 'call-canceled', cancel);
  }

  /** No response can reach the far end any more: to the application that is as if it had given up. */
  #lost(incoming: Incoming): void {
    if (!this.#incoming.has(incoming.id)) return;
    this.forget(incoming);
    if (incoming.request.method !== 'INVITE') return;
    this.#tellGivenUp(incoming);
    const { dialog } = incoming;
    if (!incoming.isInDialog && dialog) this.#options.life.over(dialog, 'system-error');
  }

  /** Its application does not even let it ring: neither shall the caller wait for ever, nor the application answer later. */
  #neverRang(incoming: Incoming): void {
    if (incoming.isProceeding) return;
    this.answer(incoming, 500);
    this.#tellGivenUp(incoming);
  }

  #tellGivenUp({ id, request, application, dialog, transaction }: Incoming): void {
    const cancel: SipRequest = { ...request, method: 'CANCEL', headers: request.headers.clone(), body: Buffer.alloc(0) };
    cancel.headers.set('CSeq', `${cseqOf(request.headers)?.number ?? 1} CANCEL`);
    const ids = { transactionId: id, dialogId: dialog?.id ?? '' };
    application?.write(sipFrame('network', passage(transaction.flow, 0, this.#core.clock.now()), ids, cancel));
  }

  #takeAck(ack: SipRequest, flow: Flow): void {
    const dialog = this.#core.dialogs.ofRequest(ack);
    if (!dialog) {
      this.#options.forwardAck(ack, flow);
      return;
    }
    const transactionId = this.#options.life.acknowledged(dialog, ack);
    if (transactionId === undefined) return;
    const source = { ...passage(flow, ack.size, this.#core.clock.now()), protocol: '' as const };
    dialog.owner?.write(sipFrame('network', source, { transactionId, dialogId: dialog.id }, ack));
  }

  #keep(transaction: ServerTransaction, application: Application | undefined, dialog: Dialog | undefined): Incoming {
    const { request } = transaction;
    const incoming: Incoming = {
      id: randomUUID(),
      transaction,
      request,
      application,
      dialog,
      isInDialog: dialog !== undefined,
      localTag: dialog?.localTag ?? randomText(),
      isProceeding: false,
      reliable: undefined,
      timer: undefined,
    };
    this.#incoming.set(incoming.id, incoming);
    const isInvite = request.method === 'INVITE';
    const giveUp = (): void => {
      if (isInvite) this.#neverRang(incoming);
      else if (request.method === 'BYE') this.answer(incoming, 200);
      // RFC 4320 4.2: too late for anything but silence.
      else this.forget(incoming);
    };
    incoming.timer = this.#core.clock.setTimeout(giveUp, (isInvite ? RING_WITHIN_T1 : ANSWER_WITHIN_T1) * this.#core.timers.t1);
    transaction.onEnded((reason) => {
      if (reason !== 'done') this.#lost(incoming);
    });
    return incoming;
  }

  #tell(incoming: Incoming, dialogId: string): void {
    const { transaction, request, id } = incoming;
    const { flow } = transaction;
    const local = incoming.isInDialog ? {} : { local: flow.advertised };
    const ids = { transactionId: id, dialogId, ...local };
    incoming.application?.write(sipFrame('network', passage(flow, request.size, this.#core.clock.now()), ids, request));
  }

  #respond(transaction: ServerTransaction, response: ReturnType<typeof replyTo>): void {
    try {
      transaction.respond(response);
    } catch (error) {
      // A final response crossed it: the first one counts.
      this.#core.log.debug({ transaction: transaction.id, err: error }, 'inbound.late');
    }
  }
}

export function newReliable(core: Core, incoming: Incoming, onTimeout: () => void): ReliableResponses {
  return new ReliableResponses(core, { send: (response) => incoming.transaction.respond(response), timeout: onTimeout });
}
