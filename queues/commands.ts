/**
 * Runs commands: scripts that change a partition under this node's lease. Joins the partition first, turns codes into outcomes, hands
 * deadlines to the knocks, and counts. Created by the engine; used by the router, sessions and configuration copies.
 */
import { randomBytes } from 'node:crypto';
import { AppError, ERRORS, type ErrorCode } from '../src/base/errors.ts';
import type { OfferMade, Refused } from './engine.ts';
import { partitionKey } from './keys.ts';
import type { NodeLease } from './lease.ts';
import type { Reply, ScriptRunner } from './redis.ts';
import { toOffersMade } from './replies.ts';

/** A slot of time in which a script has set the first deadline. */
export interface Knock {
  readonly partition: number;
  /** Its end, in the partition's time, which is not this machine's clock; 0: at once. */
  readonly until: number;
  /** From now. */
  readonly inMs: number;
}

export class Commands {
  readonly #runner: ScriptRunner;
  readonly #lease: NodeLease;
  readonly #prefix: string;
  readonly #onKnocks: (knocks: readonly Knock[]) => void;
  readonly #onOffers = new Set<(offers: readonly OfferMade[]) => void>();
  readonly #virtualNow: (() => number) | undefined;
  readonly #chance: () => string;

  constructor(options: {
    runner: ScriptRunner;
    lease: NodeLease;
    prefix: string;
    onKnocks: (knocks: readonly Knock[]) => void;
    virtualNow?: (() => number) | undefined;
    chance?: (() => string) | undefined;
  }) {
    this.#runner = options.runner;
    this.#lease = options.lease;
    this.#prefix = options.prefix;
    this.#onKnocks = options.onKnocks;
    this.#virtualNow = options.virtualNow;
    this.#chance = options.chance ?? chance;
  }

  /**
   * Runs a command script and returns its answer without the leading 'ok'; a refusal as `Refused`.
   * @throws AppError fenced when this process's lease lapsed (its callers' sockets are being closed), unavailable, internal
   */
  async run(name: string, partition: number, args: readonly (string | number)[]): Promise<Reply | Refused> {
    for (let attempt = 0; ; attempt++) {
      await this.#lease.join(partition);
      const { epoch, nodeId } = this.#lease;
      const reply = await this.#runner.run(name, partitionKey(this.#prefix, partition), [
        nodeId,
        epoch,
        this.#chance(),
        this.#virtualNow?.() ?? '',
        ...args,
      ]);
      if (!Array.isArray(reply)) throw new AppError('internal', { detail: `Script ${name} gave no answer.` });
      const [code, second] = reply as [string, unknown];
      if (code === 'ok') {
        this.schedule(partition, reply);
        return reply;
      }
      if (code === 'fenced') {
        await this.#lease.lost(epoch);
        if (attempt === 0 && second === 'unknown') continue;
        throw new AppError('fenced');
      }
      return refusedBy(name, code, second);
    }
  }

  /** Explicit time for scripts that only read, '' where the clock counts. */
  get virtualNow(): number | '' {
    return this.#virtualNow?.() ?? '';
  }

  /** Reads: no lease, no change. */
  async read(name: string, partition: number, args: readonly (string | number)[]): Promise<Reply | undefined> {
    const reply = await this.#runner.run(name, partitionKey(this.#prefix, partition), args);
    return Array.isArray(reply) ? reply : undefined;
  }

  /** See `Engine.onOffers`. */
  onOffers(listener: (offers: readonly OfferMade[]) => void): () => void {
    this.#onOffers.add(listener);
    return () => void this.#onOffers.delete(listener);
  }

  /** Passes on the knocks that a script asks for, and the offers it made: they stand last in every answer. */
  schedule(partition: number, reply: Reply): void {
    const flat = reply.at(-1);
    if (!Array.isArray(flat) || flat.length === 0) return;
    const knocks: Knock[] = [];
    for (let at = 0; at + 1 < flat.length; at += 2)
      if (flat[at] !== 'offer') knocks.push({ partition, until: Number(flat[at]), inMs: Number(flat[at + 1]) });
    if (knocks.length > 0) this.#onKnocks(knocks);
    if (2 * knocks.length === flat.length || this.#onOffers.size === 0) return;
    const offers = toOffersMade(flat);
    for (const listener of this.#onOffers) listener(offers);
  }
}

/** The refusal in an answer that does not begin with 'ok'. @throws AppError internal when the code is none of the catalog's */
export function refusedBy(script: string, code: string, owner: unknown): Refused {
  if (!(code in ERRORS)) throw new AppError('internal', { detail: `Script ${script} answered ${code}.` });
  return { ok: false, code: code as ErrorCode, ...(typeof owner === 'string' ? { owner } : {}) };
}

/** Random text for one command, cut from a pool: asking the system for every command would cost more than the command's own preparation. */
function chance(): string {
  if (poolAt + CHANCE_BYTES > pool.length) {
    pool = randomBytes(POOL_BYTES);
    poolAt = 0;
  }
  poolAt += CHANCE_BYTES;
  return pool.toString('base64url', poolAt - CHANCE_BYTES, poolAt);
}
const CHANCE_BYTES = 6;
const POOL_BYTES = 6_000;
let pool = Buffer.alloc(0);
let poolAt = 0;

export function isRefused(reply: Reply | Refused): reply is Refused {
  return !Array.isArray(reply);
}
