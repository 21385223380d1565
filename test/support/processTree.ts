/** Processes by their parents and by what they mention, read from /proc: to stop a server with its children, and to find what was left behind. */
import { readdirSync, readFileSync } from 'node:fs';

/** Ids of all processes below this one. */
export function descendantsOf(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const other of allPids()) {
    const stat = readProcess(other, 'stat');
    // The parent is the second field behind the command, which stands in parentheses and may hold any character.
    if (stat) parents.set(other, Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
  }
  const found: number[] = [];
  const open = [pid];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const [child, parent] of parents) {
      if (parent !== next) continue;
      found.push(child);
      open.push(child);
    }
  }
  return found;
}

/** Sends the signal to the process and all below it; those that end meanwhile are passed over. */
export function signalTree(pid: number, signal: NodeJS.Signals): void {
  for (const one of [pid, ...descendantsOf(pid)]) {
    try {
      process.kill(one, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

/** Living processes that have the text in their command line or environment, this one excepted. */
export function mentioning(text: string): { pid: number; command: string }[] {
  return allPids().flatMap((pid) => {
    if (pid === process.pid) return [];
    const command = readProcess(pid, 'cmdline')?.replaceAll('\0', ' ') ?? '';
    // A process that has ended and was not yet reaped has no command line.
    return command && (command.includes(text) || readProcess(pid, 'environ')?.includes(text)) ? [{ pid, command }] : [];
  });
}

function allPids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

function readProcess(pid: number, file: 'stat' | 'cmdline' | 'environ'): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return undefined; // It ended meanwhile, or is another user's.
  }
}
