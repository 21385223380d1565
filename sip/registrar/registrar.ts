/**
 * Registers SIP phones and trunks (RFC 3261 10, RTE-4): digest against the sealed HA1 of the copy in Redis, bindings in Redis with the edge and the way back.
 * What Redis binds is the live device of its agent at once. Created by the SIP application, which gives it every REGISTER; `close` ends its loop and answers
 * what is still held back.
 *
 * A stranger learns nothing: an unknown user, a wrong password and a foreign address are refused alike, after the same work and the same time.
 */
import type { Engine, Scope } from '../../queues/engine.ts';
import { type Binding, flowOf, SIP_REALM } from '../../queues/phones.ts';
import { AppError } from '../../src/base/errors.ts';
import type { UserId } from '../../src/base/ids.ts';
import type { Logger } from '../../src/base/log.ts';
import { type Loop, repeat } from '../../src/base/loop.ts';
import { seal, sealPurpose, unseal } from '../../src/base/seal.ts';
import { contactsText, type ExpiryLimits, orderOf, readContacts, registeredUser, unsupported, type Wanted } from './contacts.ts';
import { type Algorithm, type Credentials, challengeText, ha1Of, isRight, parseCredentials } from './digest.ts';
import { NONCE_MS, Nonces } from './nonces.ts';
import { Sources } from './sources.ts';

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

export interface RegistrarOptions {
  readonly engine: Pick<Engine, 'phones' | 'rates' | 'shelf'>;
  readonly secretKey: string;
  readonly log: Logger;
  /**
   * Offered in challenges. MD5 by default: many clients (JsSIP, drachtio-srf, older desk phones) read only the first challenge and know nothing else, and one
   * response can carry only one through drachtio-srf. A client that answers with SHA-256 is believed and challenged with it from then on.
   */
  readonly algorithm?: Algorithm;
  readonly expiry?: ExpiryLimits;
  readonly now?: () => number;
}

/** Seconds. Over UDP the way back through a NAT is known for so long only while the application keeps it open. */
const EXPIRY: ExpiryLimits = { min: 60, max: 3_600, usual: 600 };
const MOST_AT_ONCE = 500;
const BUSY_RETRY_SEC = 5;
/** Every refusal of credentials comes so long after the request. */
const REFUSED_AFTER_MS = 60;
const LAPSE_EVERY_MS = 1_000;
const LAPSE_MOST = 500;

interface Registrant {
  readonly scope: Scope;
  /** Of the phone or the trunk. */
  readonly id: string;
  readonly agentId: UserId | '';
  readonly name: string;
  readonly ha1: string;
}

export class Registrar {
  readonly #options: RegistrarOptions;
  readonly #nonces: Nonces;
  readonly #sources: Sources;
  readonly #expiry: ExpiryLimits;
  readonly #now: () => number;
  readonly #decoy: string;
  readonly #heldBack = new Map<NodeJS.Timeout, () => void>();
  readonly #lapses: Loop;
  #running = 0;

  constructor(options: RegistrarOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#expiry = options.expiry ?? EXPIRY;
    this.#nonces = new Nonces({ secretKey: options.secretKey, now: this.#now });
    this.#sources = new Sources(options.engine.rates);
    this.#decoy = seal(options.secretKey, sealPurpose.phoneHa1('nobody'), ha1Of('MD5', 'nobody', SIP_REALM, this.#nonces.make()));
    this.#lapses = repeat('lapsed phones', LAPSE_EVERY_MS, () => this.#lapse(), options.log);
  }

  /** Answers a REGISTER that came to `edge`. Never throws. */
  async register(edge: string, request: RegisterRequest, response: RegisterResponse): Promise<void> {
    const blockedSec = this.#sources.blockedSec(request.source_address);
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
    for (const [timer, send] of this.#heldBack) {
      clearTimeout(timer);
      send();
    }
    this.#heldBack.clear();
  }

  async #answer(edge: string, request: RegisterRequest, response: RegisterResponse): Promise<void> {
    const startedAt = performance.now();
    const user = registeredUser(request.get('to'));
    const order = orderOf(request.get('call-id'), request.get('cseq'));
    if (user === undefined || !order) return response.send(400);
    const options = unsupported(request.get('require'));
    if (options.length > 0) return response.send(420, { headers: { Unsupported: options.join(', ') } });
    const header = request.get('authorization');
    if (header === undefined) return this.#challenge(response, this.#options.algorithm ?? 'MD5', false);
    const credentials = parseCredentials(header);
    if (!credentials) return response.send(400);
    if (credentials.realm !== SIP_REALM) return this.#challenge(response, credentials.algorithm, false);

    const registrant = await this.#registrant(credentials);
    const isKnown = isRight('REGISTER', credentials, registrant?.ha1 ?? this.#decoyHa1()) && registrant !== undefined;
    if (!isKnown || user !== credentials.username) {
      await this.#sources.failed(request.source_address);
      this.#options.log.info({ edge, source: request.source_address }, 'register.refused');
      return this.#refuse(response, startedAt);
    }
    if (!this.#nonces.isFresh(credentials.nonce) || !(await this.#isFirstUse(registrant.scope, credentials)))
      return this.#challenge(response, credentials.algorithm, true);
    await this.#sources.succeeded(request.source_address);
    const wanted = readContacts(request.get('contact'), request.get('expires'), this.#expiry);
    await this.#carryOut(edge, request, response, registrant, wanted, order);
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

  #challenge(response: RegisterResponse, algorithm: Algorithm, isStale: boolean): void {
    const text = challengeText({ realm: SIP_REALM, nonce: this.#nonces.make(), algorithm, isStale });
    response.send(401, { headers: { 'WWW-Authenticate': text } });
  }

  #refuse(response: RegisterResponse, startedAt: number): void {
    const send = () => response.send(403);
    const timer = setTimeout(
      () => {
        this.#heldBack.delete(timer);
        send();
      },
      Math.max(0, startedAt + REFUSED_AFTER_MS - performance.now()),
    );
    this.#heldBack.set(timer, send);
  }

  /** Whoever may register by that name, with the HA1 of the algorithm. */
  async #registrant({ username, algorithm }: Credentials): Promise<Registrant | undefined> {
    const { phones } = this.#options.engine;
    const [trunks, phone] = await Promise.all([phones.trunks(), phones.phoneByUsername(username)]);
    if (phone) {
      const { scope, doc } = phone;
      const isMd5 = algorithm === 'MD5';
      const purpose = isMd5 ? sealPurpose.phoneHa1(doc.id) : sealPurpose.phoneHa1Sha256(doc.id);
      const ha1 = this.#unsealed(purpose, isMd5 ? doc.sealedHa1 : doc.sealedHa1Sha256, doc.id);
      return ha1 === undefined ? undefined : { scope, id: doc.id, agentId: doc.userId as UserId, name: doc.name, ha1 };
    }
    const trunk = trunks.find(({ doc }) => doc.type === 'registers' && doc.isActive && doc.username === username);
    if (!trunk || algorithm !== 'MD5') return undefined;
    const { scope, doc } = trunk;
    const ha1 = this.#unsealed(sealPurpose.trunkSecret(doc.id), doc.sealedSecret, doc.id);
    return ha1 === undefined ? undefined : { scope, id: doc.id, agentId: '', name: doc.name, ha1 };
  }

  #unsealed(purpose: string, sealed: string, id: string): string | undefined {
    try {
      return unseal(this.#options.secretKey, purpose, sealed);
    } catch (error) {
      this.#options.log.error({ err: error, phone: id }, 'register.unsealable');
      return undefined;
    }
  }

  /** The same work as for a phone that is known. */
  #decoyHa1(): string {
    return unseal(this.#options.secretKey, sealPurpose.phoneHa1('nobody'), this.#decoy);
  }

  /** RFC 7616 3.3: an answer that was heard on the way is of no use; without `qop` a nonce is good for one request. */
  async #isFirstUse(scope: Scope, { nonce, qop }: Credentials): Promise<boolean> {
    const key = `sip-nonce:${nonce}:${qop ? Number.parseInt(qop.nc, 16) : ''}`;
    return (await this.#options.engine.shelf.keep(scope, key, '1', NONCE_MS)).isNew;
  }

  async #lapse(): Promise<void> {
    for (const { agentId, binding } of await this.#options.engine.phones.takeLapsed(LAPSE_MOST)) {
      this.#options.log.info({ phone: binding.phoneId, agent: agentId, edge: binding.edge }, 'phone.lapsed');
    }
  }
}
