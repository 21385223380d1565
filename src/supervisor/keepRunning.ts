/**
 * Keeps one process running: starts it, starts it again when it ends, waits longer after each failure (100 ms to 5 s),
 * and begins at 100 ms again after it ran well for a while. Created by the supervisor, one per child.
 * States: starting → running → (ended → waiting → starting)* → closed.
 */
import type { Logger } from '../base/log.ts';

/** A process that runs. */
export interface Running {
  readonly pid: number;
  /** Resolves when it ended, with how, e.g. "exit code 1". */
  readonly ended: Promise<string>;
  /** Ends it cleanly, or by force after `timeoutMs`. */
  stop(timeoutMs: number): Promise<void>;
}

export interface KeepOptions {
  readonly name: string;
  readonly log: Logger;
  /** Starts the process; rejects when it cannot be started. */
  readonly launch: () => Promise<Running>;
  /** A failure to launch before the first success is final after this many tries; absent: never final. */
  readonly triesAtFirst?: number;
  readonly healthyAfterMs?: number;
}

const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 5_000;

export class KeepRunning {
  readonly #options: KeepOptions;
  #current: Running | undefined;
  #wait: { timer: NodeJS.Timeout; wake: () => void } | undefined;
  #isClosed = false;
  #loop: Promise<void> = Promise.resolve();
  #waitMs = FIRST_WAIT_MS;
  #restarts = 0;

  private constructor(options: KeepOptions) {
    this.#options = options;
  }

  /** Resolves once the process runs for the first time. @throws the last failure when it never did within `triesAtFirst`. */
  static async start(options: KeepOptions): Promise<KeepRunning> {
    const keep = new KeepRunning(options);
    for (let left = options.triesAtFirst ?? Number.POSITIVE_INFINITY; !keep.#isClosed; ) {
      try {
        keep.#current = await options.launch();
        break;
      } catch (error) {
        if (--left <= 0) throw error;
        await keep.#failed(error);
      }
    }
    keep.#loop = keep.#watch();
    return keep;
  }

  get pid(): number | undefined {
    return this.#current?.pid;
  }

  /** How often it was started again. */
  get restarts(): number {
    return this.#restarts;
  }

  /** Ends the process and keeps it ended. Safe to call twice, and while a start is under way. */
  async close(timeoutMs: number): Promise<void> {
    this.#isClosed = true;
    if (this.#wait) {
      clearTimeout(this.#wait.timer);
      this.#wait.wake();
    }
    await this.#current?.stop(timeoutMs);
    await this.#loop;
  }

  async #watch(): Promise<void> {
    const { name, log, launch, healthyAfterMs = 30_000 } = this.#options;
    while (!this.#isClosed) {
      const startedAt = performance.now();
      const how = await this.#current?.ended;
      this.#current = undefined;
      if (this.#isClosed) return;
      if (performance.now() - startedAt >= healthyAfterMs) this.#waitMs = FIRST_WAIT_MS;
      log.warn({ child: name, how, againInMs: this.#waitMs }, 'child ended, starting it again');
      await this.#pause();
      while (!this.#isClosed && !this.#current) {
        this.#restarts++;
        try {
          this.#current = await launch();
          log.info({ child: name, childPid: this.pid }, 'child started again');
        } catch (error) {
          await this.#failed(error);
        }
      }
    }
    // Closed while it was being started.
    await this.#current?.stop(2_000);
  }

  async #failed(error: unknown): Promise<void> {
    const { name, log } = this.#options;
    log.error({ child: name, reason: (error as Error).message, againInMs: this.#waitMs }, 'child cannot be started');
    await this.#pause();
  }

  /** Waits the present time, which doubles for the next. Ends early when closed. */
  async #pause(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wait = { timer: setTimeout(resolve, this.#waitMs), wake: resolve };
    });
    this.#wait = undefined;
    this.#waitMs = Math.min(this.#waitMs * 2, LONGEST_WAIT_MS);
  }
}
