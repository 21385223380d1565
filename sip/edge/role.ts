/**
 * The role `edge`: SIP sockets, the edge above them, and the word of it in Redis every second, by which applications find its port. Losing Redis stops the word, not the
 * calls. Closing order: said to be draining, calls may end for DRAIN_SEC, the rest is hung up, word taken back, edge, engine.
 */
import { readFileSync } from 'node:fs';
import { Registry } from 'prom-client';
import type { Env } from '../../config/env.ts';
import { redisServers } from '../../config/redisAddress.ts';
import { createEngine } from '../../queues/index.ts';
import { flowOf } from '../../queues/phones.ts';
import type { RoleContext, RunningRole } from '../../src/base/context.ts';
import { repeat } from '../../src/base/loop.ts';
import { publishMetrics } from '../../src/metrics/relay.ts';
import { localToward } from './address.ts';
import { RFC_TIMERS, systemClock } from './clock.ts';
import { createEdge, type Edge } from './edge.ts';
import { watchEdge } from './metrics.ts';
import { edgeSecret } from './protocol.ts';
import { openTransports, type TransportOptions } from './transports.ts';
import { TrunkSources } from './trunkSources.ts';

const ANNOUNCE_MS = 1_000;
const TRUNKS_MS = 2_000;
const CLOSE_CHECK_MS = 50;
/** So long the answers to what was hung up are waited for. */
const HUNG_UP_MS = 2_000;
const LOOPBACK = /^(127\.|localhost$|\[?::1\]?$)/;
/** Of documentation (RFC 5737): the way to anywhere. */
const ANYWHERE = '192.0.2.1';
/** Dialogs at which an edge says that it is full; others are preferred before. */
const FULL_AT_DIALOGS = 8_000;

/** @throws AppError unavailable (Redis does not answer); an error that says what to do when a SIP port cannot be opened */
export async function startEdge(context: RoleContext): Promise<RunningRole> {
  const { env, log, nodeId } = context;
  if (!env.REDIS_URL) throw new Error('the edge role needs REDIS_URL');
  const wire = wireHost(env.REDIS_URL);
  const trunks = new TrunkSources();
  const transports = await openTransports(transportOptions(env, log, trunks)).catch((error: unknown) => {
    throw new Error(`SIP ports cannot be opened: ${(error as Error).message}. Set SIP_PORT, SIP_TLS_PORT and SIP_WS_PORT to free ports.`, {
      cause: error,
    });
  });
  const engine = await createEngine({ redisUrl: env.REDIS_URL, nodeId, log }).catch(async (error: unknown) => {
    await transports.close('start failed');
    throw error;
  });
  const edge = await createEdge({
    transports,
    wire: { host: wire.listen, port: 0, secret: edgeSecret(context.secretKey) },
    clock: systemClock,
    timers: RFC_TIMERS,
    log,
  });
  const registry = new Registry();
  registry.setDefaultLabels({ node: nodeId });
  watchEdge(registry, edge);
  const published = publishMetrics(engine, nodeId, registry, log);
  let isDraining = false;
  const announce = (): Promise<void> => {
    const load = Math.min(1, edge.figures.dialogs / FULL_AT_DIALOGS);
    return engine.phones.announce({ kind: 'edge', host: wire.announced, port: edge.wirePort, load, isDraining });
  };
  // RFC 5626 4.2.1: who registered over a connection that closed is not to be reached any more. Of an edge that goes all is forgotten by who misses it.
  transports.onFlowClosed(({ protocol, remote }) => {
    if (isDraining) return;
    engine.phones
      .unbindFlow(nodeId, flowOf(protocol, remote.host, remote.port))
      .catch((error: unknown) => log.debug({ err: error }, 'edge.flow.not_unbound'));
  });
  const knowing = repeat('edge.trunks', TRUNKS_MS, async () => trunks.learn(await engine.phones.trunks()), log, { firstAfterMs: 0 });
  const announcing = repeat('edge.announce', ANNOUNCE_MS, announce, log, { firstAfterMs: 0 });
  log.info(
    { wirePort: edge.wirePort, sip: transports.listening.map(({ protocol, address }) => `${protocol}/${address.port}`) },
    'edge.started',
  );
  return {
    async close(reason) {
      isDraining = true;
      await announce().catch((error: unknown) => log.warn({ err: error }, 'edge.drain.untold'));
      await drained(edge, env.DRAIN_SEC * 1_000);
      edge.hangUp();
      await drained(edge, HUNG_UP_MS);
      await Promise.all([announcing.close(), knowing.close()]);
      await published.close();
      await edge.close(reason);
      await engine.close(reason);
    },
  };
}

async function drained(edge: Edge, withinMs: number): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (edge.figures.dialogs > 0 && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, CLOSE_CHECK_MS));
}

/** Where Redis is on this machine, so are the applications, and nobody else reaches their port. */
function wireHost(redisUrl: string): { listen: string; announced: string } {
  const isHere = redisServers(redisUrl).every((server) => LOOPBACK.test(new URL(server).hostname));
  return isHere ? { listen: '127.0.0.1', announced: '127.0.0.1' } : { listen: '0.0.0.0', announced: localToward(ANYWHERE) };
}

function transportOptions(env: Env, log: RoleContext['log'], trunks: TrunkSources): TransportOptions {
  const { SIP_HOST: host, SIP_PORT: port, SIP_TLS_PORT, SIP_WS_PORT, TLS_CERT, TLS_KEY, PUBLIC_HOST } = env;
  const tls = TLS_CERT && TLS_KEY ? { cert: readFileSync(TLS_CERT), key: readFileSync(TLS_KEY) } : undefined;
  const ports = { udp: port, tcp: port, ws: SIP_WS_PORT, ...(tls ? { tls: SIP_TLS_PORT } : {}) };
  return { host, ports, tls, advertisedHost: PUBLIC_HOST || undefined, throttle: { isKnown: (source) => trunks.has(source) }, log };
}
