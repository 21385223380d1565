/**
 * DATA_DIR: the folder that holds what an installation must keep. Opened by the supervisor and by processes with roles.
 * Secrets are made once, readable by the owner only, and never made anew while a file of theirs exists.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, statfsSync, writeSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { freePort, portTrouble } from './freePort.ts';

/** DATA_DIR cannot be used; the message says why and what to do. */
export class DataDirError extends Error {
  override name = 'DataDirError';
}

const secretsSchema = z.object({ secretKey: z.string().min(32), redisPassword: z.string().min(16), postgresPassword: z.string().min(16) });
export type Secrets = z.infer<typeof secretsSchema>;

export type EmbeddedServer = 'redis' | 'postgres';

/** Makes the folder when missing. @returns its absolute path. @throws DataDirError when it cannot be made or written to. */
export function openDataDir(path: string): string {
  const dir = resolve(path);
  try {
    // Others may pass through (PostgreSQL runs as a user of its own when we are root) but not look inside.
    mkdirSync(dir, { recursive: true, mode: 0o711 });
    writeAtomically(join(dir, 'written'), `${new Date().toISOString()}\n`, 0o600);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    const hint =
      code === 'ENOSPC'
        ? 'the disk is full: free some space'
        : 'give this user the right to write there, or set DATA_DIR to another folder';
    throw new DataDirError(`DATA_DIR ${dir} cannot be written to (${code}): ${hint}.`, { cause: error });
  }
  return dir;
}

/** Bytes free for us on the disk of the folder. */
export function freeBytes(dir: string): number {
  const { bavail, bsize } = statfsSync(dir);
  return bavail * bsize;
}

/** The installation's secrets, made at the first call. @throws DataDirError when the file is damaged. */
export function readSecrets(dir: string): Secrets {
  const file = join(dir, 'secrets.json');
  if (existsSync(file))
    return read(file, secretsSchema, 'restore it from a backup; without it stored secrets and the embedded databases cannot be opened');
  const text = (bytes: number): string => randomBytes(bytes).toString('hex');
  const secrets = { secretKey: text(32), redisPassword: text(24), postgresPassword: text(24) };
  writeAtomically(file, `${JSON.stringify(secrets, null, 2)}\n`, 0o600);
  return secrets;
}

/**
 * The port of an embedded server: the wished one, else the one it had before while that is free, else a free one, kept for the next start.
 * @throws DataDirError when the wished one is taken.
 */
export async function choosePort(
  dir: string,
  server: EmbeddedServer,
  wished: number,
  isOurs: (port: number) => Promise<boolean>,
): Promise<number> {
  const isFree = async (port: number): Promise<boolean> => (await portTrouble(port, '127.0.0.1')) === undefined || (await isOurs(port));
  if (wished !== 0) {
    if (await isFree(wished)) return wished;
    const name = server === 'redis' ? 'REDIS_PORT' : 'POSTGRES_PORT';
    throw new DataDirError(`${name} ${wished} is taken by another program: set ${name} to a free port, or to 0 to have one chosen.`);
  }
  const before = keptPort(dir, server);
  if (before !== undefined && (await isFree(before))) return before;
  const port = await freePort();
  writeAtomically(portFile(dir, server), `${port}\n`, 0o600);
  return port;
}

/** The port that was chosen for an embedded server. @throws DataDirError when the file is damaged. */
export function keptPort(dir: string, server: EmbeddedServer): number | undefined {
  const file = portFile(dir, server);
  return existsSync(file) ? read(file, z.number(), 'delete it, it will be made again') : undefined;
}

/** A file for each: both servers choose at the same time. */
function portFile(dir: string, server: EmbeddedServer): string {
  return join(dir, `${server}.port`);
}

function read<Shape extends z.ZodType>(file: string, shape: Shape, remedy: string): z.infer<Shape> {
  try {
    return shape.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    throw new DataDirError(`${file} is damaged: ${remedy}.`, { cause: error });
  }
}

/** Written beside its place, flushed, renamed: a kill or a full disk leaves the old file or the new one. */
function writeAtomically(file: string, text: string, mode: number): void {
  // A draft of one's own: the processes of an installation open its folder at the same time.
  const draft = `${file}.${process.pid}.new`;
  const handle = openSync(draft, 'w', mode);
  try {
    writeSync(handle, text);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(draft, file);
}
