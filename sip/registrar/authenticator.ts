/**
 * Who sends a request that needs a password (RFC 3261 22, RFC 8760): a phone or a trunk, by digest against the sealed HA1 of the copy in Redis. Created by the registrar; calls
 * that phones place ask it too.
 *
 * A stranger learns nothing: an unknown user, a wrong password and a name that is not the sender's are refused alike, after the same work and the same time.
 */
import type { Engine, Scope } from '../../queues/engine.ts';
import { SIP_REALM } from '../../queues/phones.ts';
import { countedAddress } from '../../src/base/address.ts';
import type { UserId } from '../../src/base/ids.ts';
import type { Logger } from '../../src/base/log.ts';
import { seal, sealPurpose, unseal } from '../../src/base/seal.ts';
import { type Algorithm, type Credentials, challengeText, ha1Of, isRight, parseCredentials } from './digest.ts';
import { NONCE_MS, Nonces } from './nonces.ts';
import { Sources } from './sources.ts';

export interface AuthenticatorOptions {
  readonly engine: Pick<Engine, 'phones' | 'rates' | 'shelf'>;
  readonly secretKey: string;
  readonly log: Logger;
  /**
   * Offered in challenges. MD5 by default: many clients (JsSIP, drachtio-srf, older desk phones) read only the first challenge and know nothing else, and one
   * response can carry only one through drachtio-srf. A client that answers with SHA-256 is believed and challenged with it from then on.
   */
  readonly algorithm?: Algorithm;
  readonly now?: () => number;
}

/** A phone of an agent, or a trunk (`agentId` empty). */
export interface Registrant {
  readonly scope: Scope;
  /** Of the phone or the trunk. */
  readonly id: string;
  readonly agentId: UserId | '';
  readonly name: string;
  readonly username: string;
}

export interface Claim {
  readonly method: string;
  readonly source: string;
  /** (Proxy-)Authorization. */
  readonly credentials: string | undefined;
  /** Whom the request says that it is of; the credentials must be theirs. */
  readonly user: string;
}

export type Judged =
  | { readonly kind: 'known'; readonly registrant: Registrant }
  /** To be answered 401 or 407 with this. */
  | { readonly kind: 'challenge'; readonly text: string }
  | { readonly kind: 'malformed' }
  /** Wrong; told after as long a time as every refusal takes. */
  | { readonly kind: 'refused' };

/** Every refusal of credentials comes so long after the request. */
const REFUSED_AFTER_MS = 60;

export class Authenticator {
  readonly #options: AuthenticatorOptions;
  readonly #nonces: Nonces;
  readonly #sources: Sources;
  readonly #decoy: string;
  readonly #heldBack = new Map<NodeJS.Timeout, () => void>();

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
    this.#nonces = new Nonces({ secretKey: options.secretKey, now: options.now ?? Date.now });
    this.#sources = new Sources(options.engine.rates);
    this.#decoy = seal(options.secretKey, sealPurpose.phoneHa1('nobody'), ha1Of('MD5', 'nobody', SIP_REALM, this.#nonces.make()));
  }

  /** Seconds for which a source that guesses is turned away; 0: it is not. */
  blockedSec(source: string): number {
    return this.#sources.blockedSec(countedAddress(source));
  }

  /** @throws AppError unavailable */
  async judge({ method, source: address, credentials: header, user }: Claim): Promise<Judged> {
    const source = countedAddress(address);
    const startedAt = performance.now();
    if (header === undefined) return this.#challenge(this.#options.algorithm ?? 'MD5', false);
    const credentials = parseCredentials(header);
    if (!credentials) return { kind: 'malformed' };
    if (credentials.realm !== SIP_REALM) return this.#challenge(credentials.algorithm, false);
    const found = await this.#find(credentials);
    const isKnown = isRight(method, credentials, found?.ha1 ?? this.#decoyHa1()) && found !== undefined;
    if (!isKnown || user !== credentials.username) {
      await this.#sources.failed(source);
      await this.#holdBack(startedAt);
      return { kind: 'refused' };
    }
    const { registrant } = found;
    if (!this.#nonces.isFresh(credentials.nonce) || !(await this.#isFirstUse(registrant.scope, credentials)))
      return this.#challenge(credentials.algorithm, true);
    await this.#sources.succeeded(source);
    return { kind: 'known', registrant };
  }

  /** What is held back is answered now. */
  close(): void {
    for (const [timer, go] of this.#heldBack) {
      clearTimeout(timer);
      go();
    }
    this.#heldBack.clear();
  }

  #challenge(algorithm: Algorithm, isStale: boolean): Judged {
    return { kind: 'challenge', text: challengeText({ realm: SIP_REALM, nonce: this.#nonces.make(), algorithm, isStale }) };
  }

  #holdBack(startedAt: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(
        () => {
          this.#heldBack.delete(timer);
          resolve();
        },
        Math.max(0, startedAt + REFUSED_AFTER_MS - performance.now()),
      );
      this.#heldBack.set(timer, resolve);
    });
  }

  /** Whoever goes by that name, with the HA1 of the algorithm. */
  async #find({ username, algorithm }: Credentials): Promise<{ registrant: Registrant; ha1: string } | undefined> {
    const { phones } = this.#options.engine;
    const [trunks, phone] = await Promise.all([phones.trunks(), phones.phoneByUsername(username)]);
    if (phone) {
      const { scope, doc } = phone;
      const isMd5 = algorithm === 'MD5';
      const purpose = isMd5 ? sealPurpose.phoneHa1(doc.id) : sealPurpose.phoneHa1Sha256(doc.id);
      const ha1 = this.#unsealed(purpose, isMd5 ? doc.sealedHa1 : doc.sealedHa1Sha256, doc.id);
      const registrant = { scope, id: doc.id, agentId: doc.userId as UserId, name: doc.name, username };
      return ha1 === undefined ? undefined : { registrant, ha1 };
    }
    const trunk = trunks.find(({ doc }) => doc.type === 'registers' && doc.isActive && doc.username === username);
    if (!trunk || algorithm !== 'MD5') return undefined;
    const { scope, doc } = trunk;
    const ha1 = this.#unsealed(sealPurpose.trunkSecret(doc.id), doc.sealedSecret, doc.id);
    return ha1 === undefined ? undefined : { registrant: { scope, id: doc.id, agentId: '', name: doc.name, username }, ha1 };
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
}
