/**
 * A dialog of a call (RFC 3261 12), known by the server's id for it: `<Call-ID>;from-tag=<tag of the first INVITE>`. Made by `invite.ts` or, after a restart, from
 * what was saved. It outlives the link it came by: what has to be said while the link is away (a BYE) is said when it is back.
 */
import { type Account, Challenges } from '../registrar/challenges.ts';
import type { Link } from './link.ts';
import { LinkLost } from './link.ts';
import type { IncomingRequest, IncomingResponse, OutgoingResponse, SentRequest } from './srf.ts';

export type OfferAnswer = { readonly ok: true; readonly sdp: string } | { readonly ok: false; readonly status: number };

/** What happens in the dialog; whoever owns the leg sets them. */
export interface DialogReactions {
  /** The other side hung up, or the server ended it (`reason`). */
  ended(reason: string): void;
  /** A new offer of the other side (RFC 3264 8); empty when it wants ours: the answer comes by `acknowledged`. */
  offered(sdp: string): OfferAnswer;
  acknowledged(sdp: string): void;
  info(contentType: string, body: string): void;
  /** RFC 3515, 3891. The answer is a status; `tell` reports what became of it. */
  refer(request: { readonly to: string; readonly by: string }, tell: (status: number, isOver: boolean) => void): number;
}

const GLARE = 491;
const GLARE_TRIES = 3;
const ANSWER_WITHIN_MS = 40_000;

export class Dialog {
  readonly id: string;
  /** Changes when its server was lost and is back, and in recovery: any server's link that carries it. */
  link: Link;
  /** We called: RFC 3261 14.1 lets us wait longer after a glare. */
  readonly isCaller: boolean;
  /** The other side says that it knows OPTIONS (Allow, RFC 3261 20.5). */
  readonly knowsOptions: boolean;
  /** Id of the trunk by which it goes out, which counts its minutes, and the name of its place there (`dialOut.ts`). */
  trunk: string | undefined;
  place: string | undefined;
  /** What the trunk's challenges are answered with. */
  account: Account | undefined;
  #on: DialogReactions | undefined;
  /** What the other side sent before anybody owned the dialog: a BYE may follow the ACK in the same packet. */
  #early: (readonly [IncomingRequest, OutgoingResponse])[] | undefined = [];
  #isOver = false;
  #isOffering = false;
  readonly #whenOver: (() => void)[] = [];
  readonly #registry: Dialogs;

  constructor(
    registry: Dialogs,
    options: {
      readonly id: string;
      readonly link: Link;
      readonly isCaller: boolean;
      readonly knowsOptions: boolean;
      readonly trunk?: string | undefined;
      readonly place?: string | undefined;
    },
  ) {
    this.#registry = registry;
    this.id = options.id;
    this.link = options.link;
    this.isCaller = options.isCaller;
    this.knowsOptions = options.knowsOptions;
    this.trunk = options.trunk;
    this.place = options.place;
    registry.add(this);
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  get on(): DialogReactions | undefined {
    return this.#on;
  }

  /** From now on the owner hears what happens, and what has happened already. */
  set on(reactions: DialogReactions | undefined) {
    if (this.#isOver || !reactions) return;
    this.#on = reactions;
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const [request, response] of early) this.handle(request, response);
  }

  /** Called once when it is over, whoever ended it. */
  whenOver(work: () => void): void {
    if (this.#isOver) work();
    else this.#whenOver.push(work);
  }

  /** Hangs up. Idempotent; said again when the link is back. `cause` is a Q.850 or SIP reason header. */
  bye(cause?: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#on = undefined;
    for (const [request, response] of this.#early ?? []) if (request.method !== 'ACK') response.send(request.method === 'BYE' ? 200 : 481);
    this.#registry.hangUp(this, cause);
    for (const work of this.#whenOver.splice(0)) work();
  }

  /** Hangs up for a reason that the owner does not know of; it is told. `cause` as of `bye`. */
  cut(reason: string, cause: string): void {
    const on = this.#on;
    this.bye(cause);
    on?.ended(reason);
  }

  /** Sends an offer (a re-INVITE) and takes the answer; after a glare again, as 14.1 says. `status` 0: the link went, or the dialog ended meanwhile. */
  async offer(sdp: string): Promise<OfferAnswer> {
    for (let tries = 1; ; tries++) {
      if (this.#isOver || this.#isOffering) return { ok: false, status: this.#isOver ? 0 : GLARE };
      this.#isOffering = true;
      const response = await this.request('INVITE', { body: sdp, headers: { 'Content-Type': 'application/sdp' } }).finally(() => {
        this.#isOffering = false;
      });
      if (response && response.status >= 200 && response.status < 300) return { ok: true, sdp: response.body };
      const status = response?.status ?? 0;
      if (status === 481 || status === 408) this.#end(`refused ${status}`);
      if (status !== GLARE || tries === GLARE_TRIES) return { ok: false, status };
      const waitMs = this.isCaller ? 2_100 + Math.random() * 1_900 : Math.random() * 2_000;
      await this.#registry.wait(waitMs);
    }
  }

  /** A request in the dialog, with its final response; undefined: none came, or the link went. */
  async request(method: string, options: { headers?: Record<string, string>; body?: string } = {}): Promise<IncomingResponse | undefined> {
    const challenges = this.account && new Challenges(this.account);
    for (let { headers } = options; ; ) {
      const answered = await this.#ask(method, { ...options, headers: { ...headers } });
      const credentials = answered && challenges?.answer(answered.response, { method, uri: answered.uri });
      if (!credentials) return answered?.response;
      headers = { ...options.headers, ...credentials };
    }
  }

  /** Once, as the server sent it. */
  async #ask(
    method: string,
    options: { readonly headers: Record<string, string>; readonly body?: string },
  ): Promise<{ readonly uri: string; readonly response: IncomingResponse } | undefined> {
    type Answered = { readonly uri: string; readonly response: IncomingResponse };
    try {
      const { promise: answered, resolve } = Promise.withResolvers<Answered | undefined>();
      await this.link.request({ method, stackDialogId: this.id, ...options }, (sent) => {
        sent.on('response', (response, acknowledge) => {
          if (response.status < 200) return;
          if (method === 'INVITE' && response.status < 300) acknowledge();
          resolve({ uri: sent.uri, response });
        });
      });
      const timer = setTimeout(() => resolve(undefined), ANSWER_WITHIN_MS);
      timer.unref();
      return await this.link
        .during<Answered | undefined>((resolve, reject) => answered.then(resolve, reject))
        .finally(() => clearTimeout(timer));
    } catch (error) {
      if (!(error instanceof LinkLost) && /unable to find dialog/i.test(String(error))) this.#end('unknown to the server');
      return undefined;
    }
  }

  /**
   * Asks whether the other side still has the dialog (RFC 3261 11.2, RFC 5057 5.1). Any answer but that there is none says yes; undefined: nobody could be asked, for the
   * link is away.
   */
  async isThere(): Promise<boolean | undefined> {
    const { link } = this;
    let isAway = !link.isUp;
    const forget = link.whenLost(() => (isAway = true));
    const response = isAway ? undefined : await this.request('OPTIONS', { headers: { Accept: 'application/sdp' } });
    forget();
    if (isAway) return undefined;
    // A 503 that came from nowhere is the server's own word: it found no way there (8.1.3.1).
    return (
      response !== undefined && response.status !== 481 && response.status !== 408 && !(response.status === 503 && !response.source_address)
    );
  }

  /** A request of the other side. */
  handle(request: IncomingRequest, response: OutgoingResponse): void {
    if (this.#early) {
      this.#early.push([request, response]);
      return;
    }
    switch (request.method) {
      case 'BYE':
        response.send(200);
        return this.#end(
          request.source === 'application' ? (request.get('Reason') ?? 'ended by the server') : (request.get('Reason') ?? 'hung up'),
        );
      case 'ACK':
        return request.body ? this.#on?.acknowledged(request.body) : undefined;
      case 'INVITE':
      case 'UPDATE':
        return this.#takeOffer(request, response);
      case 'INFO':
        response.send(200);
        return this.#on?.info(request.get('Content-Type') ?? '', request.body);
      case 'REFER':
        return this.#takeRefer(request, response);
      case 'PRACK':
      case 'OPTIONS':
      case 'NOTIFY':
      case 'MESSAGE':
        return response.send(200);
      default:
        return response.send(501);
    }
  }

  #takeOffer(request: IncomingRequest, response: OutgoingResponse): void {
    if (this.#isOffering && request.body) return response.send(GLARE);
    // A session refresh (RFC 4028) by UPDATE has no description.
    if (request.method === 'UPDATE' && !request.body) return response.send(200);
    const answer = this.#on?.offered(request.body) ?? { ok: false, status: 481 };
    if (answer.ok) response.send(200, { body: answer.sdp, headers: { 'Content-Type': 'application/sdp' } });
    else response.send(answer.status);
  }

  #takeRefer(request: IncomingRequest, response: OutgoingResponse): void {
    const to = request.get('Refer-To');
    if (!to || !this.#on) return response.send(400);
    const tell = (status: number, isOver: boolean): void => {
      if (this.#isOver) return;
      const state = isOver ? 'terminated;reason=noresource' : 'active;expires=60';
      const headers = { Event: 'refer', 'Subscription-State': state, 'Content-Type': 'message/sipfrag;version=2.0' };
      void this.request('NOTIFY', { headers, body: `SIP/2.0 ${status} ${status < 200 ? 'Trying' : status < 300 ? 'OK' : 'Declined'}\r\n` });
    };
    response.send(this.#on.refer({ to, by: request.get('Referred-By') ?? '' }, tell));
  }

  #end(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#registry.remove(this);
    const on = this.#on;
    this.#on = undefined;
    for (const work of this.#whenOver.splice(0)) work();
    on?.ended(reason);
  }
}

/** All dialogs of this process, by id. */
export class Dialogs {
  readonly #byId = new Map<string, Dialog>();
  /** Hung up by us, and the server does not know it yet. */
  readonly #owed = new Map<string, { readonly dialog: Dialog; readonly cause: string | undefined }>();
  readonly #timers = new Set<NodeJS.Timeout>();

  get size(): number {
    return this.#byId.size;
  }
  add(dialog: Dialog): void {
    this.#byId.set(dialog.id, dialog);
  }
  remove(dialog: Dialog): void {
    if (this.#byId.get(dialog.id) === dialog) this.#byId.delete(dialog.id);
  }
  get(id: string): Dialog | undefined {
    return this.#byId.get(id);
  }
  /** `callId;…` prefix search is not needed: the id is made of Call-ID and tag. */
  byCallAndTags(callId: string, tags: readonly string[]): Dialog | undefined {
    for (const tag of tags) {
      const dialog = this.#byId.get(`${callId};from-tag=${tag}`);
      if (dialog) return dialog;
    }
    return undefined;
  }

  /** Owed until the server has it; with an account until the other side has answered, for it may ask for credentials first. */
  hangUp(dialog: Dialog, cause: string | undefined): void {
    this.remove(dialog);
    const debt = { dialog, cause };
    this.#owed.set(dialog.id, debt);
    const challenges = dialog.account && new Challenges(dialog.account);
    const settled = (): void => {
      if (this.#owed.get(dialog.id) === debt) this.#owed.delete(dialog.id);
    };
    const say = (headers: Record<string, string>): void => {
      const onSent = (sent: SentRequest): void =>
        sent.on('response', (response) => {
          const credentials = challenges?.answer(response, { method: 'BYE', uri: sent.uri });
          if (credentials) say({ ...headers, ...credentials });
          else if (response.status >= 200) settled();
        });
      dialog.link.request({ method: 'BYE', stackDialogId: dialog.id, headers }, onSent).then(
        () => {
          if (!challenges) settled();
        },
        (error: unknown) => {
          if (!(error instanceof LinkLost)) settled();
        },
      );
    };
    say(cause === undefined ? {} : { Reason: cause });
  }

  /** Those at one server. */
  at(server: string): Dialog[] {
    return [...this.#byId.values()].filter(({ link }) => link.server.name === server);
  }

  /** The server is back: what it was not told is told now. */
  settle(link: Link): void {
    for (const { dialog, cause } of this.#owedTo(link.server.name)) {
      dialog.link = link;
      this.hangUp(dialog, cause);
    }
  }

  /** It will not be back. */
  forgive(server: string): void {
    for (const { dialog } of this.#owedTo(server)) this.#owed.delete(dialog.id);
  }

  #owedTo(server: string) {
    return [...this.#owed.values()].filter(({ dialog }) => dialog.link.server.name === server);
  }

  wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        resolve();
      }, ms);
      timer.unref();
      this.#timers.add(timer);
    });
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#byId.clear();
  }
}
