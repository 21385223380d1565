/**
 * Answers to the digest challenges that one request meets on its way (RFC 3261 22.2, 22.3, RFC 8760): of proxies (407), each with a realm of its own, and of the far end (401), one
 * after the other; one request carries them all. Made for each request; knows when an answer was wrong. The credentials of an answer go to whoever gave it, for another server of that name may not know its nonce.
 */
import { randomBytes } from 'node:crypto';
import { flowOf, type TrunkDoc } from '../../queues/phones.ts';
import { authorizationText, type Challenge, parseChallenge } from './digest.ts';

/** Whom a provider knows us as. */
export interface Account {
  readonly username: string;
  readonly password: string;
}

export interface Challenger {
  readonly status: number;
  readonly protocol: string;
  /** '' of an answer that is the server's own. */
  readonly source_address: string;
  readonly source_port: number;
  get(name: string): string | undefined;
}

const HEADERS = {
  401: ['www-authenticate', 'Authorization'],
  407: ['proxy-authenticate', 'Proxy-Authorization'],
} as const;

interface Answer {
  readonly challenge: Challenge;
  /** Requests that showed its nonce (RFC 7616 3.4: `nc`), this one included. */
  count: number;
}

/** Of one request: two proxies, the far end, and each once more for a nonce that is stale. */
const MOST_ANSWERS = 6;

export class Challenges {
  readonly #account: Account;
  /** By the name of the header, then by realm. */
  readonly #answers = { Authorization: new Map<string, Answer>(), 'Proxy-Authorization': new Map<string, Answer>() };
  #count = 0;

  constructor(account: Account) {
    this.#account = account;
  }

  /** The headers with which the request may be tried again; undefined: it was not challenged, by nothing that can be met, or what was answered is wrong. */
  answer(
    response: Challenger,
    { method, uri }: { readonly method: string; readonly uri: string },
  ): Readonly<Record<string, string>> | undefined {
    if (response.status !== 401 && response.status !== 407) return undefined;
    const [asks, answers] = HEADERS[response.status];
    const challenge = parseChallenge(response.get(asks) ?? '');
    if (!challenge) return undefined;
    const { realm, nonce } = challenge;
    const before = this.#answers[answers].get(realm)?.challenge.nonce;
    const isWrong = before !== undefined && (!challenge.isStale || before === nonce);
    if (isWrong || ++this.#count > MOST_ANSWERS) return undefined;
    this.#answers[answers].set(realm, { challenge, count: 0 });
    return this.#headers(method, uri);
  }

  /**
   * Of the next request, which shows every nonce that was given so far once more. One line for each realm (22.3: not to be joined by commas); drachtio-srf knows one value for each
   * name, which may be several lines.
   */
  #headers(method: string, uri: string): Record<string, string> {
    const all = Object.entries(this.#answers).map(([name, byRealm]) => {
      const lines = [...byRealm.values()].map((answer) => {
        const cnonce = randomBytes(9).toString('base64url');
        return authorizationText(answer.challenge, { method, uri, cnonce, count: ++answer.count, ...this.#account });
      });
      return [name, lines.join(`\r\n${name}: `)] as const;
    });
    return Object.fromEntries(all.filter(([, lines]) => lines !== ''));
  }
}

/** The next hop of the answer; undefined: the same way as before, which over TLS is a name that its certificate is checked against. */
export function hopTo({ protocol, source_address, source_port }: Challenger): string | undefined {
  return protocol === 'udp' || protocol === 'tcp' ? flowOf(protocol, source_address, source_port) : undefined;
}

export function accountAt({ username, authUsername }: Pick<TrunkDoc, 'username' | 'authUsername'>, password: string): Account {
  return { username: authUsername ?? username, password };
}
