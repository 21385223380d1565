/**
 * Processes that serve phones, as each says of itself every second. Who was silent for 5 s is no more listed. An edge counts as gone for good only when this
 * process itself saw it silent for a while: after an outage of Redis everybody was silent, and nobody is gone. Created by the engine.
 */
import type { Lease } from '../engine.ts';
import { directoryPrefix } from '../keys.ts';
import type { NodeKind, PhoneNode } from '../phones.ts';
import type { ScriptRunner } from '../redis.ts';

const SILENT_MS = 5_000;
/** Looks at who is silent that are further apart than this prove nothing about the time between them. */
const LOOKS_APART_MS = 2_500;
const CONFIRMED_MS = 2_000;

interface Said {
  readonly id: string;
  readonly silentMs: number;
  readonly said: Omit<PhoneNode, 'id'>;
}

export class PhoneNodes {
  readonly #runner: ScriptRunner;
  readonly #prefix: string;
  readonly #lease: Lease;
  /** What this process announced last, by kind: taken back when it closes. */
  readonly #announced = new Map<NodeKind, string>();
  /** Edges seen silent: since when, and when last looked at (ms of this process). */
  readonly #silentSince = new Map<string, number>();
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor({ runner, prefix, lease }: { runner: ScriptRunner; prefix: string; lease: Lease }) {
    this.#runner = runner;
    this.#prefix = prefix;
    this.#lease = lease;
  }

  async announce({ kind, ...node }: Omit<PhoneNode, 'id' | 'epoch'>): Promise<void> {
    const said = JSON.stringify({ kind, epoch: this.#lease.epoch, ...node });
    this.#announced.set(kind, said);
    await this.#say(kind, said, false);
  }

  /** `mostSilentMs`: who was silent for so long is left out. */
  async list(kind: NodeKind, mostSilentMs = SILENT_MS): Promise<PhoneNode[]> {
    const nodes = await this.#read(kind);
    return nodes.flatMap(({ id, silentMs, said }) => (silentMs < mostSilentMs ? [{ id, ...said }] : []));
  }

  /** Edges that are gone for good; asked about once a second or so. */
  async goneEdges(): Promise<string[]> {
    const now = performance.now();
    if (now - this.#lookedAt > LOOKS_APART_MS) this.#silentSince.clear();
    const silent = (await this.#read('edge')).filter(({ silentMs }) => silentMs >= SILENT_MS).map(({ id }) => id);
    this.#lookedAt = now;
    for (const id of this.#silentSince.keys()) if (!silent.includes(id)) this.#silentSince.delete(id);
    for (const id of silent) if (!this.#silentSince.has(id)) this.#silentSince.set(id, now);
    return silent.filter((id) => now - (this.#silentSince.get(id) ?? now) >= CONFIRMED_MS);
  }

  async close(): Promise<void> {
    for (const [kind, said] of this.#announced) await this.#say(kind, said, true);
  }

  async #say(kind: NodeKind, said: string, isGoing: boolean): Promise<void> {
    await this.#runner.run('announceNode', directoryPrefix(this.#prefix), [kind, this.#lease.nodeId, said, isGoing ? 1 : 0]);
  }

  async #read(kind: NodeKind): Promise<Said[]> {
    const reply = await this.#runner.run('readNodes', directoryPrefix(this.#prefix), [kind]);
    const flat = Array.isArray(reply) ? (reply as string[]) : [];
    return Array.from({ length: flat.length / 3 }, (_, at) => ({
      id: flat[3 * at] ?? '',
      silentMs: Number(flat[3 * at + 1]),
      said: JSON.parse(flat[3 * at + 2] ?? '{}') as Omit<PhoneNode, 'id'>,
    }));
  }
}
