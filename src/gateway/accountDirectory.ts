/**
 * Accounts as the edges need them: where each lives and whether it serves. Created once per gateway; remembers an answer for a few seconds,
 * and forgets it at once when the account's configuration changed (`forget`, called for each `config.applied`).
 */

import type { AccountDoc } from '../../queues/config.ts';
import type { Engine, Scope } from '../../queues/engine.ts';
import type { AccountId } from '../base/ids.ts';

const KEPT_MS = 5_000;
const MOST = 10_000;

export interface KnownAccount {
  readonly scope: Scope;
  readonly doc: AccountDoc;
}

export class AccountDirectory {
  readonly #config: Engine['config'];
  readonly #known = new Map<string, { readonly until: number; readonly account: Promise<KnownAccount | undefined> }>();

  constructor(config: Engine['config']) {
    this.#config = config;
  }

  /** undefined: unknown, or its configuration has not reached Redis. @throws AppError unavailable */
  find(accountId: AccountId): Promise<KnownAccount | undefined> {
    const known = this.#known.get(accountId);
    const now = performance.now();
    if (known && known.until > now) return known.account;
    const account = this.#read(accountId);
    if (this.#known.size >= MOST) this.#known.clear();
    this.#known.set(accountId, { until: now + KEPT_MS, account });
    account.catch(() => this.#known.delete(accountId));
    return account;
  }

  forget(accountId: string): void {
    this.#known.delete(accountId);
  }

  async #read(accountId: AccountId): Promise<KnownAccount | undefined> {
    const scope = await this.#config.scopeOf(accountId);
    const doc = scope && (await this.#config.account(scope));
    return scope && doc && { scope, doc };
  }
}
