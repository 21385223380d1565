/**
 * How the children's log lines reach the person: as they are (JSON, one a line) when the output goes into a file or a pipe,
 * as a short text when it goes to a terminal.
 */
const LEVELS: Readonly<Record<number, string>> = { 10: 'trace', 20: 'debug', 30: 'info', 40: 'warn', 50: 'error', 60: 'fatal' };
const LEFT_OUT = new Set(['level', 'time', 'pid', 'part', 'msg', 'role', 'err', 'hostname']);

/** One log line as a person reads it; what is no log line stays as it is. */
export function humanLine(line: string): string {
  const entry = parse(line);
  if (!entry) return line;
  const time = new Date(Number(entry.time)).toLocaleTimeString('en-GB');
  const level = LEVELS[Number(entry.level)] ?? '';
  const mark = level === 'info' ? '' : `${level.toUpperCase()} `;
  const rest = Object.entries(entry).filter(([name]) => !LEFT_OUT.has(name));
  const details = rest.map(([name, value]) => ` ${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`).join('');
  const error = entry.err as { message?: string; stack?: string } | undefined;
  const trouble = error ? `\n    ${error.stack ?? error.message}` : '';
  return `${time} ${String(entry.part ?? '').padEnd(10)} ${mark}${entry.msg ?? ''}${details}${trouble}`;
}

function parse(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{"level":')) return undefined;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    // Cut off by a kill: shown as it is.
    return undefined;
  }
}
