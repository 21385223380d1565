/**
 * The gateway role: puts engine, database, routes, hub and sockets together and opens the port. Started by `main.ts`, any number of times per
 * center. Stops in the order that loses nothing: no new connections, sockets told to move over DRAIN_SEC, presence given back, then Redis.
 */
import { join } from 'node:path';
import { limitsFor } from '../../config/limits.ts';
import { configuredUrl } from '../../config/publicUrl.ts';
import { createEngine } from '../../queues/index.ts';
import { accessRoutes } from '../accounts/index.ts';
import { withDocuments } from '../api/documentRoutes.ts';
import type { Route } from '../api/route.ts';
import { createPrincipalResolver } from '../auth/principal.ts';
import type { RoleContext, RunningRole } from '../base/context.ts';
import { seal, unseal } from '../base/seal.ts';
import { createDatabase } from '../db/database.ts';
import { FileLibrary, fileRoutes, filesFolder, LocalFileStore } from '../files/index.ts';
import { historyRoutes } from '../history/index.ts';
import { collectMetrics, publishMetrics } from '../metrics/relay.ts';
import { phonesRoutes } from '../phones/index.ts';
import { roomRoutes } from '../video/roomRoutes.ts';
import { VideoStates } from '../video/state.ts';
import { AccountDirectory } from './accountDirectory.ts';
import { createConfigCheck } from './configCheck.ts';
import { withVisitors } from './credentials.ts';
import { createHistoryReader } from './historyReader.ts';
import { HttpHandler } from './httpHandler.ts';
import { Idempotency } from './idempotency.ts';
import { Metrics } from './metrics.ts';
import { operationsRoutes } from './operations.ts';
import { centerMarkOf } from './portCheck.ts';
import { createRouteHandler } from './routeHandler.ts';
import { RouteTable } from './routeTable.ts';
import { Server } from './server.ts';
import { SocketGate } from './socketGate.ts';
import { StaticFiles } from './staticFiles.ts';

const VERSION = '0.2.0';
const PRESENCE_WITHIN_MS = 3_000;
const REQUESTS_WITHIN_MS = 5_000;

export interface RunningGateway extends RunningRole {
  /** The port it listens on; differs from HTTP_PORT when that is 0. */
  readonly port: number;
  /** Every route that is served, for the test that walks them. */
  readonly routes: readonly Route[];
}

/** @throws PortTakenError, AppError unavailable (Redis does not answer) */
export async function startGateway({ env, log, dataDir, nodeId, secretKey }: RoleContext): Promise<RunningGateway> {
  const { REDIS_URL: redisUrl, DATABASE_URL: databaseUrl } = env;
  if (!redisUrl || !databaseUrl) throw new Error('the gateway needs REDIS_URL and DATABASE_URL');
  const limits = limitsFor(env.LIMIT_FACTOR);
  const metrics = new Metrics(nodeId);
  const engine = await createEngine({ redisUrl, nodeId, log });
  const published = publishMetrics(engine, nodeId, metrics.registry, log);
  const collected = collectMetrics(engine, nodeId);
  const video = new VideoStates(engine);
  const database = createDatabase(databaseUrl, log);
  const db = database.kysely;
  const tls = env.TLS_CERT && env.TLS_KEY ? { certFile: env.TLS_CERT, keyFile: env.TLS_KEY } : undefined;
  const publicUrl = configuredUrl(env);
  const centerMark = centerMarkOf(secretKey);

  const accounts = new AccountDirectory(engine.config);
  const resolvePrincipal = withVisitors(
    createPrincipalResolver({ db, engine, unknownKeysPerMin: limits.unknownKeysPerMin }),
    engine.config,
  );
  const library = new FileLibrary({ store: new LocalFileStore(filesFolder(dataDir)), engine });
  const gate = new SocketGate({
    engine,
    accounts,
    resolvePrincipal,
    limits,
    metrics,
    log,
    files: library,
    history: createHistoryReader({ engine, db }),
  });
  const routes = withDocuments(
    [
      ...operationsRoutes({
        engine,
        centerMark,
        metricsText: () => collected.text(metrics.registry),
        metricsType: metrics.registry.contentType,
        metricsToken: env.METRICS_TOKEN,
        videoState: () => video.summary(),
        isConfigLoaded: createConfigCheck(db, engine.config),
        isDatabaseUp: () => database.isUp(),
        isDraining: () => gate.isDraining,
      }),
      ...accessRoutes({ db, engine, log, secretKey, publicUrl }),
      ...phonesRoutes({ db, engine, log, secretKey, publicUrl, sipPort: env.SIP_PORT }, dataDir),
      ...roomRoutes({ engine }),
      ...historyRoutes({ db, engine, files: library.store }),
      ...fileRoutes({ engine, db, library }),
    ],
    VERSION,
  );
  const handler = new HttpHandler({
    table: new RouteTable(routes),
    handleRoute: createRouteHandler({
      engine,
      accounts,
      resolvePrincipal,
      limits,
      idempotency: new Idempotency(engine.shelf, {
        seal: (purpose, text) => seal(secretKey, purpose, text),
        unseal: (purpose, sealed) => unseal(secretKey, purpose, sealed),
      }),
      protoOf: (exchange) => (tls ? 'https' : env.TRUST_PROXY ? exchange.header('x-forwarded-proto') : undefined),
    }),
    files: new StaticFiles(env.WEB_DIST ?? join(dataDir, 'web')),
    limits,
    metrics,
    log,
    isTls: tls !== undefined,
  });

  let closing: Promise<void> | undefined;
  async function close(reason: string): Promise<void> {
    log.info({ reason, sockets: gate.size }, 'gateway.closing');
    server?.stopListening();
    await gate.drain(env.DRAIN_SEC * 1_000);
    for (const until = performance.now() + REQUESTS_WITHIN_MS; handler.running > 0 && performance.now() < until; ) await pause(20);
    await gate.close(PRESENCE_WITHIN_MS);
    server?.close();
    await Promise.all([published.close(), collected.close(), video.close()]);
    await engine.close(reason);
    await database.close();
    metrics.close();
  }

  let server: Server | undefined;
  try {
    server = await Server.listen({
      host: env.HTTP_HOST,
      port: env.HTTP_PORT,
      tls,
      isProxyTrusted: env.TRUST_PROXY,
      centerMark,
      backlogMaxBytes: limits.backlogMaxBytes,
      onRequest: (exchange) => handler.handle(exchange),
      onUpgrade: (exchange, arrival) => gate.admit(exchange, arrival),
      onOpen: (socket) => gate.opened(socket),
    });
  } catch (error) {
    await close('start failed');
    throw error;
  }
  log.info({ port: server.port, tls: tls !== undefined, routes: routes.length }, 'gateway.listening');
  return { port: server.port, routes, close: (reason) => (closing ??= close(reason)) };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
