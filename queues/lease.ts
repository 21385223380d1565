/**
 * This process's name and epoch under a lease of 5 s in every partition it works on. What its sockets claim is recorded under the epoch;
 * when the lease lapses (the process was stopped, Redis forgot it) others detach those claims, scripts refuse the old epoch, and the
 * process closes what it held and begins a new epoch. Created by the engine.
 */
import { randomBytes } from 'node:crypto';
import type { Logger } from '../src/base/log.ts';
import { dropClaims } from './claims.ts';
import type { Lease } from './engine.ts';
import { partitionKey } from './keys.ts';
import type { Reply, ScriptRunner } from './redis.ts';

export const LEASE_MS = 5_000;
const RENEW_MS = 1_500;
/** On virtual partitions time jumps; leases there last for good. */
const VIRTUAL_LEASE_MS = 1e15;

export class NodeLease implements Lease {
  readonly nodeId: string;
  #epoch = newEpoch();
  readonly #runner: ScriptRunner;
  readonly #prefix: string;
  readonly #log: Logger;
  readonly #leaseMs: number;
  readonly #partitions = new Set<number>();
  readonly #joining = new Map<number, Promise<void>>();
  readonly #onLost: (() => void | Promise<void>)[] = [];
  readonly #timer: NodeJS.Timeout;
  #renewal: Promise<void> | undefined;
  #isClosed = false;

  constructor(options: { nodeId: string; runner: ScriptRunner; prefix: string; log: Logger; isVirtual?: boolean }) {
    this.nodeId = options.nodeId;
    this.#runner = options.runner;
    this.#prefix = options.prefix;
    this.#log = options.log;
    this.#leaseMs = options.isVirtual ? VIRTUAL_LEASE_MS : LEASE_MS;
    this.#timer = setInterval(() => {
      this.#renewal ??= this.#renew()
        .catch((error: unknown) => this.#log.error({ err: error }, 'lease.renewal.failed'))
        .finally(() => {
          this.#renewal = undefined;
        });
    }, RENEW_MS);
  }

  get epoch(): string {
    return this.#epoch;
  }

  onLost(callback: () => void | Promise<void>): void {
    this.#onLost.push(callback);
  }

  /** Registers in a partition before its first command there. */
  async join(partition: number): Promise<void> {
    if (this.#partitions.has(partition)) return;
    let joining = this.#joining.get(partition);
    if (!joining) {
      const epoch = this.#epoch;
      joining = this.#register(partition, true)
        .then(() => {
          // Registered under an epoch that was lost meanwhile: the new one is not known there.
          if (epoch === this.#epoch) this.#partitions.add(partition);
        })
        .finally(() => {
          if (this.#joining.get(partition) === joining) this.#joining.delete(partition);
        });
      this.#joining.set(partition, joining);
    }
    await joining;
  }

  /** A script said that this epoch does not hold: begin a new one. `epoch` is the one the script was asked with. */
  async lost(epoch: string): Promise<void> {
    if (epoch !== this.#epoch || this.#isClosed) return;
    this.#log.error({ node: this.nodeId, epoch }, 'lease.lost');
    this.#epoch = newEpoch();
    this.#partitions.clear();
    this.#joining.clear();
    for (const callback of this.#onLost) {
      try {
        await callback();
      } catch (error) {
        this.#log.error({ err: error, node: this.nodeId, epoch }, 'lease.lost.callback');
      }
    }
  }

  async #register(partition: number, isFirst: boolean): Promise<boolean> {
    const epoch = this.#epoch;
    const reply = await this.#runner.run('renewLease', partitionKey(this.#prefix, partition), [
      this.nodeId,
      epoch,
      '',
      '',
      this.#leaseMs,
      isFirst ? 1 : 0,
    ]);
    return Array.isArray(reply) && reply[0] === 'ok';
  }

  async #renew(): Promise<void> {
    const epoch = this.#epoch;
    const renewed = await Promise.allSettled([...this.#partitions].map((partition) => this.#register(partition, false)));
    if (renewed.some((result) => result.status === 'fulfilled' && !result.value)) await this.lost(epoch);
  }

  /**
   * Gives up what is held, in chunks, so that reconnect windows open at once and not only when the lease lapses. `onAnswer` gets each
   * answer with the knocks that were set.
   */
  async close(onAnswer: (partition: number, reply: Reply) => void): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearInterval(this.#timer);
    const epoch = this.#epoch;
    for (const partition of this.#partitions) {
      const base = partitionKey(this.#prefix, partition);
      await dropClaims({ runner: this.#runner, base, name: this.nodeId, epoch }, async (args) => {
        const reply = await this.#runner.run('dropNode', base, [this.nodeId, epoch, newEpoch(), '', ...args]);
        if (!Array.isArray(reply) || reply[0] !== 'ok') return undefined;
        onAnswer(partition, reply);
        return reply;
      });
    }
  }
}

function newEpoch(): string {
  return randomBytes(9).toString('base64url');
}
