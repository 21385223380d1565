/** One structured line per event: its name and ids, never message text, numbers in full, or secrets. */
import { type Logger, pino } from 'pino';

export type { Logger };

/**
 * Lines go through `process.stdout`, not through pino's own writer: that one retries for ever when the reader is gone (EPIPE),
 * and a child that has lost its supervisor would hang at its last words instead of ending.
 */
const standardOutput = { write: (line: string): void => void process.stdout.write(line) };
// Where would one report that nobody reads the log any more?
process.stdout.on('error', () => undefined);

/** The process's logger. `part` names the process in every line. */
export function createLogger(part: string, level: string): Logger {
  const options = {
    level,
    base: { part, pid: process.pid },
    redact: { paths: ['password', 'token', 'secret', '*.password', '*.token', '*.secret', 'authorization', 'cookie'], censor: '[hidden]' },
  };
  return pino(options, standardOutput);
}
