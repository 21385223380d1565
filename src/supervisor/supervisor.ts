/**
 * The supervisor: no business state, only processes. It opens DATA_DIR under its lock, starts Redis and PostgreSQL where no
 * address is given, then workers, the SIP edge, gateways and the SFU, and starts again whatever ends. `close` goes in the order
 * gateways, edge, workers, sfu, PostgreSQL, Redis, so that nothing loses what it stands on while it still works.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { createSecureContext } from 'node:tls';
import type { Env, RoleName } from '../../config/env.ts';
import { redisServers } from '../../config/redisAddress.ts';
import type { Logger } from '../base/log.ts';
import { DataDirError, freeBytes, openDataDir, readSecrets } from './dataDir.ts';
import { openPostgres, openRedis } from './embedded.ts';
import { waitForAny, waitForService } from './externalService.ts';
import { KeepRunning, type Running } from './keepRunning.ts';
import { wakeRoles } from './leftovers.ts';
import { type Lock, lockDataDir } from './lock.ts';
import { portsMessage } from './ports.ts';
import { startRoleProcess } from './roleProcess.ts';
import type { ServerEnd } from './serverProcess.ts';
import { buildWebClients } from './webClients.ts';
import { printWelcome } from './welcome.ts';

const LEAST_FREE_BYTES = 100_000_000;
const LOW_FREE_BYTES = 500_000_000;
/** Below, a server that ended would only load its data and end at its first write. */
const RESTART_FREE_BYTES = 20_000_000;
const DISK_CHECK_MS = 30_000;
const LOOK_MS = 100;
/** Beyond what a gateway is given to drain. */
const CLOSE_MS = { role: 3_000, server: 4_000 } as const;

export interface SupervisorOptions {
  readonly env: Env;
  readonly log: Logger;
  /** Receives the lines the children print. */
  readonly onLine: (line: string) => void;
  /** Aborted when the start shall not go on; it then throws, after everything was closed again. */
  readonly signal: AbortSignal;
}

/** What `main.ts` holds of a running supervisor. */
export interface Supervisor {
  close(): Promise<void>;
}

/** Starts everything. @throws DataDirError, LockedError or another error whose message tells the person what to do. */
export async function startSupervisor(options: SupervisorOptions): Promise<Supervisor> {
  const dataDir = openDataDir(options.env.DATA_DIR);
  const lock = lockDataDir(dataDir);
  const house = new House(options, dataDir, lock);
  try {
    await house.open();
  } catch (error) {
    await house.close();
    throw error;
  }
  return house;
}

class House implements Supervisor {
  readonly #options: SupervisorOptions;
  readonly #dataDir: string;
  readonly #lock: Lock;
  /** In the order they were started; closed group by group. */
  readonly #children: { readonly role: RoleName; readonly keep: KeepRunning }[] = [];
  readonly #notReady = new Set<RoleName>();
  #diskCheck: NodeJS.Timeout | undefined;
  #closed: Promise<void> | undefined;

  constructor(options: SupervisorOptions, dataDir: string, lock: Lock) {
    this.#options = options;
    this.#dataDir = dataDir;
    this.#lock = lock;
  }

  async open(): Promise<void> {
    const { env, log, signal } = this.#options;
    if (freeBytes(this.#dataDir) < LEAST_FREE_BYTES)
      throw new DataDirError(`The disk of DATA_DIR ${this.#dataDir} is full (less than 100 MB free): free some space.`);
    const portTrouble = await this.#portTrouble();
    if (portTrouble) throw new DataDirError(portTrouble);
    const tlsTrouble = tlsMessage(env);
    if (tlsTrouble) throw new DataDirError(tlsTrouble);
    this.#watchDisk();
    const place = { env, log, dataDir: this.#dataDir };
    // Each launch tells the port anew; it stays the same unless another program took it while the server was down.
    const building = buildWebClients(env, this.#dataDir, log, signal);
    const servers = await Promise.allSettled([
      env.REDIS_URL ?? this.#startServer('redis', () => openRedis(place)),
      env.DATABASE_URL ?? this.#startServer('postgres', () => openPostgres(place)),
    ]);
    const [redisUrl, databaseUrl] = servers.map((server) => {
      if (server.status === 'rejected') throw server.reason;
      return server.value;
    }) as [string, string];
    if (env.REDIS_URL) await waitForAny('Redis', redisServers(env.REDIS_URL), log, signal);
    if (env.DATABASE_URL) await waitForService('PostgreSQL', env.DATABASE_URL, log, signal);
    signal.throwIfAborted();
    const childEnv = {
      REDIS_URL: redisUrl,
      DATABASE_URL: databaseUrl,
      DATA_DIR: this.#dataDir,
      SECRET_KEY: env.SECRET_KEY ?? readSecrets(this.#dataDir).secretKey,
    };
    for (const role of ['worker', 'edge', 'rtp', 'sip', 'gateway', 'sfu'] as const) this.#notReady.add(role);
    await this.#startRole('worker', env.WORKERS, childEnv);
    if (!env.DRACHTIO_HOST) await this.#startRole('edge', 1, childEnv);
    await this.#startRole('rtp', env.RTPS, childEnv);
    await this.#startRole('sip', env.SIPS, childEnv);
    await building;
    await this.#startRole('gateway', env.GATEWAYS, childEnv);
    await this.#startRole('sfu', 1, childEnv);
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    clearInterval(this.#diskCheck);
    const drainMs = this.#options.env.DRAIN_SEC * 1_000;
    // The application ends its calls while the phones and their media are still there.
    await Promise.all([this.#closeGroup('gateway', drainMs + CLOSE_MS.role), this.#closeGroup('sip', drainMs + CLOSE_MS.role)]);
    await Promise.all([this.#closeGroup('edge', drainMs + CLOSE_MS.role), this.#closeGroup('rtp', drainMs + CLOSE_MS.role)]);
    await Promise.all([this.#closeGroup('worker', CLOSE_MS.role), this.#closeGroup('sfu', CLOSE_MS.role)]);
    await this.#closeGroup('postgres', CLOSE_MS.server);
    await this.#closeGroup('redis', CLOSE_MS.server);
    this.#lock.release();
  }

  async #closeGroup(role: RoleName, timeoutMs: number): Promise<void> {
    await Promise.all(this.#children.filter((child) => child.role === role).map(({ keep }) => keep.close(timeoutMs)));
  }

  async #startServer(role: 'redis' | 'postgres', open: () => Promise<EmbeddedServerHandle>): Promise<string> {
    let url = '';
    const launch = async (): Promise<Running> => {
      if (freeBytes(this.#dataDir) < RESTART_FREE_BYTES) throw new Error('the disk of DATA_DIR is full: free some space');
      const server = await open();
      if (url && server.url !== url) {
        await server.close();
        throw new Error('its port was taken by another program while it was down: restart Centralino');
      }
      url = server.url;
      void server.ended.then(() => this.#checkDisk());
      return { pid: server.pid, ended: server.epitaph, stop: (timeoutMs) => server.close(timeoutMs) };
    };
    await this.#keep(role, role, launch, 3);
    return url;
  }

  async #startRole(
    role: 'worker' | 'edge' | 'rtp' | 'sip' | 'gateway' | 'sfu',
    count: number,
    env: Readonly<Record<string, string>>,
  ): Promise<void> {
    const { log, onLine } = this.#options;
    const nodeId = this.#options.env.NODE_ID;
    for (let number = 1; number <= count && !this.#options.signal.aborted; number++) {
      const name = count === 1 ? role : `${role}-${number}`;
      const ownEnv = nodeId ? { ...env, NODE_ID: `${nodeId}-${name}`.slice(-40) } : env;
      const launch = (): Promise<Running> =>
        startRoleProcess({
          role,
          env: ownEnv,
          onLine,
          onReady: () => this.#onReady(role),
          onHung: () => log.error({ child: name }, 'child gave no sign of life for a minute, ending it by force'),
        });
      await this.#keep(role, name, launch);
    }
  }

  async #keep(role: RoleName, name: string, launch: () => Promise<Running>, triesAtFirst?: number): Promise<void> {
    const keep = await KeepRunning.start({ name, log: this.#options.log, launch, ...(triesAtFirst === undefined ? {} : { triesAtFirst }) });
    this.#children.push({ role, keep });
    this.#options.log.info({ child: name, childPid: keep.pid }, 'started');
  }

  #onReady(role: RoleName): void {
    if (!this.#notReady.delete(role) || this.#options.signal.aborted) return;
    // The SFU may still be preparing its worker binary; chat does not wait for it.
    const isServing = !this.#notReady.has('gateway') && !this.#notReady.has('worker');
    if (isServing && (role === 'gateway' || role === 'worker')) printWelcome(this.#options.env, this.#dataDir);
  }

  /** A port that is taken may be held by what a killed supervisor left, which is given its time to end. */
  async #portTrouble(): Promise<string | undefined> {
    const { env, signal } = this.#options;
    const deadline = performance.now() + env.DRAIN_SEC * 1_000 + CLOSE_MS.role;
    for (;;) {
      const trouble = await portsMessage(env);
      if (!trouble || signal.aborted || performance.now() > deadline || !wakeRoles(this.#dataDir)) return trouble;
      await wait(LOOK_MS);
    }
  }

  #watchDisk(): void {
    this.#diskCheck = setInterval(() => this.#checkDisk(), DISK_CHECK_MS);
  }

  /** Regularly, and when a server ended: a Redis that cannot write ends by itself. */
  #checkDisk(): void {
    const { log } = this.#options;
    const dataDir = this.#dataDir;
    try {
      const free = freeBytes(dataDir);
      if (free < LOW_FREE_BYTES)
        log.error({ freeMb: Math.floor(free / 1e6), dataDir }, 'the disk of DATA_DIR is nearly full: free some space');
    } catch (error) {
      log.error({ err: error, dataDir }, 'DATA_DIR cannot be reached any more');
    }
  }
}

interface EmbeddedServerHandle {
  readonly url: string;
  readonly pid: number;
  readonly ended: Promise<ServerEnd>;
  readonly epitaph: Promise<string>;
  close(timeoutMs?: number): Promise<void>;
}

/** What is wrong with certificate or key; else a gateway would fail again and again. */
function tlsMessage({ TLS_CERT, TLS_KEY }: Env): string | undefined {
  if (!TLS_CERT || !TLS_KEY) return undefined;
  try {
    createSecureContext({ cert: readFileSync(TLS_CERT), key: readFileSync(TLS_KEY) });
    return undefined;
  } catch (error) {
    return `TLS_CERT ${TLS_CERT} and TLS_KEY ${TLS_KEY} cannot be used: ${(error as Error).message}. Give PEM files that belong together and that this user may read.`;
  }
}
