/**
 * Registers SIP phones and trunks (RFC 3261 10, RTE-4): digest by `authenticator.ts`, bindings in Redis with the edge and the way back.
 * What Redis binds is the live device of its agent at once. Created by the SIP application, which gives it every REGISTER; `close` ends its loop and answers
 * what is still held back.
 */
import { type Binding, flowOf, SIP_REALM } from '../../queues/phones.ts';
import { AppError } from '../../src/base/errors.ts';
import { type Loop, repeat } from '../../src/base/loop.ts';
import { Authenticator, type AuthenticatorOptions, type Registrant } from './authenticator.ts';
import { contactsText, type ExpiryLimits, orderOf, readContacts, registeredUser, unsupported, type Wanted } from './contacts.ts';
import { SilentEdges } from './silentEdges.ts';

/** Of drachtio-srf's request and response, what is used here. */
export interface RegisterRequest {
  readonly source_address: string;
  readonly source_port: number;
  readonly protocol: string;
  get(name: string): string | undefined;
}
export interface RegisterResponse {
  send(status: number, options?: { readonly headers?: Record<string, string> }): void;
}

export interface RegistrarOptions extends AuthenticatorOptions {
  readonly expiry?: ExpiryLimits;
}

/** Seconds. Over UDP the way back through a NAT is known for so long only while the application keeps it open. */
const EXPIRY: ExpiryLimits = { min: 60, max: 3_600, usual: 600 };
const MOST_AT_ONCE = 500;
const BUSY_RETRY_SEC = 5;
const LAPSE_EVERY_MS = 1_000;
const LAPSE_MOST = 500;

export class Registrar {
  /** Knows who sends other requests, too. */
  readonly authenticator: Authenticator;
  readonly #options: RegistrarOptions;
  readonly #expiry: ExpiryLimits;
  readonly #now: () => number;
  readonly #lapses: Loop;
  readonly #silent: SilentEdges;
  #running = 0;

  constructor(options: RegistrarOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#expiry = options.expiry ?? EXPIRY;
    this.authenticator = new Authenticator(options);
    this.#silent = new SilentEdges(options.engine, () => this.#now());
    this.#lapses = repeat('lapsed phones', LAPSE_EVERY_MS, () => this.#lapse(), options.log);
  }

  /** Answers a REGISTER that came to `edge`. Never throws. */
  async register(edge: string, request: RegisterRequest, response: RegisterResponse): Promise<void> {
    const blockedSec = this.authenticator.blockedSec(request.source_address);
    if (blockedSec > 0) return response.send(503, { headers: { 'Retry-After': String(blockedSec) } });
    if (this.#running >= MOST_AT_ONCE) return response.send(503, { headers: { 'Retry-After': String(BUSY_RETRY_SEC) } });
    this.#running++;
    try {
      await this.#answer(edge, request, response);
    } catch (error) {
      const isPassing = error instanceof AppError && error.code !== 'internal';
      this.#options.log[isPassing ? 'warn' : 'error']({ err: error, edge }, 'register.failed');
      response.send(isPassing ? 503 : 500, { headers: { 'Retry-After': String(BUSY_RETRY_SEC) } });
    } finally {
      this.#running--;
    }
  }

  async close(): Promise<void> {
    await this.#lapses.close();
    this.authenticator.close();
  }

  async #answer(edge: string, request: RegisterRequest, response: RegisterResponse): Promise<void> {
    const user = registeredUser(request.get('to'));
    const order = orderOf(request.get('call-id'), request.get('cseq'));
    if (user === undefined || !order) return response.send(400);
    const options = unsupported(request.get('require'));
    if (options.length > 0) return response.send(420, { headers: { Unsupported: options.join(', ') } });
    const source = request.source_address;
    const judged = await this.authenticator.judge({ method: 'REGISTER', source, credentials: request.get('authorization'), user });
    switch (judged.kind) {
      case 'challenge':
        return response.send(401, { headers: { 'WWW-Authenticate': judged.text } });
      case 'malformed':
        return response.send(400);
      case 'refused':
        this.#options.log.info({ edge, source }, 'register.refused');
        return response.send(403);
      case 'known':
        break;
    }
    const wanted = readContacts(request.get('contact'), request.get('expires'), this.#expiry);
    await this.#carryOut(edge, request, response, judged.registrant, wanted, order);
  }

  async #carryOut(
    edge: string,
    request: RegisterRequest,
    response: RegisterResponse,
    { scope, id, agentId, name }: Registrant,
    wanted: Wanted,
    order: { callId: string; cseq: number },
  ): Promise<void> {
    const { phones } = this.#options.engine;
    switch (wanted.kind) {
      case 'malformed':
        return response.send(400, { headers: { Warning: `399 ${SIP_REALM} "${wanted.what}"` } });
      case 'tooBrief':
        return response.send(423, { headers: { 'Min-Expires': String(this.#expiry.min) } });
      case 'query':
        return this.#done(request, response, await phones.bindings(scope, id));
      case 'removeAll': {
        const { isAccepted } = await phones.unbind(scope, id, '*', order);
        return isAccepted ? this.#done(request, response, []) : response.send(500);
      }
      case 'contacts': {
        let standing: readonly Binding[] = [];
        for (const { uri, instance, expires } of wanted.contacts) {
          const way = { edge, flow: flowOf(request.protocol, request.source_address, request.source_port) };
          const userAgent = (request.get('user-agent') ?? '').slice(0, 200);
          const binding = { phoneId: id, contact: uri, ...way, userAgent, ...order, instance, expiresAt: this.#now() + expires * 1_000 };
          const { isAccepted, bindings } =
            expires === 0 ? await phones.unbind(scope, id, instance, order) : await phones.bind(scope, agentId, binding, name);
          if (!isAccepted) return response.send(500);
          standing = bindings;
        }
        this.#options.log.debug({ edge, phone: id, bindings: standing.length }, 'register.done');
        return this.#done(request, response, standing);
      }
    }
  }

  #done(request: RegisterRequest, response: RegisterResponse, bindings: readonly Binding[]): void {
    const path = request.get('path');
    response.send(200, {
      headers: {
        Date: new Date(this.#now()).toUTCString(),
        Supported: 'path',
        ...(bindings.length > 0 ? { Contact: contactsText(bindings, this.#now()) } : {}),
        ...(path === undefined ? {} : { Path: path }),
      },
    });
  }

  async #lapse(): Promise<void> {
    const { engine, log } = this.#options;
    const lapsed = await engine.phones.takeLapsed(LAPSE_MOST);
    for (const { agentId, binding } of lapsed) log.info({ phone: binding.phoneId, agent: agentId, edge: binding.edge }, 'phone.lapsed');
    await Promise.all(lapsed.map((one) => this.#silent.remember(one)));
    const back = await this.#silent.rebind();
    if (back > 0) log.info({ phones: back }, 'phones.rebound');
  }
}
