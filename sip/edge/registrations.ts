/**
 * Which connection a phone registered over last (RFC 5626). A phone behind a NAT is reached by no other way: when its connection was lost while it talks, and it registers over
 * another, its calls go by that one. Only what an application accepted counts. Created by `InboundReply`.
 */
import type { Dialogs } from './dialogs.ts';
import type { SipRequest } from './message.ts';
import { parseNameAddr } from './nameAddr.ts';
import type { Flow } from './types.ts';
import { parseUri } from './uri.ts';

/** Connections that are gone are forgotten when there are so many, and twice as many as then. */
const FIRST_PURGE_AT = 1_000;

export class Registrations {
  readonly #dialogs: Dialogs;
  readonly #flows = new Map<string, Flow>();
  #purgeAt = FIRST_PURGE_AT;

  constructor(dialogs: Dialogs) {
    this.#dialogs = dialogs;
  }

  accepted(request: SipRequest, flow: Flow): void {
    const contact = parseNameAddr(request.headers.list('contact')[0] ?? '');
    const user = contact && parseUri(contact.uri)?.user;
    if (!flow.isReliable || !contact || user === undefined) return;
    const phone = `${parseNameAddr(request.headers.get('to') ?? '')?.uri} ${contact.params.get('+sip.instance') ?? user}`;
    const before = this.#flows.get(phone);
    this.#flows.set(phone, flow);
    if (this.#flows.size >= this.#purgeAt) this.#purge();
    if (before === undefined || before === flow) return;
    // Others may stand behind the same connection.
    for (const dialog of this.#dialogs.all())
      if (dialog.flow === before && parseUri(dialog.remoteTarget)?.user === user) dialog.flow = flow;
  }

  /** What is gone is of use for as long as somebody talks by it. */
  #purge(): void {
    const inUse = new Set([...this.#dialogs.all()].map(({ flow }) => flow));
    for (const [phone, flow] of this.#flows) if (flow.isClosed && !inUse.has(flow)) this.#flows.delete(phone);
    this.#purgeAt = Math.max(FIRST_PURGE_AT, 2 * this.#flows.size);
  }
}
