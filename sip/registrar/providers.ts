/**
 * Keeps trunks of type `provider` registered with their providers (RFC 3261 10.2, VOX-4). One node of the installation does it for each trunk, under a claim that
 * it renews; when that node dies another takes over within seconds, with a Call-ID of its own. Created by the SIP application, which says how a request is sent.
 *
 * Calls come back to the Contact `sip:<trunk id>@<the edge>`: the user part names the trunk. What the provider said last stands on the shelf for the desk.
 */
import { randomBytes } from 'node:crypto';
import type { Engine, Scope } from '../../queues/engine.ts';
import type { TrunkDoc } from '../../queues/phones.ts';
import type { Logger } from '../../src/base/log.ts';
import { type Loop, repeat } from '../../src/base/loop.ts';
import { sealPurpose, unseal } from '../../src/base/seal.ts';
import { hostText } from '../edge/uri.ts';
import { accountAt, type Challenger, Challenges, hopTo } from './challenges.ts';
import { grantedExpiry } from './contacts.ts';
import { transportParam, trunkProxy, trunkUri } from './trunkUri.ts';

export interface ProviderRequest {
  readonly method: 'REGISTER';
  readonly uri: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The next hop, where it is not what the URI says. */
  readonly proxy?: string | undefined;
}
export interface ProviderAnswer extends Challenger {
  /** What stands behind the status. */
  readonly reason?: string;
}

export interface ProvidersOptions {
  readonly engine: Pick<Engine, 'phones' | 'shelf' | 'lease'>;
  readonly secretKey: string;
  readonly log: Logger;
  /** Sends outside of dialogs by any server, and resolves with the final response. Rejects when there is none: no server is up, or its link was lost. */
  readonly send: (request: ProviderRequest) => Promise<ProviderAnswer>;
  readonly everyMs?: number;
}

const EVERY_MS = 1_000;
const CLAIM_MS = 8_000;
const ASKED_SEC = 600;
const MOST_TRIES = 5;
const ANSWER_WITHIN_MS = 40_000;
const REASON_MAX_CHARS = 100;
/** RFC 5626 4.5: the wait doubles from the first to the most, less a random part. */
const RETRY_FROM_MS = 5_000;
const RETRY_MOST_MS = 600_000;
/** The provider knows us and does not want us: asking again soon only gets the address banned. */
const FORBIDDEN_RETRY_MS = 300_000;
/** The first time it may only not know yet what was agreed just now. */
const FIRST_FORBIDDEN_RETRY_MS = 30_000;

type State =
  | { readonly kind: 'new' }
  | { readonly kind: 'registering' }
  | { readonly kind: 'registered'; readonly refreshAt: number }
  | { readonly kind: 'failed'; readonly retryAt: number; readonly failures: number };

/** What a provider answered last, as it stands on the shelf of the trunk's account. */
export interface ProviderState {
  /** SIP status; 0: no answer came. */
  readonly code: number;
  readonly reason: string;
  readonly at: number;
  /** Since when it has been answering so. */
  readonly since: number;
  /** Until when we are registered, unless it is renewed; 0: we are not. */
  readonly until: number;
}

interface Registration {
  /** The copy it was made for: a changed one is registered anew. */
  readonly text: string;
  readonly trunk: TrunkDoc;
  readonly callId: string;
  readonly tag: string;
  cseq: number;
  askedSec: number;
  state: State;
  /** What was told last of it. */
  told: ProviderState | undefined;
}

export class Providers {
  readonly #options: ProvidersOptions;
  readonly #held = new Map<string, Registration>();
  readonly #loop: Loop;
  readonly #claims = new Map<string, Scope>();

  constructor(options: ProvidersOptions) {
    this.#options = options;
    this.#loop = repeat('providers', options.everyMs ?? EVERY_MS, () => this.#turn(), options.log);
  }

  /** Gives the claims back; the registrations stay, and the next node refreshes them. */
  async close(): Promise<void> {
    await this.#loop.close();
    for (const [id, scope] of this.#claims) await this.#options.engine.shelf.remove(scope, claimKey(id)).catch(() => undefined);
  }

  async #turn(): Promise<void> {
    const trunks = (await this.#options.engine.phones.trunks()).filter(
      ({ doc }) => doc.type === 'provider' && doc.isActive && doc.username !== '',
    );
    const wanted = new Set(trunks.map(({ doc }) => doc.id));
    for (const [id, registration] of this.#held) {
      if (wanted.has(id)) continue;
      this.#held.delete(id);
      void this.#takeBack(registration);
    }
    await Promise.all(trunks.map(({ scope, doc }) => this.#keepUp(scope, doc)));
  }

  async #keepUp(scope: Scope, trunk: TrunkDoc): Promise<void> {
    if (!(await this.#claim(scope, trunk.id))) {
      this.#held.delete(trunk.id);
      return;
    }
    const text = JSON.stringify(trunk);
    let registration = this.#held.get(trunk.id);
    if (registration?.text !== text) {
      if (registration && !isSameBinding(registration.trunk, trunk)) void this.#takeBack(registration);
      const chance = () => randomBytes(9).toString('base64url');
      registration = {
        text,
        trunk,
        callId: chance(),
        tag: chance(),
        cseq: 0,
        askedSec: ASKED_SEC,
        state: { kind: 'new' },
        told: undefined,
      };
      this.#held.set(trunk.id, registration);
    }
    if (!isDue(registration.state, performance.now())) return;
    const failures = registration.state.kind === 'failed' ? registration.state.failures : 0;
    registration.state = { kind: 'registering' };
    // Not waited for: a provider that does not answer must not keep the others waiting.
    void this.#register(scope, trunk, registration, failures);
  }

  /** Whether this node does it: it has the claim, or nobody has. */
  async #claim(scope: Scope, id: string): Promise<boolean> {
    const { shelf, lease } = this.#options.engine;
    const { value, isNew } = await shelf.keep(scope, claimKey(id), lease.nodeId, CLAIM_MS);
    if (value !== lease.nodeId) {
      this.#claims.delete(id);
      return false;
    }
    if (!isNew) await shelf.put(scope, claimKey(id), lease.nodeId, CLAIM_MS);
    this.#claims.set(id, scope);
    return true;
  }

  async #register(scope: Scope, trunk: TrunkDoc, registration: Registration, failures: number): Promise<void> {
    let code = 0;
    let reason = '';
    let grantedMs = 0;
    try {
      const answer = await this.#askTwice(trunk, registration);
      ({ status: code, reason = '' } = answer);
      grantedMs = grantedSec(answer, registration, trunk) * 1_000;
      registration.state = stateAfter(answer, grantedMs, failures);
    } catch (error) {
      registration.state = failed(failures, 0);
      this.#options.log.warn({ err: error, trunk: trunk.id }, 'provider.unanswered');
    }
    const isRegistered = registration.state.kind === 'registered';
    this.#options.log[isRegistered ? 'debug' : 'warn'](
      { trunk: trunk.id, code },
      isRegistered ? 'provider.registered' : 'provider.refused',
    );
    await this.#tell(scope, trunk.id, registration, { code, reason: reason.slice(0, REASON_MAX_CHARS), grantedMs }).catch(
      (error: unknown) => this.#options.log.warn({ err: error, trunk: trunk.id }, 'provider.untold'),
    );
  }

  /** RFC 3261 10.2.2: a provider is told that we are gone from it. Asked once; what it does not hear runs out. */
  async #takeBack(registration: Registration): Promise<void> {
    const { trunk, told } = registration;
    if (!told || told.until < Date.now()) return;
    registration.askedSec = 0;
    const answer = await this.#askTwice(trunk, registration).catch(() => undefined);
    this.#options.log.info({ trunk: trunk.id, code: answer?.status ?? 0 }, 'provider.unregistered');
  }

  async #tell(
    scope: Scope,
    trunkId: string,
    registration: Registration,
    { code, reason, grantedMs }: { readonly code: number; readonly reason: string; readonly grantedMs: number },
  ): Promise<void> {
    const { engine } = this.#options;
    const before = registration.told ?? (await readProviderState(engine, scope, trunkId));
    const at = Date.now();
    const since = before && before.code === code ? before.since : at;
    registration.told = { code, reason, at, since, until: grantedMs > 0 ? at + grantedMs : 0 };
    const ttlMs = Math.max(grantedMs, RETRY_MOST_MS) * 2;
    await engine.shelf.put(scope, providerStateKey(trunkId), JSON.stringify(registration.told), ttlMs);
  }

  /** Without credentials, then with what the challenges ask for; again when a nonce was stale, or the time too brief. */
  async #askTwice(trunk: TrunkDoc, registration: Registration): Promise<ProviderAnswer> {
    const password = unseal(this.#options.secretKey, sealPurpose.trunkSecret(trunk.id), trunk.sealedSecret);
    const account = accountAt(trunk, password);
    let challenges = new Challenges(account);
    let answer = await this.#ask(trunk, registration, {}, trunkProxy(trunk));
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const isBrief = answer.status === 423 && isLonger(answer, registration);
      if (isBrief) challenges = new Challenges(account);
      const more = isBrief ? {} : challenges.answer(answer, { method: 'REGISTER', uri: trunkUri(trunk) });
      if (!more) return answer;
      answer = await this.#ask(trunk, registration, more, hopTo(answer) ?? trunkProxy(trunk));
    }
    return answer;
  }

  async #ask(
    trunk: TrunkDoc,
    registration: Registration,
    more: Readonly<Record<string, string>>,
    proxy: string | undefined,
  ): Promise<ProviderAnswer> {
    const address = `sip:${trunk.username}@${hostText(trunk.host)}`;
    const headers = {
      From: `<${address}>;tag=${registration.tag}`,
      To: `<${address}>`,
      'Call-ID': registration.callId,
      CSeq: `${++registration.cseq} REGISTER`,
      Contact: `<sip:${trunk.id}@localhost${transportParam(trunk.transport)}>`,
      Expires: String(registration.askedSec),
      ...more,
    };
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error('no answer in time')), ANSWER_WITHIN_MS);
    });
    try {
      return await Promise.race([this.#options.send({ method: 'REGISTER', uri: trunkUri(trunk), headers, proxy }), tooLate]);
    } finally {
      clearTimeout(timer);
    }
  }
}

const claimKey = (trunkId: string): string => `provider-claim:${trunkId}`;

const providerStateKey = (trunkId: string): string => `provider:${trunkId}`;

/** Undefined while nothing was answered. @throws AppError unavailable */
export async function readProviderState(engine: Pick<Engine, 'shelf'>, scope: Scope, trunkId: string): Promise<ProviderState | undefined> {
  const text = await engine.shelf.get(scope, providerStateKey(trunkId));
  return text === undefined ? undefined : (JSON.parse(text) as ProviderState);
}

/** At the same registrar under the same name: the next registration takes the place of the one before. */
function isSameBinding(one: TrunkDoc, other: TrunkDoc): boolean {
  return one.host === other.host && one.port === other.port && one.transport === other.transport && one.username === other.username;
}

/** RFC 3261 10.3: the provider wants a longer time, and from now on gets it. */
function isLonger(answer: ProviderAnswer, registration: Registration): boolean {
  const least = Number(answer.get('min-expires'));
  if (!(least > registration.askedSec && least <= 86_400)) return false;
  registration.askedSec = least;
  return true;
}

function isDue(state: State, now: number): boolean {
  switch (state.kind) {
    case 'new':
      return true;
    case 'registering':
      return false;
    case 'registered':
      return now >= state.refreshAt;
    case 'failed':
      return now >= state.retryAt;
  }
}

/** For how long it registered us; 0: it did not. */
function grantedSec(answer: ProviderAnswer, { askedSec }: Registration, trunk: TrunkDoc): number {
  if (answer.status < 200 || answer.status >= 300) return 0;
  return grantedExpiry(answer.get('contact'), answer.get('expires'), trunk.id) ?? askedSec;
}

function stateAfter(answer: ProviderAnswer, grantedMs: number, failures: number): State {
  // Early enough for some tries, and not more often than every few seconds whatever is granted.
  if (answer.status >= 200 && answer.status < 300)
    return { kind: 'registered', refreshAt: performance.now() + Math.max(grantedMs * 0.8, RETRY_FROM_MS) };
  const retryAfterMs = Number(/^[0-9]{1,5}/.exec(answer.get('retry-after')?.trim() ?? '')?.[0] ?? 0) * 1_000;
  const isForbidden = answer.status >= 400 && answer.status < 500 && answer.status !== 408 && answer.status !== 480;
  return failed(failures, Math.max(retryAfterMs, isForbidden ? (failures === 0 ? FIRST_FORBIDDEN_RETRY_MS : FORBIDDEN_RETRY_MS) : 0));
}

function failed(failures: number, leastMs: number): State {
  const waitMs = Math.min(RETRY_MOST_MS, RETRY_FROM_MS * 2 ** failures) * (0.5 + Math.random() / 2);
  return { kind: 'failed', retryAt: performance.now() + Math.max(leastMs, waitMs), failures: failures + 1 };
}
