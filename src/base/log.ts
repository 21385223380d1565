/** One structured line per event: its name and ids, never message text, numbers in full, or secrets. */
import { type Logger, pino } from 'pino';

export type { Logger };

/** The process's logger. `part` names the process in every line. */
export function createLogger(part: string, level: string): Logger {
  return pino({
    level,
    base: { part, pid: process.pid },
    redact: { paths: ['password', 'token', 'secret', '*.password', '*.token', '*.secret', 'authorization', 'cookie'], censor: '[hidden]' },
  });
}
