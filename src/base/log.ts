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
    serializers: { err: withoutData },
    redact: { paths: ['password', 'token', 'secret', '*.password', '*.token', '*.secret', 'authorization', 'cookie'], censor: '[hidden]' },
  };
  return pino(options, standardOutput);
}

/** What drivers hang on their errors: it repeats what was to be written, so messages, names, tokens. */
const DATA: ReadonlySet<string> = new Set(['detail', 'where', 'hint', 'internalQuery', 'command', 'previousErrors']);

/** An error for the log, with its causes: what failed and where in our code, not with whose data. */
function withoutData(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const fields = pino.stdSerializers.err(error);
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !DATA.has(name)));
}
