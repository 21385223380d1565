/** Work that is done again and again for as long as a process lives. */
import type { Logger } from './log.ts';

export interface Loop {
  /** Resolves when the turn that runs is over. Idempotent. */
  close(): Promise<void>;
}

/** One line of a failure that repeats, then one in so many. */
const LOG_EVERY = 20;

/** Runs `work` with `everyMs` between the end of one turn and the next; a failure is logged once in a while and tried again. */
export function repeat(
  name: string,
  everyMs: number,
  work: () => Promise<unknown>,
  log: Logger,
  { firstAfterMs = everyMs }: { firstAfterMs?: number } = {},
): Loop {
  let isClosed = false;
  let failures = 0;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();

  async function turn(): Promise<void> {
    try {
      await work();
      failures = 0;
    } catch (error) {
      if (failures++ % LOG_EVERY === 0) log.warn({ err: error, loop: name }, 'loop.failed');
    }
    if (!isClosed) timer = setTimeout(start, everyMs);
  }
  function start(): void {
    running = turn();
  }
  timer = setTimeout(start, firstAfterMs);

  return {
    async close() {
      isClosed = true;
      clearTimeout(timer);
      await running;
    },
  };
}
