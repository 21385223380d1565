/**
 * What a killed supervisor left behind (seen on Linux; elsewhere nothing is found): servers by the folder they work in, processes of ours by their
 * DATA_DIR. One that stands still (SIGSTOP, a frozen container) knows nothing of it yet: it is made to go on, so that it ends cleanly, and never two
 * servers write to the same files.
 */
import { readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';

const POLITE_MS = 10_000;
const FORCED_MS = 5_000;
const LOOK_MS = 25;

export interface Servers {
  /** Their working folder. */
  readonly dir: string;
  /** Names of their programs. */
  readonly programs: readonly string[];
  /** What ends them cleanly; sent to those only that no other one of them started. */
  readonly stopSignal: NodeJS.Signals;
}

interface Leftover {
  readonly pid: number;
  readonly parent: number;
}

export const hasLeftovers = (servers: Pick<Servers, 'dir' | 'programs'>): boolean => leftoversOf(servers).length > 0;

/** Ends them, by force when they do not obey. @throws when even that does not help */
export async function endLeftovers(servers: Servers): Promise<void> {
  const found = leftoversOf(servers);
  const roots = found.filter(({ parent }) => !found.some(({ pid }) => pid === parent));
  for (const { pid } of roots) send(pid, servers.stopSignal);
  for (const { pid } of found) send(pid, 'SIGCONT');
  if (await areGone(servers, POLITE_MS)) return;
  for (const { pid } of leftoversOf(servers)) send(pid, 'SIGKILL');
  if (await areGone(servers, FORCED_MS)) return;
  throw new Error(`a server that was left behind on ${servers.dir} cannot be ended`);
}

/** Whether role processes on this DATA_DIR are there. Those whose supervisor was killed end by themselves, when they have drained. */
export function wakeRoles(dataDir: string): boolean {
  const found = processIds().filter((pid) => {
    const environment = orUndefined(() => readFileSync(`/proc/${pid}/environ`, 'utf8'))?.split('\0') ?? [];
    return environment.includes(`DATA_DIR=${dataDir}`) && environment.some((setting) => /^ROLES=./.test(setting));
  });
  for (const pid of found) send(pid, 'SIGCONT');
  return found.length > 0;
}

async function areGone(servers: Servers, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (hasLeftovers(servers)) {
    if (performance.now() > deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  return true;
}

function leftoversOf({ dir, programs }: Pick<Servers, 'dir' | 'programs'>): Leftover[] {
  const folder = orUndefined(() => realpathSync(dir));
  if (folder === undefined) return [];
  const found: Leftover[] = [];
  for (const pid of processIds()) {
    // A process that ended meanwhile, or is another user's, tells nothing.
    if (orUndefined(() => readlinkSync(`/proc/${pid}/cwd`)) !== folder) continue;
    const status = orUndefined(() => readFileSync(`/proc/${pid}/status`, 'utf8')) ?? '';
    const field = (name: string): string => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1] ?? '';
    if (programs.includes(field('Name'))) found.push({ pid, parent: Number(field('PPid')) });
  }
  return found;
}

const processIds = (): number[] => (process.platform === 'linux' ? readdirSync('/proc').map(Number).filter(Number.isInteger) : []);

function orUndefined<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
