/**
 * What processes cost, read from /proc (Linux). A process is counted with all its descendants, also those that ended since it began,
 * so PostgreSQL's backends and Node's threads are in. Created by benchmarks; guarantees that a difference of two readings misses nothing.
 */
import { readdirSync, readFileSync } from 'node:fs';

/** USER_HZ is 100 on every Linux that Node runs on. */
const TICK_US = 10_000;
const PAGE_BYTES = 4_096;

export interface Usage {
  /** Processor time, user and system, in microseconds. */
  readonly cpuUs: number;
  /** Resident memory without pages shared with files, in bytes. */
  readonly bytes: number;
}

interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
  readonly cpuTicks: number;
}

/** Usage of each root process with its descendants, by the name it was given. One pass over /proc for all of them. */
export function readUsage(roots: ReadonlyMap<string, number>): Map<string, Usage> {
  const children = new Map<number, ProcessStat[]>();
  const all = new Map<number, ProcessStat>();
  for (const name of readdirSync('/proc')) {
    const stat = /^\d+$/.test(name) ? readStat(Number(name)) : undefined;
    if (!stat) continue;
    all.set(stat.pid, stat);
    children.set(stat.parent, [...(children.get(stat.parent) ?? []), stat]);
  }
  const usage = new Map<string, Usage>();
  for (const [name, pid] of roots) {
    let cpuTicks = 0;
    let bytes = 0;
    const open = [all.get(pid)];
    for (let next = open.pop(); next; next = open.pop()) {
      cpuTicks += next.cpuTicks;
      bytes += readPrivateBytes(next.pid);
      open.push(...(children.get(next.pid) ?? []));
    }
    usage.set(name, { cpuUs: cpuTicks * TICK_US, bytes });
  }
  return usage;
}

/** Usage between two readings, by name. */
export function usageSince(before: ReadonlyMap<string, Usage>, after: ReadonlyMap<string, Usage>): Map<string, Usage> {
  return new Map(
    [...after].map(([name, now]) => [
      name,
      { cpuUs: now.cpuUs - (before.get(name)?.cpuUs ?? 0), bytes: now.bytes - (before.get(name)?.bytes ?? 0) },
    ]),
  );
}

export function totalOf(usage: ReadonlyMap<string, Usage>): Usage {
  let cpuUs = 0;
  let bytes = 0;
  for (const one of usage.values()) {
    cpuUs += one.cpuUs;
    bytes += one.bytes;
  }
  return { cpuUs, bytes };
}

/** Own time plus that of children already reaped (fields 14 to 17 of proc(5)); undefined when the process ended meanwhile. */
function readStat(pid: number): ProcessStat | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined; // It ended between the listing and this read; its parent carries its time.
  }
  const fields = text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const at = (field: number): number => fields[field - 3] ?? 0;
  return { pid, parent: at(4), cpuTicks: at(14) + at(15) + at(16) + at(17) };
}

function readPrivateBytes(pid: number): number {
  try {
    const [, resident = 0, shared = 0] = readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ').map(Number);
    return (resident - shared) * PAGE_BYTES;
  } catch {
    return 0; // Ended meanwhile: it holds nothing.
  }
}
