/**
 * The mediasoup workers of this process: one per core, each with a WebRtcServer on a port of its own (RTC_PORT and up).
 * Created by the role `sfu`. Never waits for the worker binary: while it is fetched or compiled the state is `preparing`.
 * A worker that dies takes its rooms with it; another one takes its place, and `onWorkerLost` tells the owners of the rooms.
 */
import { lookup } from 'node:dns/promises';
import { EventEmitter } from 'node:events';
import { availableParallelism, networkInterfaces } from 'node:os';
import { createWorker } from 'mediasoup';
import type { WebRtcServer, Worker } from 'mediasoup/types';
import type { Env } from '../config/env.ts';
import type { RoleContext } from '../src/base/context.ts';
import type { Logger } from '../src/base/log.ts';
import { choosePlace, type SfuLoad, weightOf } from './placement.ts';
import { obtainWorkerBinary } from './workerBinary.ts';

export type SfuState = 'preparing' | 'ready' | 'failed';

const nothing = (): SfuLoad => ({ rooms: 0, peers: 0, producers: 0, consumers: 0, pipes: 0 });

/** One worker that serves, with the server its transports share. */
export interface SfuWorker {
  readonly worker: Worker;
  readonly webRtcServer: WebRtcServer;
  /** What it carries, counted by rooms and peers. */
  readonly load: SfuLoad;
}

export interface SfuEvents {
  state: [SfuState];
  /** All rooms on this worker are gone. */
  workerLost: [SfuWorker];
}

/** Fewer streams of sound than one core carries (README, Figures): who is in already shall not hear that one more came. */
const CONSUMERS_MAX = 500;
const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 5_000;

export class SfuWorkers extends EventEmitter<SfuEvents> {
  readonly #env: Env;
  readonly #log: Logger;
  readonly #consumersMax: number;
  readonly #slots: (SfuWorker | undefined)[] = [];
  readonly #stopping = new AbortController();
  readonly #timers = new Set<NodeJS.Timeout>();
  #preparing: Promise<void> = Promise.resolve();
  #binary = '';
  #state: SfuState = 'preparing';

  private constructor(env: Env, log: Logger, consumersMax: number) {
    super();
    this.#env = env;
    this.#log = log;
    this.#consumersMax = consumersMax;
  }

  /** Returns at once, in state `preparing`. `count` workers, by default one per core, each full at so many consumers. */
  static create(
    { env, log }: Pick<RoleContext, 'env' | 'log'>,
    { count = availableParallelism(), consumersMax = CONSUMERS_MAX }: { count?: number; consumersMax?: number } = {},
  ): SfuWorkers {
    const workers = new SfuWorkers(env, log, consumersMax);
    workers.#preparing = workers.#prepare(count);
    return workers;
  }

  get state(): SfuState {
    return this.#state;
  }

  /** The worker for a new room, or for the next peer of one that these carry, its home first; undefined while none serves. */
  take(carrying: readonly SfuWorker[] = []): SfuWorker | undefined {
    return choosePlace(carrying, this.#serving(), this.#consumersMax);
  }

  /** Consumers a worker, over all that serve: what a node says of itself to those who choose one. */
  get load(): number {
    const serving = this.#serving();
    return serving.reduce((sum, slot) => sum + weightOf(slot), 0) / Math.max(1, serving.length);
  }

  /** Of all that serve. */
  get carried(): SfuLoad & { readonly workers: number } {
    const carried = { ...nothing(), workers: 0 };
    for (const { load } of this.#serving()) {
      carried.workers++;
      for (const what of ['rooms', 'peers', 'producers', 'consumers', 'pipes'] as const) carried[what] += load[what];
    }
    return carried;
  }

  /** Seconds of CPU that each serving worker has used since it started, by its number. A worker that dies while it is asked is left out. */
  async cpuSeconds(): Promise<ReadonlyMap<number, number>> {
    const used = await Promise.all(
      this.#slots.map((slot) =>
        slot?.worker.getResourceUsage().then(
          ({ ru_utime, ru_stime }) => (ru_utime + ru_stime) / 1_000,
          () => undefined,
        ),
      ),
    );
    return new Map([...used.entries()].filter((entry): entry is [number, number] => entry[1] !== undefined));
  }

  #serving(): SfuWorker[] {
    return this.#slots.filter((slot) => slot !== undefined);
  }

  /** Ends the workers and a build that is under way. */
  async close(): Promise<void> {
    this.#stopping.abort();
    for (const timer of this.#timers) clearTimeout(timer);
    await this.#preparing;
    const ended = this.#slots.map((slot) => slot && new Promise<void>((resolve) => slot.worker.once('subprocessclose', () => resolve())));
    for (const slot of this.#slots.splice(0)) slot?.worker.close();
    await Promise.all(ended);
  }

  async #prepare(count: number): Promise<void> {
    try {
      this.#binary = await obtainWorkerBinary(this.#env.MEDIASOUP_WORKER_BIN, this.#stopping.signal, (line) =>
        this.#log.info({ line }, 'video worker'),
      );
    } catch (error) {
      if (this.#stopping.signal.aborted) return;
      this.#log.error({ reason: (error as Error).message }, 'no mediasoup worker: video is not available, all else works');
      return this.#become('failed');
    }
    await Promise.all(Array.from({ length: count }, (_, index) => this.#spawn(index, FIRST_WAIT_MS)));
  }

  async #spawn(index: number, waitMs: number): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    try {
      const slot = await this.#startWorker(index);
      if (this.#stopping.signal.aborted) return slot.worker.close();
      this.#slots[index] = slot;
      slot.worker.once('died', () => this.#lost(index, slot));
      this.#log.info({ worker: slot.worker.pid, port: this.#port(index) }, 'media worker started');
      this.#become('ready');
    } catch (error) {
      this.#log.error({ port: this.#port(index), reason: (error as Error).message, againInMs: waitMs }, 'media worker cannot be started');
      this.#later(waitMs, () => this.#spawn(index, Math.min(waitMs * 2, LONGEST_WAIT_MS)));
    }
  }

  async #startWorker(index: number): Promise<SfuWorker> {
    const worker = await createWorker({ workerBin: this.#binary, logLevel: 'warn' });
    try {
      const addresses = await listenAddresses(this.#env.PUBLIC_HOST);
      const listenInfos = addresses.flatMap((address) =>
        (['udp', 'tcp'] as const).map((protocol) => ({ protocol, port: this.#port(index), ...address })),
      );
      return { worker, webRtcServer: await worker.createWebRtcServer({ listenInfos }), load: nothing() };
    } catch (error) {
      worker.close();
      throw error;
    }
  }

  /** With RTC_PORT 0 the kernel chooses. */
  #port(index: number): number {
    return this.#env.RTC_PORT === 0 ? 0 : this.#env.RTC_PORT + index;
  }

  #lost(index: number, slot: SfuWorker): void {
    this.#log.error({ worker: slot.worker.pid }, 'media worker died, its rooms are gone');
    this.#slots[index] = undefined;
    if (this.#slots.every((other) => other === undefined)) this.#become('preparing');
    this.emit('workerLost', slot);
    this.#later(FIRST_WAIT_MS, () => this.#spawn(index, FIRST_WAIT_MS));
  }

  #later(waitMs: number, work: () => Promise<void>): void {
    if (this.#stopping.signal.aborted) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      void work();
    }, waitMs);
    this.#timers.add(timer);
  }

  #become(state: SfuState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.emit('state', state);
  }
}

/**
 * Where to listen and what browsers are told. An address is announced, not a name, which not every browser resolves. Without
 * PUBLIC_HOST every address of this machine is told as it is: 0.0.0.0, told to a browser, would lead nowhere.
 */
async function listenAddresses(publicHost: string): Promise<{ ip: string; announcedAddress?: string }[]> {
  if (publicHost) return [{ ip: '0.0.0.0', announcedAddress: (await lookup(publicHost)).address }];
  const own = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return own.filter(({ family }) => family === 'IPv4').map(({ address }) => ({ ip: address }));
}
