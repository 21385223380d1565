/**
 * Responses of applications to requests of the network (WIRE §4, §5): made from the request and what the application says, sent, and told back as they went
 * out. A 2xx (or a provisional with a tag) to an INVITE or SUBSCRIBE makes the dialog. Created by `createEdge`.
 */
import { randomUUID } from 'node:crypto';
import type { Application } from './application.ts';
import { type AppMessage, appHeader, applyHeaders, bodyType } from './appMessage.ts';
import { type Core, passage, tellCdr } from './core.ts';
import { Dialog } from './dialog.ts';
import type { DialogLife } from './dialogLife.ts';
import { parseNumber } from './headerText.ts';
import { type Inbound, type Incoming, newReliable } from './inbound.ts';
import type { SipResponse } from './message.ts';
import { contactFor, ownContact } from './nextHop.ts';
import { Registrations } from './registrations.ts';
import { hasOption } from './reliable.ts';
import { replyTo } from './replies.ts';
import { agreedInterval, readSessionExpires } from './sessionTimer.ts';
import type { SipCommand } from './wireCommand.ts';
import { refusedFrame, responseSentFrame } from './wireText.ts';

/** What a response takes from its request, whatever an application says; of To only the tag is the application's to choose. */
const COPIED: ReadonlySet<string> = new Set(['from', 'to', 'call-id', 'cseq']);
const DEFAULT_SUBSCRIPTION_SEC = 3_600;

export class InboundReply {
  readonly #core: Core;
  readonly #inbound: Inbound;
  readonly #life: DialogLife;
  readonly #registrations: Registrations;

  constructor(core: Core, inbound: Inbound, life: DialogLife) {
    this.#core = core;
    this.#inbound = inbound;
    this.#life = life;
    this.#registrations = new Registrations(core.dialogs);
  }

  take(application: Application, command: SipCommand, message: AppMessage, status: number, reason: string): void {
    const refuse = (why: string): void => application.write(refusedFrame(command.id, why));
    const incoming = this.#inbound.find(command.transactionId);
    if (!incoming) return refuse('Response not sent due to unknown transaction');
    const { request } = incoming;
    const isInvite = request.method === 'INVITE';
    if (message.body.length > 0 && bodyType(message) === undefined) return refuse('missing content-type');
    const wantsReliable = isInvite && status > 100 && status < 200 && hasReliable(message);
    if (wantsReliable && !hasOption(request.headers, 'supported', '100rel') && !hasOption(request.headers, 'require', '100rel'))
      return refuse('Remote endpoint does not support 100rel');
    const send = (): void => this.#send(application, command, incoming, message, { status, reason, wantsReliable });
    // RFC 3262 3: neither another reliable response nor the final 2xx overtakes one that is not acknowledged.
    if (incoming.reliable && (wantsReliable || (status >= 200 && status < 300))) incoming.reliable.whenFree(send);
    else send();
  }

  #send(
    application: Application,
    command: SipCommand,
    incoming: Incoming,
    message: AppMessage,
    { status, reason, wantsReliable }: { readonly status: number; readonly reason: string; readonly wantsReliable: boolean },
  ): void {
    if (!this.#inbound.find(incoming.id))
      return application.write(refusedFrame(command.id, 'Response not sent due to unknown transaction'));
    const { transaction, request } = incoming;
    this.#chooseTag(incoming, message);
    const response = this.#response(incoming, message, { status, reason, wantsReliable });
    const dialog = this.#dialog(incoming, response, application);
    try {
      if (wantsReliable) {
        incoming.reliable ??= newReliable(this.#core, incoming, () => this.#inbound.answer(incoming, 504));
        incoming.reliable.send(response);
      } else transaction.respond(response);
    } catch (error) {
      this.#core.log.debug({ transaction: incoming.id, err: error }, 'inbound.late');
      this.#inbound.forget(incoming);
      return application.write(refusedFrame(command.id, 'Response not sent due to unknown transaction'));
    }
    const dialogId = dialog && request.method !== 'BYE' ? dialog.id : '';
    const size = 0;
    // Told before what comes of it: the ACK is only waited for from here on.
    application.write(
      responseSentFrame(command.id, passage(transaction.flow, size, this.#core.clock.now()), incoming.id, dialogId, response),
    );
    incoming.isProceeding = true;
    if (status >= 200) this.#final(incoming, response, dialog);
  }

  /** One tag for all responses to a request; the application may choose it in the first. */
  #chooseTag(incoming: Incoming, message: AppMessage): void {
    if (incoming.isInDialog || incoming.isProceeding) return;
    const tag = /;\s*tag=([^\s;,>]{1,128})/.exec(appHeader(message, 'to') ?? '')?.[1];
    // Call-IDs and their like are used as tags by applications: what is no token is made one (RFC 3261 25.1).
    if (tag !== undefined) incoming.localTag = tag.replaceAll(/[^A-Za-z0-9\-.!%*_+`'~]/g, '.');
  }

  #response(
    incoming: Incoming,
    message: AppMessage,
    { status, reason, wantsReliable }: { readonly status: number; readonly reason: string; readonly wantsReliable: boolean },
  ): SipResponse {
    const { request, transaction } = incoming;
    const { flow } = transaction;
    const response = replyTo(request, status, incoming.localTag, reason || undefined);
    const { headers } = response;
    const makesDialog = request.method === 'INVITE' || request.method === 'SUBSCRIBE';
    const isRefresh = request.method === 'UPDATE' || request.method === 'REFER' || request.method === 'NOTIFY';
    const isReinvite = request.method === 'INVITE' && incoming.isInDialog;
    const needsContact =
      status > 100 && (isReinvite || (makesDialog && status < 300) || (isRefresh && status < 300 && incoming.isInDialog));
    if (needsContact) headers.set('Contact', chosenContact(incoming) ?? contactFor(flow));
    if (status >= 200 && status < 300 && (request.method === 'INVITE' || request.method === 'UPDATE'))
      for (const [name, value] of agreedInterval(request)?.lines ?? []) headers.append(name, value);
    if (status >= 200 && status < 300 && request.method === 'SUBSCRIBE')
      headers.set('Expires', request.headers.get('expires') ?? String(DEFAULT_SUBSCRIPTION_SEC));
    const require = headers.get('require');
    applyHeaders(message, headers, flow.advertised, COPIED);
    if (require && !hasOption(headers, 'require', require) && readSessionExpires(headers)?.refresher === 'uac')
      headers.append('Require', require);
    const contact = message.headers.has('contact') ? headers.get('contact') : undefined;
    if (contact !== undefined && message.headers.get('contact')?.values.length === 1) headers.set('Contact', ownContact(contact, flow));
    if (wantsReliable && !hasOption(headers, 'require', '100rel')) headers.append('Require', '100rel');
    if (message.body.length > 0) {
      headers.set('Content-Type', bodyType(message) as string);
      response.body = message.body;
    } else headers.remove('Content-Type');
    return response;
  }

  /** The dialog this response belongs to, made now when it makes one (RFC 3261 12.1.1). */
  #dialog(incoming: Incoming, response: SipResponse, application: Application): Dialog | undefined {
    const { request, transaction } = incoming;
    const { status } = response;
    if (incoming.dialog) {
      if (!incoming.isInDialog && status < 300) incoming.dialog.learnFromResponse(response, transaction.flow);
      return incoming.dialog;
    }
    const usage = request.method === 'INVITE' ? 'invite' : request.method === 'SUBSCRIBE' ? 'subscribe' : undefined;
    if (!usage || status <= 100 || status >= 300 || (usage === 'subscribe' && status < 200)) return undefined;
    const { flow } = transaction;
    const dialog = new Dialog({ role: 'uas', usage, request, response, flow, owner: application, at: this.#core.clock.now() });
    this.#core.dialogs.add(dialog);
    incoming.dialog = dialog;
    return dialog;
  }

  #final(incoming: Incoming, response: SipResponse, dialog: Dialog | undefined): void {
    const { request, transaction } = incoming;
    const { status } = response;
    this.#inbound.forget(incoming);
    if (status >= 300) {
      if (dialog && !incoming.isInDialog) this.#life.over(dialog, 'call-rejected');
      if (request.method === 'INVITE' && !incoming.isInDialog) tellCdr(this.#core, 'stop', 'application', 'call-rejected', response);
      return;
    }
    if (request.method === 'REGISTER') this.#registrations.accepted(request, incoming.transaction.flow);
    if (!dialog || dialog.isOver) return;
    if (request.method === 'INVITE') {
      if (incoming.isInDialog) {
        if (request.body.length > 0) dialog.remoteSdp = request.body;
        if (response.body.length > 0) dialog.localSdp = response.body;
      } else {
        dialog.become('answered');
        this.#core.counts.callsAnswered++;
        tellCdr(this.#core, 'start', 'application', 'uas', response);
      }
      this.#life.answered(dialog, response, incoming.isInDialog ? randomUUID() : incoming.id, transaction);
    }
    if (request.method === 'INVITE' || request.method === 'UPDATE')
      this.#life.agreeSession(dialog, readSessionExpires(response.headers), false);
    if (request.method === 'SUBSCRIBE' && dialog.usage === 'subscribe') {
      dialog.become('confirmed');
      this.#life.subscribed(dialog, parseNumber(response.headers.get('expires') ?? '', 0xffff_ffff) ?? DEFAULT_SUBSCRIPTION_SEC);
    }
    if (request.method === 'NOTIFY' && dialog.usage === 'subscribe' && isTerminated(request.headers.get('subscription-state')))
      this.#life.over(dialog, 'normal-release');
  }
}

export function isTerminated(subscriptionState: string | undefined): boolean {
  return /^\s*terminated\b/i.test(subscriptionState ?? '');
}

/** The application chose a Contact for this call earlier: it stays the same (RFC 3261 12.1.1). */
function chosenContact(incoming: Incoming): string | undefined {
  const { dialog } = incoming;
  if (!dialog) return undefined;
  return dialog.role === 'uas' ? dialog.response.headers.get('contact') : dialog.request.headers.get('contact');
}

function hasReliable(message: AppMessage): boolean {
  return message.headers.get('require')?.values.some((value) => /(^|,)\s*100rel\s*(,|$)/i.test(value)) ?? false;
}
