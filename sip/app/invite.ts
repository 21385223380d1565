/**
 * Beginnings of dialogs: taking an INVITE, and sending one. Both return what became of it; nothing here throws. RFC 3261 13; CANCEL against 200 (9.1, 15) is
 * settled here: a call that was cancelled and answered all the same is acknowledged and hung up.
 */
import { type Account, Challenges, hopTo } from '../registrar/challenges.ts';
import { Dialog, type Dialogs } from './dialog.ts';
import { type Link, LinkLost } from './link.ts';
import type { IncomingRequest, IncomingResponse, OutgoingResponse, SentRequest, SipMessage } from './srf.ts';

/** Answers 200. undefined: the caller cancelled first, or the link went. */
export function answer(
  dialogs: Dialogs,
  link: Link,
  {
    request,
    response,
    sdp,
    headers = {},
  }: { request: IncomingRequest; response: OutgoingResponse; sdp: string; headers?: Record<string, string> },
): Promise<Dialog | undefined> {
  return link
    .during<Dialog | undefined>((resolve) => {
      response.send(200, { body: sdp, headers: { ...headers, 'Content-Type': 'application/sdp' } }, (error) => {
        const id = response.stackDialogId;
        resolve(error || !id ? undefined : new Dialog(dialogs, { id, link, isCaller: false, knowsOptions: knowsOptions(request) }));
      });
    })
    .catch(() => undefined);
}

export type InviteResult =
  | { readonly kind: 'answered'; readonly dialog: Dialog; readonly sdp: string }
  /** `status` 487 also when we cancelled. `contact`: of a redirection. */
  | { readonly kind: 'failed'; readonly status: number; readonly contact: string }
  | { readonly kind: 'lost' };

export interface Outgoing {
  readonly result: Promise<InviteResult>;
  /** Idempotent, at any time. */
  cancel(): void;
}

export interface InviteOptions {
  readonly uri: string;
  /** Next hop, where it is not what the URI says. */
  readonly proxy?: string | undefined;
  readonly headers: Record<string, string>;
  readonly sdp: string;
  /** What challenges are answered with. */
  readonly account?: Account | undefined;
  /** 180, 183 with what they carry. */
  readonly onProgress?: ((status: number, sdp: string) => void) | undefined;
}

const CANCELLED = 487;
/** After a CANCEL the final answer may be lost; the server forgets after 32 s. */
const CANCEL_WAIT_MS = 4_000;

export function invite(dialogs: Dialogs, link: Link, options: InviteOptions): Outgoing {
  const { promise: result, resolve } = Promise.withResolvers<InviteResult>();
  const challenges = options.account && new Challenges(options.account);
  /** As it went out last; undefined while one is on its way to the server. */
  let request: SentRequest | undefined;
  let isCancelled = false;
  let isOver = false;
  let giveUp: NodeJS.Timeout | undefined;
  const forget = link.whenLost(() => end({ kind: 'lost' }));

  function end(outcome: InviteResult): void {
    isOver = true;
    clearTimeout(giveUp);
    forget();
    resolve(outcome);
  }

  function sendCancel(): void {
    giveUp ??= setTimeout(() => end({ kind: 'failed', status: CANCELLED, contact: '' }), CANCEL_WAIT_MS);
    try {
      request?.cancel(() => undefined);
    } catch {
      // The socket went under it; whenLost tells.
    }
  }

  function onResponse(response: IncomingResponse, acknowledge: () => void): void {
    const { status } = response;
    if (status < 200) {
      if (status > 100 && response.has('RSeq')) acknowledge();
      if (!isOver) options.onProgress?.(status, response.body);
      return;
    }
    if (status >= 300) {
      const isAgain = !isCancelled && request !== undefined && tryAgain(request, response);
      return isAgain ? undefined : end({ kind: 'failed', status, contact: response.get('Contact') ?? '' });
    }
    acknowledge();
    const dialog = new Dialog(dialogs, { id: response.stackDialogId, link, isCaller: true, knowsOptions: knowsOptions(response) });
    if (isCancelled || isOver) {
      dialog.bye();
      return end({ kind: 'failed', status: CANCELLED, contact: '' });
    }
    end({ kind: 'answered', dialog, sdp: response.body });
  }

  function onSent(sent: SentRequest): void {
    request = sent;
    sent.on('response', onResponse);
    if (isCancelled) sendCancel();
  }

  function send(headers: Readonly<Record<string, string>>, proxy: string | undefined): void {
    const { uri, sdp } = options;
    link
      .request({ method: 'INVITE', uri, proxy, body: sdp, headers: { ...headers, 'Content-Type': 'application/sdp' } }, onSent)
      .catch((error: unknown) => end(error instanceof LinkLost ? { kind: 'lost' } : { kind: 'failed', status: 503, contact: '' }));
  }

  /** RFC 3261 8.1.3.5, 22.2: the same call with credentials. */
  function tryAgain(sent: SentRequest, response: IncomingResponse): boolean {
    const credentials = challenges?.answer(response, { method: 'INVITE', uri: sent.uri });
    if (!credentials) return false;
    request = undefined;
    const sequence = Number.parseInt(sent.get('CSeq') ?? '', 10) + 1;
    const same = { from: sent.get('From') ?? '', 'Call-ID': sent.get('Call-ID') ?? '', CSeq: `${sequence} INVITE` };
    send({ ...options.headers, ...same, ...credentials }, hopTo(response) ?? options.proxy);
    return true;
  }

  send(options.headers, options.proxy);

  return {
    result,
    cancel() {
      if (isCancelled || isOver) return;
      isCancelled = true;
      sendCancel();
    },
  };
}

function knowsOptions(message: SipMessage): boolean {
  return /\bOPTIONS\b/i.test(message.get('Allow') ?? '');
}
