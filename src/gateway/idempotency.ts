/**
 * `Idempotency-Key` on creates (API-1): the same key of the same principal gets the first answer again for 24 hours. Created once per gateway.
 * Answers are sealed at rest, because some show a secret once. While the first request still runs, a second one is told to wait;
 * a request that failed leaves nothing behind, so it can be sent again.
 */
import { createHash } from 'node:crypto';
import type { Engine, Scope } from '../../queues/engine.ts';
import type { RouteResponse } from '../api/route.ts';
import { AppError } from '../base/errors.ts';

const KEPT_MS = 24 * 3_600_000;
/** How long a mark of a running request stands when its process died. */
const RUNNING_MS = 60_000;

/** Seals answers at rest; `purpose` binds the text to its place. */
export interface Sealer {
  seal(purpose: string, text: string): string;
  unseal(purpose: string, sealed: string): string;
}

type Entry = { readonly print: string; readonly sealed?: string };
type Stored = Pick<RouteResponse, 'status' | 'headers' | 'body'>;

export class Idempotency {
  readonly #shelf: Engine['shelf'];
  readonly #sealer: Sealer;

  constructor(shelf: Engine['shelf'], sealer: Sealer) {
    this.#shelf = shelf;
    this.#sealer = sealer;
  }

  /**
   * Runs `create` unless this request was answered before. `request` is everything that makes it the same request.
   * @throws AppError bad_request (malformed key), idempotency_mismatch, conflict (the first still runs), unavailable
   */
  async once(
    scope: Scope,
    principal: string,
    key: string,
    request: string | Buffer,
    create: () => Promise<RouteResponse>,
  ): Promise<RouteResponse> {
    if (!/^[\x21-\x7e]{1,200}$/.test(key)) throw new AppError('bad_request', { detail: 'Idempotency-Key: 1 to 200 visible characters.' });
    const place = `idempotency:${principal}:${createHash('sha256').update(key).digest('base64url')}`;
    const print = createHash('sha256').update(request).digest('base64url');
    const kept = await this.#shelf.keep(scope, place, JSON.stringify({ print } satisfies Entry), RUNNING_MS);
    if (!kept.isNew) return this.#answerAgain(place, print, JSON.parse(kept.value) as Entry);
    const answer = await create().catch(async (error: unknown) => {
      await this.#shelf.remove(scope, place);
      throw error;
    });
    const stored: Stored = { status: answer.status, ...(answer.headers && { headers: answer.headers }), body: answer.body };
    const sealed = this.#sealer.seal(place, JSON.stringify(stored));
    await this.#shelf.put(scope, place, JSON.stringify({ print, sealed } satisfies Entry), KEPT_MS);
    return answer;
  }

  #answerAgain(place: string, print: string, entry: Entry): RouteResponse {
    if (entry.print !== print) throw new AppError('idempotency_mismatch');
    if (entry.sealed === undefined)
      throw new AppError('conflict', { detail: 'The first request with this key still runs.', retryAfterSec: 1 });
    const stored = JSON.parse(this.#sealer.unseal(place, entry.sealed)) as Stored;
    return { ...stored, headers: { ...stored.headers, 'idempotency-replayed': 'true' } };
  }
}
